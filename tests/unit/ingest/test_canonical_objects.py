"""Objects written as one concatenation: commas stand where they should, whatever is left out."""

import itertools
import json

import duckdb
import pytest

from ingest.canonical import Member, WhenNull, object_sql

KINDS = [kinds for kinds in itertools.product(WhenNull, repeat=3) if set(kinds) != {WhenNull.OMITTED}]


@pytest.mark.parametrize("blank", ["", " "])
@pytest.mark.parametrize("kinds", KINDS)
def test_object_is_what_json_writes(kinds, blank):
    members = [Member(key, key, kind, is_in_quotes=key == "b") for key, kind in zip("abc", kinds, strict=True)]
    given = "(select $1::varchar as a, $2::varchar as b, $3::varchar as c)"
    for values in itertools.product((None, 1), ("1", None), (None, 1)):
        kind_of = dict(zip("abc", kinds, strict=True))
        row = dict(zip("abc", values, strict=True))
        if any(row[key] is None and kind_of[key] is WhenNull.NEVER for key in row):
            continue
        kept = {key: row[key] for key in row if row[key] is not None or kind_of[key] is WhenNull.WRITTEN}
        written = duckdb.execute(f"select {object_sql(members, blank, end='!')} from {given}", values).fetchone()
        assert written == (json.dumps(kept, separators=(f",{blank}", f":{blank}")) + "!",)


def test_object_of_which_nothing_is_certain_is_refused():
    with pytest.raises(ValueError):
        object_sql([Member("a", "a", WhenNull.OMITTED)])
