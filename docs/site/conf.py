"""Sphinx's settings. docs/site/build.py writes the source folder that they are used on."""

project = "Footfall"
copyright = "the Footfall authors, Apache-2.0"
extensions = ["myst_parser"]
# Links such as page.md#a-heading work as on a git host.
myst_heading_anchors = 4
highlight_language = "none"
html_theme = "furo"
html_title = "Footfall"
html_extra_path = ["extra"]
html_copy_source = False
html_show_sourcelink = False
