"""The dbt project as the orchestration sees it: its manifest, its variables, its marts and its fingerprint."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import tzdata

from orchestration.rebuild import UserTable
from orchestration.settings import PROJECT_ROOT, Settings
from warehouse.base import SAFE_SCHEMA, Mart

PROJECT_DIR = PROJECT_ROOT / "dbt_project"
PROFILES_DIR = PROJECT_ROOT / "profiles"
# Beside the Python that runs, so that no other dbt on the PATH is taken for it.
DBT_EXECUTABLE = Path(sys.executable).parent / "dbt"
DBT_OF_A_RUN = Path(__file__).with_name("dbt.sh")


class DbtError(Exception):
    """dbt did not end well; the message is dbt's own."""


def ensure_manifest(settings: Settings) -> Path:
    """The manifest of the project as it is now; dbt is started only when a file or a setting changed since the last.

    Raises:
        DbtError: the project does not parse.
    """
    return _parsed(settings, "manifest.json")


def parsed_project(settings: Settings) -> Path:
    """What dbt keeps of parsing the project, for `orchestration.dbt_process`; parsed anew as for `ensure_manifest`.

    Raises:
        DbtError: the project does not parse.
    """
    return _parsed(settings, "partial_parse.msgpack")


def _parsed(settings: Settings, name: str) -> Path:
    """A copy, for dbt writes over its own file, and leaves half of it when it is killed."""
    folder = settings.dbt_target_path / "parsed"
    stamp = folder / "fingerprint"
    versions = [f"{package} {version(package)}" for package in ("dbt-core", "dbt-adapters", f"dbt-{settings.target}")]
    fingerprint = f"{build_fingerprint(settings)} {', '.join(versions)}"
    if not stamp.exists() or stamp.read_text() != fingerprint:
        folder.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        _run_dbt(settings, {}, "parse")
        for parsed in ("manifest.json", "partial_parse.msgpack"):
            # Whole at once: another process may be reading it.
            copy = shutil.copyfile(settings.dbt_target_path / parsed, folder / f"{parsed}.{os.getpid()}")
            copy.replace(folder / parsed)
        stamp.write_text(fingerprint)
    return folder / name


def build_docs(settings: Settings, environment: dict[str, str]) -> Path:
    """One HTML file with every model, column, test and their lineage; returns its path.

    Args:
        environment: where dbt finds the warehouse (`Warehouse.dbt_environment`).

    Raises:
        DbtError: dbt could not read the project or the warehouse.
    """
    _run_dbt(settings, environment, "docs", "generate", "--static")
    return settings.dbt_target_path / "static_index.html"


def _run_dbt(settings: Settings, environment: dict[str, str], *arguments: str) -> None:
    variables = json.dumps(dbt_variables(settings, None))
    finished = subprocess.run(
        [DBT_EXECUTABLE, "--quiet", *arguments, "--target", settings.target, "--vars", variables],
        env={**os.environ, **dbt_environment(settings), **environment},
        cwd=PROJECT_DIR,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if finished.returncode != 0:
        raise DbtError(f"dbt {' '.join(arguments)} failed:\n{finished.stdout[-4000:]}{finished.stderr[-2000:]}")


def dbt_environment(settings: Settings, clock: datetime | None = None) -> dict[str, str]:
    """Where dbt finds its project and writes its artifacts; nothing is sent anywhere.

    Args:
        clock: the moment of the run, aware, which every model of a build takes for now.
    """
    return {
        "DBT_PROJECT_DIR": str(PROJECT_DIR),
        "DBT_PROFILES_DIR": str(PROFILES_DIR),
        "DBT_TARGET_PATH": str(settings.dbt_target_path),
        "DBT_LOG_PATH": str(settings.dbt_target_path),
        # Every statement and every move of a connection took a sixth of what a build computes.
        "DBT_LOG_LEVEL_FILE": os.environ.get("DBT_LOG_LEVEL_FILE", "info"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "FOOTFALL_TARGET": settings.target,
        **({"FOOTFALL_DBT_THREADS": str(settings.dbt_threads)} if settings.dbt_threads else {}),
        **({"FOOTFALL_CLOCK": clock.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")} if clock else {}),
    }


def dbt_variables(settings: Settings, as_of: date | None) -> dict[str, object]:
    """The dbt vars of one build.

    Args:
        as_of: hide every later day; None shows all.
    """
    return {"as_of": as_of.isoformat() if as_of else None, **_lasting_variables(settings)}


def published_marts(manifest: Path) -> list[Mart]:
    """Every model with the tag `mart`, with what its yml says of it, in alphabetical order."""
    return sorted((_mart(node) for node in _models(manifest, "mart")), key=lambda mart: mart.name)


def safe_marts(manifest: Path) -> list[Mart]:
    """Every model with the tag `safe`: a mart without small groups, with the name and the key of the mart.

    A column that its own yml does not describe is that of the mart.
    """
    marts = {mart.name: mart for mart in published_marts(manifest)}
    safe = [
        replace(
            marts[node["alias"]],
            schema=SAFE_SCHEMA,
            description=node["description"].strip(),
            column_descriptions={**marts[node["alias"]].column_descriptions, **_column_descriptions(node)},
        )
        for node in _models(manifest, "safe")
    ]
    return sorted(safe, key=lambda mart: mart.name)


def user_tables(manifest: Path) -> list[UserTable]:
    """Every model of which a build replaces the touched part of users' histories and leaves the rest."""
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    replaced = ("replace_touched_spans", "replace_touched_days")
    models = [node for node in nodes if node["config"].get("incremental_strategy") in replaced]
    return sorted(
        (UserTable(f"{node['schema']}.{node['name']}", node["config"]["meta"].get("moment")) for node in models),
        key=lambda table: table.name,
    )


def build_fingerprint(settings: Settings) -> str:
    """What the rows of a build depend on besides the data: models, macros, seeds, lasting settings, time zone rules.

    A run whose fingerprint differs from the last publication's rebuilds everything.
    """
    lasting = json.dumps(_lasting_variables(settings), sort_keys=True)
    return hashlib.sha256(f"{_project_fingerprint()} {lasting} {tzdata.IANA_VERSION}".encode()).hexdigest()


def _lasting_variables(settings: Settings) -> dict[str, object]:
    return {
        "session_timeout_minutes": settings.session_timeout_minutes,
        "session_key": settings.session_key,
        "small_group": settings.small_group,
    }


def _models(manifest: Path, tag: str) -> list[dict]:
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    return [node for node in nodes if node["resource_type"] == "model" and tag in node["tags"]]


def _mart(node: dict) -> Mart:
    meta = node["config"]["meta"]
    return Mart(
        name=node["name"],
        key=tuple(meta["key"]),
        is_history="history" in node["tags"],
        indexes=tuple(tuple(columns) for columns in meta.get("indexes", ())),
        description=node["description"].strip(),
        column_descriptions=_column_descriptions(node),
    )


def _column_descriptions(node: dict) -> dict[str, str]:
    return {name: column["description"].strip() for name, column in node["columns"].items()}


def _project_fingerprint() -> str:
    digest = hashlib.sha256()
    sources = [PROJECT_DIR / "dbt_project.yml", PROFILES_DIR / "profiles.yml"]
    for folder in ("models", "macros", "seeds", "tests"):
        sources += [path for path in (PROJECT_DIR / folder).rglob("*") if path.suffix in (".sql", ".yml", ".csv")]
    for path in sorted(sources):
        digest.update(f"{path.relative_to(PROJECT_ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()
