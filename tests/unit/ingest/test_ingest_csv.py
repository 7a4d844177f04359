import csv
import io

import pytest

from ingest.lines import CorruptFile

HEADER = "user_id,event_type,created_at,page_path\n"
GOOD = "u,login,2026-01-01,/a\n"


def _outcome(read, text, header=HEADER):
    accepted, rejected = read("events", header + text, "rows.csv")
    return [row["line"] for row in accepted], [(row["line"], row["reason"]) for row in rejected]


@pytest.mark.parametrize(
    ("text", "accepted", "rejected"),
    [
        (GOOD * 2, [2, 3], []),
        (GOOD.replace("\n", "\r\n") * 2, [2, 3], []),
        (GOOD + "\n\n" + GOOD.strip(), [2, 5], []),
        ('u,login,2026-01-01,"a\nb\n\nc"\n' + GOOD, [2, 6], []),
        ('u,login,2026-01-01,"a,""b"""\n', [2], []),
        ("u,login,2026-01-01\n" + GOOD, [3], [(2, "wrong_column_count")]),
        ("u,login,2026-01-01,/a,more\n" + GOOD, [3], [(2, "wrong_column_count")]),
        ('u,login,2026-01-01,"a"b\n' + GOOD, [3], [(2, "invalid_csv")]),
        ('u,login,2026-01-01,"a\n' + GOOD * 3, [3, 4, 5], [(2, "invalid_csv")]),
        (GOOD + 'u,login,2026-01-01,"a', [2], [(3, "invalid_csv")]),
        ("u,login,2026-01-01,a\0b\n", [], [(2, "invalid_text")]),
        ("", [], []),
    ],
)
def test_records_are_accepted_or_rejected_at_the_line_where_they_start(read, text, accepted, rejected):
    assert _outcome(read, text) == (accepted, rejected)


def test_field_with_line_breaks_is_kept_exactly(read):
    accepted, _ = read("events", HEADER + 'u,login,2026-01-01,"a\nb""c,"\n', "rows.csv")
    assert accepted[0]["page_path"] == 'a\nb"c,'


def test_row_beyond_the_limit_is_rejected_and_the_next_one_read(read):
    long_field = "x" * 1_100_000
    assert _outcome(read, f"u,login,2026-01-01,{long_field}\n{GOOD}") == ([3], [(2, "row_too_large")])


def test_stray_quote_costs_one_row_of_many(read):
    accepted, rejected = _outcome(read, GOOD * 10 + 'u,login,2026-01-01,"x\n' + GOOD * 50_000)
    assert (len(accepted), rejected) == (50_010, [(12, "invalid_csv")])


def test_quoted_breaks_across_chunks_keep_their_lines(read, monkeypatch):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(
        ["u", "login", "2026-01-01", f"a\n{number}"] for number in range(2000)
    )
    from ingest import lines

    monkeypatch.setattr(lines.line_chunks, "__defaults__", (1000,))
    accepted, rejected = read("events", HEADER + text.getvalue(), "rows.csv")
    assert rejected == []
    assert [row["line"] for row in accepted] == list(range(2, 4002, 2))
    assert [row["page_path"] for row in accepted] == [f"a\n{number}" for number in range(2000)]


def test_unknown_columns_are_ignored_and_order_is_free(read):
    accepted, rejected = read("events", "x,created_at,event_type,user_id\n1,2026-01-01,login,u\n", "rows.csv")
    assert (len(accepted), rejected) == (1, [])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("user_id,event_type\n", r"header \(line 1\) lacks the column created_at"),
        ("user_id,user_id,event_type,created_at\n", "names column user_id twice"),
        ("\n", "lacks the column"),
        ('"user_id\n', "line 1 is no CSV header"),
    ],
)
def test_file_without_a_usable_header_is_refused_as_a_whole(read, header, message):
    with pytest.raises(CorruptFile, match=message):
        read("events", header + GOOD, "rows.csv")
