"""Draws, from dbt's manifest, what each group of marts is made of and who reads it: one SVG a group."""

from collections.abc import Sequence

from docs.site.diagram import columns_svg


def groups(manifest: dict) -> dict[str, list[dict]]:
    """The marts by the folder they lie in, in alphabetical order."""
    found: dict[str, list[dict]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and "mart" in node["tags"]:
            found.setdefault(node["fqn"][2], []).append(node)
    return {name: sorted(nodes, key=lambda node: node["name"]) for name, nodes in sorted(found.items())}


def drawing(manifest: dict, marts: Sequence[dict]) -> str:
    """An SVG: the models that the marts are made of, the marts, and the exposures that read them."""
    names = {mart["unique_id"]: mart["name"] for mart in marts}
    made_of = [
        (parent, mart["unique_id"])
        for mart in marts
        for parent in mart["depends_on"]["nodes"]
        if parent not in names and parent in manifest["nodes"]
    ]
    read_by = [
        (parent, exposure["unique_id"])
        for exposure in manifest["exposures"].values()
        for parent in exposure["depends_on"]["nodes"]
        if parent in names
    ]
    names |= {parent: manifest["nodes"][parent]["name"] for parent, _ in made_of}
    names |= {reader: manifest["exposures"][reader]["label"] for _, reader in read_by}
    columns = [
        sorted({parent for parent, _ in made_of}, key=names.get),
        [mart["unique_id"] for mart in marts],
        sorted({reader for _, reader in read_by}, key=names.get),
    ]
    return columns_svg(columns, names, [*made_of, *read_by])
