"""What the dashboard does before and beside a browser: where it listens, and how names and flows are prepared."""

import socket
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from serving.dashboard.definitions import UnknownDefinition, definitions
from serving.dashboard.flows import EXIT, OTHER, Flow, fold
from serving.dashboard.launch import PortTaken, check_free, is_loopback
from serving.dashboard.text import Column, in_chart, seconds, table


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True)]
    + [("0.0.0.0", False), ("::", False), ("192.168.0.7", False), ("127.0.0.1.example.com", False)],
)
def test_only_addresses_of_this_machine_need_no_token(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_taken_port_is_named() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(PortTaken, match=f"cannot listen on 127.0.0.1:{port}: .*another --port"):
            check_free("127.0.0.1", port)


def test_nothing_published_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_HOME", str(tmp_path))
    refused = CliRunner().invoke(main, ["dashboard", "--no-browser"])
    assert (refused.exit_code, refused.output) == (
        1,
        "Error: nothing has been published yet: run `footfall run` first\n",
    )


def test_names_are_text_in_tables_and_charts() -> None:
    name = "<b>x</b> & $y$ %{z}"
    assert "<td>&lt;b&gt;x&lt;/b&gt; &amp; $y$ %{z}</td>" in table(
        [Column("name", "Name", is_number=False)], [{"name": name}]
    )
    assert in_chart(name) == "&lt;b&gt;x&lt;/b&gt; &amp; &#36;y&#36; &#37;{z}"
    assert in_chart("abcdef", longest=4) == "abc…"


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (Decimal("59.99"), "59.99 s"), (Decimal("60.00"), "1 min 00 s"), (Decimal("3725.00"), "1 h 02 min")],
)
def test_seconds_read_in_words(value: Decimal | None, words: str) -> None:
    assert seconds(value) == words


def test_flows_of_the_less_visited_pages_of_a_step_are_one() -> None:
    rows = [
        {"step": 1, "from_page": f"/{page}", "to_page": EXIT if page % 2 else "/end", "sessions": 20 - page}
        for page in range(9)
    ]
    folded = fold(rows)
    assert Flow(1, OTHER, "/end", 14 + 12) in folded
    assert Flow(1, OTHER, EXIT, 13) in folded
    assert len(folded) == 8
    assert sum(flow.sessions for flow in folded) == sum(row["sessions"] for row in rows)


def test_definition_is_that_of_the_yml_and_an_unknown_one_is_a_fault() -> None:
    ((table_name, description, columns),) = definitions({"rpt_activity": ("dau",)})
    assert (table_name, columns) == ("rpt_activity", [("dau", "Distinct users active on as_of_date.")])
    assert description.startswith("One row per workspace, segment and timeframe")
    with pytest.raises(UnknownDefinition, match="rpt_activity has no column DAU"):
        definitions({"rpt_activity": ("DAU",)})
    with pytest.raises(UnknownDefinition, match="no mart is named nothing"):
        definitions({"nothing": ()})
