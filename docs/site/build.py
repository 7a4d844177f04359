"""Builds the documentation as one static site: the pages of docs/, dbt's reference, and drawings of the lineage.

Nothing is loaded from elsewhere, and the search works in the browser alone.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.site.lineage import drawing, groups
from orchestration.project import build_docs
from orchestration.settings import Settings

DOCS = Path(__file__).parents[1]
LINK = re.compile(r"^- \[[^]]+\]\(([^)]+)\.md\)$", re.MULTILINE)
ONLY_ON_THE_SITE = """
## Reference

- [What each table is made of, and who reads it](lineage.md)
- <a href="reference/index.html">Every table and column, their tests and their SQL</a> (dbt's own pages)
"""


def build(site: Path, sphinx: Path) -> None:
    """Write the site.

    Args:
        site: a folder, emptied first.
        sphinx: the executable `sphinx-build`.

    Raises:
        subprocess.CalledProcessError: Sphinx found a link that leads nowhere, or another fault; it printed which.
    """
    shutil.rmtree(site, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        shutil.copytree(DOCS, source, ignore=shutil.ignore_patterns("*.py", "site", "__pycache__"))
        shutil.copy(DOCS / "site" / "conf.py", source)
        reference = source / "extra" / "reference"
        reference.mkdir(parents=True)
        # Without a warehouse dbt takes types and words from the yml, which holds both of every published column.
        page = build_docs(Settings(home=Path(folder) / "home", target="duckdb"), {})
        shutil.copy(page, reference / "index.html")
        _draw_lineage(json.loads(page.with_name("manifest.json").read_bytes()), source)
        _complete_index(source / "index.md")
        subprocess.run([sphinx, "-q", "-W", "--keep-going", "-b", "html", source, site], check=True)
        shutil.rmtree(site / ".doctrees", ignore_errors=True)


def _draw_lineage(manifest: dict, source: Path) -> None:
    parts = ["# Lineage\n\nFrom left to right: what the marts are made of, the marts, and who reads them.\n"]
    for name, marts in groups(manifest).items():
        (source / "images" / f"lineage-{name}.svg").write_text(drawing(manifest, marts), encoding="utf-8")
        tables = ", ".join(f"`{mart['name']}`" for mart in marts)
        parts.append(f"## {name.capitalize()}\n\n{tables}\n\n![Lineage of {name}](images/lineage-{name}.svg)\n")
    (source / "lineage.md").write_text("\n".join(parts), encoding="utf-8")


def _complete_index(index: Path) -> None:
    """The README is not part of the site, and Sphinx wants the lists of pages as a table of contents too."""
    text = index.read_text(encoding="utf-8").replace("[README](../README.md)", "README") + ONLY_ON_THE_SITE
    pages = "\n".join(LINK.findall(text))
    index.write_text(f"{text}\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n", encoding="utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
