"""The file that Superset imports: whole, of one schema, and without a password unless one is given."""

import io
import zipfile

import pytest
import yaml
from click.testing import CliRunner

from serving.superset.bundle import MASK, assets, bundle, main

DSN = "postgresql://reader:secret@db.example.org:5433/footfall?sslmode=require"


def files(packed: bytes) -> dict[str, dict]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: yaml.safe_load(archive.read(name)) for name in archive.namelist()}


def test_password_of_the_dsn_is_left_out_and_a_given_one_is_quoted():
    for password, written in ((None, MASK), ("a b@c/d", "a%20b%40c%2Fd")):
        packed = bundle(DSN, "marts_safe", password)
        (database,) = (asset for name, asset in files(packed).items() if "/databases/" in name)
        address = f"postgresql+psycopg2://reader:{written}@db.example.org:5433/footfall?sslmode=require"
        assert database["sqlalchemy_uri"] == address


@pytest.mark.parametrize("schema", ["marts", "marts_safe"])
def test_datasets_are_of_the_schema_that_is_asked_for(schema):
    found = [asset for name, asset in files(bundle(DSN, schema)).items() if "/datasets/" in name]
    assert len(found) == len(assets("datasets"))
    assert {dataset["schema"] for dataset in found} == {schema}


def test_every_asset_refers_to_one_that_is_there():
    (database,), (dashboard,) = assets("databases"), assets("dashboards")
    datasets, charts = assets("datasets"), assets("charts")
    assert {dataset["database_uuid"] for dataset in datasets} == {database["uuid"]}
    assert {chart["dataset_uuid"] for chart in charts} <= {dataset["uuid"] for dataset in datasets}
    shown = {part["meta"]["uuid"] for part in dashboard["position"].values() if part_is_chart(part)}
    assert shown == {chart["uuid"] for chart in charts}


def part_is_chart(part: object) -> bool:
    return isinstance(part, dict) and part.get("type") == "CHART"


def test_file_belongs_to_its_owner_alone_and_replaces_an_older_one(tmp_path, monkeypatch):
    output = tmp_path / "footfall.zip"
    output.write_bytes(b"old")
    output.chmod(0o644)
    monkeypatch.setenv("BI_PASSWORD", "word")
    arguments = ["--dsn", DSN, "--password-env", "BI_PASSWORD", "--output", str(output)]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert output.stat().st_mode & 0o777 == 0o600
    assert zipfile.is_zipfile(output)


def test_password_variable_that_is_not_set_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("BI_PASSWORD", raising=False)
    arguments = ["--dsn", DSN, "--password-env", "BI_PASSWORD", "--output", str(tmp_path / "footfall.zip")]
    assert "BI_PASSWORD" in CliRunner().invoke(main, arguments).output
    assert not list(tmp_path.iterdir())
