"""Packs the assets beside this file into the one file that Superset imports.

Superset identifies everything by the UUIDs in the assets: a second import replaces the dashboard, and adds none. The
tables and columns of the assets are in `marts` and `marts_safe` alike.
"""

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import click
import yaml

ASSETS = Path(__file__).with_name("assets")
# Where an import finds it, Superset's window asks for the password.
MASK = "XXXXXXXXXX"


def bundle(dsn: str, schema: str, password: str | None = None) -> bytes:
    """A ZIP file for Superset's import.

    Args:
        dsn: postgresql://user@host:port/database of a role that reads `schema`; a password in it is left out.
        schema: `marts` or `marts_safe`.
        password: of the role, written into the file; None: Superset asks for it.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(ASSETS.rglob("*.yaml")):
            name = path.relative_to(ASSETS)
            asset = yaml.safe_load(path.read_text(encoding="utf-8"))
            if name.parts[0] == "databases":
                asset["sqlalchemy_uri"] = _sqlalchemy_uri(dsn, password)
            if name.parts[0] == "datasets":
                asset["schema"] = schema
            archive.writestr(f"footfall/{name.as_posix()}", yaml.safe_dump(asset, sort_keys=False, allow_unicode=True))
    return packed.getvalue()


def charts() -> Iterator[dict]:
    """Every chart as its file says it, with its dataset's table and metrics beside it, as `table` and `metrics`."""
    datasets = {}
    for path in (ASSETS / "datasets").rglob("*.yaml"):
        dataset = yaml.safe_load(path.read_text(encoding="utf-8"))
        datasets[dataset["uuid"]] = dataset
    for path in sorted((ASSETS / "charts").glob("*.yaml")):
        chart = yaml.safe_load(path.read_text(encoding="utf-8"))
        dataset = datasets[chart["dataset_uuid"]]
        metrics = {metric["metric_name"]: metric["expression"] for metric in dataset["metrics"]}
        yield chart | {"table": dataset["table_name"], "metrics": metrics}


def _sqlalchemy_uri(dsn: str, password: str | None) -> str:
    parts = urlsplit(dsn)
    secret = MASK if password is None else quote(password, safe="")
    address = f"{parts.username or ''}:{secret}@{parts.hostname}:{parts.port or 5432}{parts.path}"
    return f"postgresql+psycopg2://{address}" + (f"?{parts.query}" if parts.query else "")


@click.command()
@click.option("--dsn", required=True, help="postgresql://user@host:port/database of a role that reads the schema.")
@click.option("--schema", type=click.Choice(["marts", "marts_safe"]), default="marts_safe", show_default=True)
@click.option(
    "--password-env", metavar="VAR", help="Environment variable with the role's password; else Superset asks."
)
@click.option("--output", type=click.Path(path_type=Path), default=Path("footfall-superset.zip"), show_default=True)
def main(dsn: str, schema: str, password_env: str | None, output: Path) -> None:
    """Write the file that `superset import-dashboards` and Superset's own window import."""
    if password_env and not os.environ.get(password_env):
        raise click.UsageError(f"the environment variable {password_env} is empty or not set.")
    packed = bundle(dsn, schema, os.environ[password_env] if password_env else None)
    output.unlink(missing_ok=True)
    # With a password in it, it is its owner's alone from the first byte on.
    with open(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(packed)
    click.echo(f"wrote {output}")


if __name__ == "__main__":
    main()
