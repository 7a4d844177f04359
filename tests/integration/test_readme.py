"""Every command of the README works as it stands there."""

import os
import re
import subprocess

import pytest

from orchestration.settings import PROJECT_ROOT

README = (PROJECT_ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
# `make test` runs this test, `make dev` is run as `footfall dev` by the sensor's test, `make site` ends with its own.
MAKE_TARGETS = {"demo", "test", "dev", "site"}


def test_make_commands_of_the_readme_are_known():
    named = set(re.findall(r"make (\w+)", README))
    assert named == MAKE_TARGETS
    makefile = (PROJECT_ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in named)


def test_shell_blocks_run_in_order(tmp_path):
    script = "set -euo pipefail\n" + "\n".join(text for language, text in BLOCKS if language == "bash")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "DAGSTER_"))}
    finished = subprocess.run(
        ["bash", "-c", script],
        cwd=PROJECT_ROOT,
        env={**kept, "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    days = re.search(r"activity_date .*\n.*\n((?: 2026-.*\n)+)", finished.stdout).group(1)
    assert [line.split() for line in days.splitlines()] == [
        ["2026-01-05", "1", "1", "1"],
        ["2026-01-07", "1", "2", "1"],  # bob's 23:30 UTC is half past midnight in Berlin
    ]


@pytest.mark.parametrize("target", ["duckdb", "postgres"])
def test_make_demo_publishes_and_a_second_one_finds_nothing_to_do(target, tmp_path_factory):
    home = tmp_path_factory.mktemp(f"demo-{target}")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTFALL_", "DAGSTER_"))}

    def demo() -> str:
        finished = subprocess.run(
            ["make", "demo", f"TARGET={target}"],
            cwd=PROJECT_ROOT,
            env={**kept, "FOOTFALL_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    try:
        first, second = demo(), demo()
    finally:
        subprocess.run([PROJECT_ROOT / ".venv/bin/footfall", "stop"], env={**kept, "FOOTFALL_HOME": str(home)})
    assert "made-up data" in first
    assert "Nothing new" in second
    digest = first.index("Activity and growth")
    assert first[digest:] == second[second.index("Activity and growth") :]
