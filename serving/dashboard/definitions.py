"""What a number means, in the words of the yml beside its model: the one place where they are written."""

from functools import cache

import yaml

from orchestration.project import PROJECT_DIR


class UnknownDefinition(Exception):
    """A panel asks for a table or column that no yml describes: a fault of the panel."""


@cache
def definition_of(table: str) -> tuple[str, dict[str, str]]:
    """What a mart's row is, and what each of its columns means, as plain text.

    Raises:
        UnknownDefinition: there is no such mart.
    """
    files = list((PROJECT_DIR / "models" / "marts").glob(f"*/{table}.yml"))
    if not files:
        raise UnknownDefinition(f"no mart is named {table}")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    (model,) = yaml.load(files[0].read_text(), Loader=loader)["models"]
    columns = {column["name"]: " ".join(column["description"].split()) for column in model["columns"]}
    return " ".join(model["description"].split()), columns


def definitions(asked: dict[str, tuple[str, ...]]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """For each table its name, its description and (column, meaning) of the columns asked for.

    Args:
        asked: columns by table.

    Raises:
        UnknownDefinition: a table or column is not there.
    """
    found = []
    for table, names in asked.items():
        description, columns = definition_of(table)
        missing = [name for name in names if name not in columns]
        if missing:
            raise UnknownDefinition(f"{table} has no column {', '.join(missing)}")
        found.append((table, description, [(name, columns[name]) for name in names]))
    return found
