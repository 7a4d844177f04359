"""Where real data for tests lies; it is no part of the project."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1].parent / "shared" / "data"


def landing_of(name: str) -> Path:
    """The landing folder of `weblog` or `cdnow`; the test is skipped where there is none."""
    folder = FOLDER / name / "landing"
    if not folder.is_dir():
        pytest.skip(f"the real data is not at {folder}")
    return folder


def reference(name: str) -> dict:
    """Figures of a data set that were computed apart from this project."""
    return json.loads((FOLDER / "reference.json").read_text(encoding="utf-8"))[name]
