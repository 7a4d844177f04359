# ruff: noqa: E501, UP031 -- a table of hostile files reads best a case a line, and JSON is full of braces
"""Hostile and broken landing files, each with what has to become of it. Pure data: test_hostile_input.py loads them."""

import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

BOMB_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Case:
    """One file of one entity, in a folder of its own.

    Attributes:
        name: of the case and of the file's folder; `@` in the content stands for it, so that no case repeats another.
        content: the bytes of the file, before `pack`.
        loaded, duplicates: rows with that outcome.
        rejected: reason, or reason:field, of each rejected row in the order of their lines.
        refused: a part of the words with which the whole file is refused.
        left_alone: a part of the note on a file that is not read at all.
        ignored: neither read nor noted.
        times: created_at of the loaded rows, as stored, in the order of their lines.
        path: the name of the file.
        pack: what the bytes go through before they are written.
    """

    name: str
    content: str | bytes
    loaded: int = 0
    rejected: tuple[str, ...] = ()
    duplicates: int = 0
    refused: str | None = None
    left_alone: str | None = None
    ignored: bool = False
    times: tuple[str, ...] | None = None
    path: str = "rows.ndjson"
    entity: str = "events"
    pack: Callable[[bytes], bytes] = bytes

    @property
    def data(self) -> bytes:
        content = self.content.encode("utf-8", "surrogateescape") if isinstance(self.content, str) else self.content
        return self.pack(content.replace(b"@", self.name.encode()))

    @property
    def landing_path(self) -> str:
        return f"{self.entity}/{self.name}/{self.path}"


REST = '"user_id":"@","event_type":"login","created_at":"2026-01-01"'
GOOD = "{%s}\n" % REST
HEADER = "user_id,event_type,created_at,page_path\n"
CSV_ROW = "@,login,2026-01-01,/a\n"


def _with(member: str) -> str:
    return "{%s,%s}\n" % (member, REST)


def _at(*times: str) -> str:
    return "".join('{"user_id":"@","event_type":"login","created_at":%s}\n' % time for time in times)


def _parquet(columns: dict, **options) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


def _columns(user: str, **changed) -> dict:
    columns = {"user_id": [user], "event_type": ["login"], "created_at": ["2026-01-01"]} | changed
    return {name: value for name, value in columns.items() if value is not None}


def _repeated_row(rows: int) -> bytes:
    """A Parquet file of a few kilobytes that holds one row very often."""
    columns = {
        name: pa.array([value] * rows).dictionary_encode()
        for name, value in (("user_id", "u"), ("event_type", "login"), ("created_at", "2026-01-01"))
    }
    return _parquet(columns, row_group_size=rows, data_page_size=1 << 30)


MILLISECOND_PAST_TWO_TO_THE_53 = 2**53 + 1

ENCODING = [
    Case("invalid_utf8", b'{"event_name":"\xff\xfe",%s}\n' % REST.encode() + GOOD.encode(), 1, ("invalid_utf8",)),
    Case("overlong_utf8", b'{"event_name":"\xc0\xaf",%s}\n' % REST.encode(), 0, ("invalid_utf8",)),
    Case("surrogate_in_utf8", b'{"event_name":"\xed\xa0\x80",%s}\n' % REST.encode(), 0, ("invalid_utf8",)),
    Case("utf16", GOOD.encode("utf-16"), 0, ("invalid_utf8", "invalid_json")),
    Case("bom", "\ufeff" + GOOD + GOOD.replace("login", "logout"), 2),
    Case("bom_twice", "\ufeff\ufeff" + GOOD, 0, ("invalid_json",)),
    Case("bom_in_the_middle", GOOD + "\ufeff" + GOOD, 1, ("invalid_json",)),
    Case("crlf", GOOD.replace("\n", "\r\n") + "\r\n" + GOOD.replace("login", "logout").replace("\n", "\r\n"), 2),
    Case("lone_carriage_returns", GOOD.replace("\n", "\r") + GOOD, 0, ("invalid_json",)),
    Case("no_line_feed_at_the_end", GOOD.strip(), 1),
    Case("line_separator_in_text", _with('"event_name":"a\u2028b\u0085c"'), 1),
    Case("nul_escaped", _with('"event_name":"a\\u0000b"') + GOOD, 1, ("invalid_text:event_name",)),
    Case("nul_escaped_in_metadata", _with('"metadata":{"a\\u0000":1}'), 0, ("invalid_text:metadata",)),
    Case("nul_byte", GOOD.replace("login", "lo\0gin"), 0, ("invalid_json",)),
    Case("nul_bytes_only", "\0" * 4096, 0, ("invalid_json",)),
    Case("lone_high_surrogate", _with('"event_name":"\\ud800"'), 0, ("invalid_text:event_name",)),
    Case("lone_low_surrogate", _with('"metadata":{"a":"\\udfff"}'), 0, ("invalid_text:metadata",)),
    Case("surrogate_pair", _with('"event_name":"\\ud83d\\ude00"'), 1),
    Case("blank_file", "\n \n\t\n", 0),
]  # fmt: skip

STRUCTURE = [
    Case("nested_10000_deep", _with('"a":' + "[" * 10_000 + "]" * 10_000) + GOOD, 1, ("nested_too_deeply",)),
    Case("metadata_10000_deep", _with('"metadata":' + '{"a":' * 10_000 + "1" + "}" * 10_000), 0, ("nested_too_deeply",)),
    Case("metadata_text_10000_deep", _with('"metadata":"' + "[" * 10_000 + "]" * 10_000 + '"'), 0, ("nested_too_deeply:metadata",)),
    Case("attributes_10000_deep", '{"user_id":"@","plan":' + "[" * 10_000 + "]" * 10_000 + "}\n", 0, ("nested_too_deeply",), entity="users"),
    Case("unclosed_10000_deep", "[" * 10_000 + "\n" + GOOD, 1, ("nested_too_deeply",)),
    Case("duplicate_keys", '{"user_id":"other","user_id":"@","event_type":"?","event_type":"login","created_at":"2026-01-01"}\n', 1),
    Case("duplicate_keys_in_metadata", _with('"metadata":{"a":1,"a":2}') + _with('"metadata":{"a":2}'), 1, duplicates=1),
    Case("duplicate_keys_of_another_case", _with('"USER_ID":"x","User_Id":"y"'), 1),
    Case("nan", _with('"metadata":{"a":NaN}') + _with('"a":-NaN'), 0, ("invalid_json",) * 2),
    Case("infinity", _with('"metadata":{"a":Infinity}') + _with('"metadata":{"a":-Infinity}'), 0, ("invalid_json",) * 2),
    Case("exponent_400", '{"user_id":"@","event_type":"custom","created_at":"2026-01-01","metadata":{"revenue":1e400,"a":-1e400}}\n', 1),
    Case("two_to_the_53_and_one", _with('"event_name":9007199254740993') + _with('"event_name":"9007199254740993"'), 1, duplicates=1),
    Case("number_of_5000_digits", _with('"metadata":{"revenue":%s}' % ("9" * 5_000)), 1),
    Case("negative_zero", _with('"metadata":{"revenue":-0.0}'), 1),
    Case("array_of_rows", "[%s,%s]\n" % (GOOD.strip(), GOOD.strip()), 0, ("not_an_object",)),
    Case("row_over_lines", "{\n%s\n}\n" % REST, 0, ("invalid_json",) * 3),
    Case("object_for_text", _with('"event_name":{"a":1}'), 0, ("wrong_type:event_name",)),
    Case("list_for_user", '{"user_id":["@"],"event_type":"login","created_at":"2026-01-01"}\n', 0, ("wrong_type:user_id",)),
    Case("true_for_user", '{"user_id":true,"event_type":"login","created_at":"2026-01-01","event_name":"@"}\n', 1),
    Case("metadata_list", _with('"metadata":[1]'), 0, ("invalid_metadata:metadata",)),
    Case("metadata_not_json", _with('"metadata":"{{"'), 0, ("invalid_metadata:metadata",)),
    Case("key_of_100_kilobytes", _with('"%s":1' % ("k" * 100_000)), 1),
    Case("ten_thousand_keys", _with('"metadata":{%s}' % ",".join('"k%d":%d' % (n, n) for n in range(10_000))), 1),
    Case("row_of_two_megabytes", _with('"event_name":"%s"' % ("x" * 2_000_000)) + GOOD, 1, ("row_too_large",)),
    Case("user_agent_of_8_kilobytes", _with('"user_agent":"%s"' % ("Mozilla/5.0 (" * 630)) + _with('"user_agent":"%s"' % ("(;" * 4096)) + _with('"user_agent":"%s"' % ("Googlebot " * 819)), 3),
    Case("page_of_800_bytes", _with('"page_path":"http://x/%s?%s"' % ("a" * 799, "q" * 50_000)) + _with('"page_path":"%s"' % ("/" + "a" * 800)), 1, ("text_too_long:page_path",)),
    Case("ids_of_801_bytes", _with('"event_id":"%s"' % ("é" * 401)) + _with('"event_id":"%s"' % ("é" * 400)) + _with('"workspace_id":"%s"' % ("w" * 801)), 1, ("text_too_long:event_id", "text_too_long:workspace_id")),
    Case("referrer_without_end", _with('"referrer":"%s"' % ("http://a@" * 2_000)), 1),
    Case("hundred_thousand_blank_lines", "\n" * 100_001 + GOOD, 1),
]  # fmt: skip

TIMES = [
    Case("february_30", _at('"2026-02-30"', '"2026-02-29T00:00:00Z"', '"2026-02-28"'), 1, ("invalid_timestamp:created_at",) * 2, times=("2026-02-28 00:00:00",)),
    Case("leap_day", _at('"2024-02-29T23:59:59.999Z"'), 1, times=("2024-02-29 23:59:59.999000",)),
    Case("leap_second", _at('"2016-12-31T23:59:60Z"'), 0, ("invalid_timestamp:created_at",)),
    Case("hour_24", _at('"2026-01-01T24:00:00Z"'), 0, ("invalid_timestamp:created_at",)),
    Case("year_0", _at('"0000-01-01"'), 0, ("timestamp_out_of_range:created_at",)),
    Case("year_1", _at('"0001-01-01T00:00:00Z"'), 0, ("timestamp_out_of_range:created_at",)),
    Case("year_1_behind_its_start", _at('"0001-01-01T00:00:00+23:59"'), 0, ("timestamp_out_of_range:created_at",)),
    Case("year_9999", _at('"9999-12-31T23:59:59.999Z"', '"9999-12-31T23:59:59-23:59"'), 0, ("timestamp_out_of_range:created_at",) * 2),
    Case("year_10000", _at('"10000-01-01"', '"+10000-01-01T00:00:00Z"'), 0, ("invalid_timestamp:created_at",) * 2),
    Case("infinite_times", _at('"infinity"', '"-infinity"', '"epoch"', '"now"'), 0, ("invalid_timestamp:created_at",) * 4),
    Case("epoch_milliseconds", _at("1767225600000", '"1767225600001"', "1767225600"), 2, ("timestamp_out_of_range:created_at",), times=("2026-01-01 00:00:00", "2026-01-01 00:00:00.001000")),
    Case("epoch_beyond_every_calendar", _at("999999999999999", "-999999999999999", "9223372036854775808", "1e400"), 0, ("timestamp_out_of_range:created_at",) * 2 + ("invalid_timestamp:created_at",) * 2),
    Case("epoch_with_fraction", _at("1767225600000.5", "1.7672256e12"), 0, ("invalid_timestamp:created_at",) * 2),
    Case("naive_and_offset", _at('"2026-01-01T12:00:00"', '"2026-01-01T12:00:01+00:00"', '"2026-01-01T14:00:02+0200"', '"2026-01-01 04:00:03-08"'), 4,
         times=tuple(f"2026-01-01 12:00:0{second}" for second in range(4))),
    Case("gap_of_summer_time", _at('"2026-03-29T02:30:00"', '"2026-03-29T02:30:00+01:00"', '"2026-03-29T02:30:00+02:00"'), 3,
         times=("2026-03-29 02:30:00", "2026-03-29 01:30:00", "2026-03-29 00:30:00")),
    Case("overlap_of_summer_time", _at('"2026-10-25T02:30:00+02:00"', '"2026-10-25T02:30:00+01:00"'), 2, times=("2026-10-25 00:30:00", "2026-10-25 01:30:00")),
    Case("offset_of_a_day", _at('"2026-01-01T12:00:00+24:00"', '"2026-01-01T12:00:00+00:60"'), 0, ("invalid_timestamp:created_at",) * 2),
    Case("ahead_of_the_load", _at('"2026-11-23T09:00:00Z"', '"2026-11-23T09:00:00.001Z"'), 1, ("timestamp_out_of_range:created_at",)),
    Case("digits_of_other_scripts", _at('"２０２６-01-01"', '"٢٠٢٦-01-01"'), 0, ("invalid_timestamp:created_at",) * 2),
]  # fmt: skip

ARCHIVES = [
    Case("gzip_of_members", GOOD, 1, duplicates=1, path="rows.ndjson.gz", pack=lambda rows: gzip.compress(rows) * 2),
    Case("gzip_cut_short", GOOD * 500, refused="damaged or ends early", path="rows.ndjson.gz", pack=lambda rows: gzip.compress(rows)[:-9]),
    Case("gzip_with_a_wrong_sum", GOOD, refused="damaged or ends early", path="rows.ndjson.gz", pack=lambda rows: gzip.compress(rows)[:-8] + b"\0" * 8),
    Case("zstd_cut_short", GOOD * 500, refused="damaged or ends early", path="rows.ndjson.zst", pack=lambda rows: zstandard.compress(rows)[:-3]),
    Case("gzip_that_is_none", GOOD, refused="damaged or ends early", path="rows.ndjson.gz"),
    Case("zstd_that_is_none", GOOD, refused="damaged or ends early", path="rows.csv.zst"),
    Case("text_that_is_gzip", GOOD, 0, ("invalid_utf8",), pack=lambda rows: gzip.compress(rows, mtime=0).replace(b"\n", b" ")),
    Case("gzip_bomb_of_rows", b"{}\n" * (BOMB_BYTES // 3), refused="unpacks to more than 250 times", path="rows.ndjson.gz", pack=gzip.compress),
    Case("gzip_bomb_of_blanks", b"\n" * BOMB_BYTES, refused="unpacks to more than 250 times", path="rows.csv.gz", pack=gzip.compress),
    Case("zstd_bomb_of_one_line", b"x" * BOMB_BYTES, refused="unpacks to more than 250 times", path="rows.ndjson.zst", pack=zstandard.compress),
    Case("gzip_in_gzip", GOOD, 0, ("invalid_utf8",), path="rows.ndjson.gz", pack=lambda rows: gzip.compress(gzip.compress(rows, mtime=0).replace(b"\n", b" "))),
]  # fmt: skip

PARQUET = [
    Case("parquet_as_it_should_be", _parquet(_columns("whole")), 1, path="rows.parquet"),
    Case("parquet_of_text", GOOD, refused="damaged or incomplete", path="rows.parquet"),
    Case("parquet_cut_short", _parquet(_columns("u"))[:-20], refused="damaged or incomplete", path="rows.parquet"),
    Case("parquet_without_required", _parquet(_columns("u", event_type=None)), refused="the column event_type is missing", path="rows.parquet"),
    Case("parquet_with_extra", _parquet(_columns("extra", extra=[1], more=[{"a": [1]}])), 1, path="rows.parquet"),
    Case("parquet_with_renamed", _parquet(_columns("u", user_id=None, User_ID=["u"])), refused="the column user_id is missing", path="rows.parquet"),
    Case("parquet_with_column_twice", _parquet({"user_id": ["u"]}), refused="the column user_id is there twice", path="rows.parquet",
         pack=lambda _: _twice()),
    Case("parquet_retyped_number", _parquet(_columns("u", user_id=pa.array([7], pa.int32()), event_name=[1.5])), 1, path="rows.parquet"),
    Case("parquet_retyped_list", _parquet(_columns("u", user_id=[["u"]])), refused="which is no text", path="rows.parquet"),
    Case("parquet_retyped_struct", _parquet(_columns("u", page_path=[{"a": 1}])), refused="which is no text", path="rows.parquet"),
    Case("parquet_retyped_bytes", _parquet(_columns("bytes", event_name=pa.array([b"\xff"], pa.binary()))), 0, ("invalid_utf8:event_name",), path="rows.parquet"),
    Case("parquet_day", _parquet(_columns("day", created_at=[date(2026, 1, 1)])), 1, path="rows.parquet", times=("2026-01-01 00:00:00",)),
    Case("parquet_nanoseconds", _parquet(_columns("nano", created_at=pa.array([datetime(2026, 1, 1, 0, 0, 0, 999999)], pa.timestamp("ns", "Europe/Berlin")))), 1, path="rows.parquet",
         times=("2026-01-01 00:00:00.999000",)),
    Case("parquet_retyped_time", _parquet(_columns("seconds", created_at=[1.5])), 0, ("invalid_timestamp:created_at",), path="rows.parquet"),
    Case("parquet_nulls", _parquet(_columns("u", user_id=pa.nulls(1))), 0, ("missing_field:user_id",), path="rows.parquet"),
    Case("parquet_without_rows", _parquet({name: pa.array([], pa.string()) for name in ("user_id", "event_type", "created_at")}), 0, path="rows.parquet"),
    Case("parquet_bomb_of_rows", _repeated_row(2_000_000), refused="more than 10 rows a byte", path="rows.parquet"),
]  # fmt: skip

CSV = [
    Case("csv_ragged", HEADER + "@,login,2026-01-01\n@,login,2026-01-01,/a,b\n" + CSV_ROW, 1, ("wrong_column_count",) * 2, path="rows.csv"),
    Case("csv_quotes_and_line_feeds", HEADER + '@,login,2026-01-01,"/a ""b""\n\r\n,c"\n', 1, path="rows.csv"),
    Case("csv_stray_quote", HEADER + '@,login,2026-01-01,"/a\n' + CSV_ROW, 1, ("invalid_csv",), path="rows.csv"),
    Case("csv_text_after_quote", HEADER + '@,login,2026-01-01,"/a"b\n', 0, ("invalid_csv",), path="rows.csv"),
    Case("csv_crlf_and_bom", ("\ufeff" + HEADER + CSV_ROW).replace("\n", "\r\n"), 1, path="rows.csv"),
    Case("csv_semicolons", (HEADER + CSV_ROW).replace(",", ";"), refused="lacks the column", path="rows.csv"),
    Case("csv_without_header", CSV_ROW, refused="lacks the column", path="rows.csv"),
    Case("csv_header_twice", "user_id,user_id,event_type,created_at\n", refused="names column user_id twice", path="rows.csv"),
    Case("csv_header_alone", HEADER, 0, path="rows.csv"),
    Case("csv_nul", HEADER + "@,login,2026-01-01,/a\0b\n", 0, ("invalid_text:page_path",), path="rows.csv"),
    Case("csv_invalid_utf8", (HEADER + CSV_ROW).encode() + b"@,login,2026-01-01,/\xff\n", 1, ("invalid_utf8",), path="rows.csv"),
    Case("csv_blank_lines", HEADER + "\n\r\n" + CSV_ROW + "\n", 1, path="rows.csv"),
    Case("csv_thousand_columns", ",".join(f"c{n}" for n in range(1000)) + ",user_id,event_type,created_at\n" + "," * 1000 + "@,login,2026-01-01\n", 1, path="rows.csv"),
]  # fmt: skip

NAMES = [
    Case("name_with_quotes", GOOD, 1, path="it's \"quoted\"; drop table raw.events; --.ndjson"),
    Case("name_with_glob", GOOD, 1, path="*?[a-z]{1,2}.ndjson"),
    Case("name_with_line_feed", GOOD, 1, path="two\nlines\r\x1b[2J.ndjson"),
    Case("name_with_emoji", GOOD, 1, path="😀 é ‮.ndjson"),
    Case("name_not_utf8", GOOD, 1, path="caf\udce9.ndjson"),
    Case("name_with_dots", GOOD, 1, path="rows..%2e%2e..ndjson"),
    Case("name_with_jinja", GOOD, 1, path="{{ env_var('FOOTFALL_SECRET_KEY') }}.ndjson"),
    Case("name_with_percent", GOOD, 1, path="%s%(a)s%00.ndjson"),
    Case("name_of_255_bytes", GOOD, 1, path="n" * 248 + ".ndjson"),
    Case("name_that_is_hidden", GOOD, ignored=True, path="..rows.ndjson"),
    Case("name_of_no_format", GOOD, left_alone="unknown file type", path="rows.ndjson.exe"),
]  # fmt: skip

ENTITIES = [
    Case("workspace_zone_as_path", '{"workspace_id":"@","timezone":"../../etc/passwd"}\n{"workspace_id":"@","timezone":"europe/berlin"}\n', 0, ("unknown_timezone:timezone",) * 2, entity="workspaces"),
    Case("goal_with_nothing", '{"goal_name":"@"}\n{"goal_name":"@","event_nam":"x","page_path":"/"}\n', 0, ("missing_field:event_type, event_name or page_path", "unknown_field:event_nam"), entity="goals"),
    Case("goal_with_wildcards", '{"goal_name":"@","page_path":"%s"}\n' % ("*%_\\\\" * 50), 1, entity="goals"),
    Case("segment_with_sql", '{"segment_name":"@","criteria":{"all":[{"field":"x; drop table raw.users","op":"=","value":"1"}]}}\n', 0, ("unknown_field:criteria.all[0].field",), entity="segments"),
    Case("segment_with_operator", '{"segment_name":"@","criteria":{"all":[{"field":"os","op":"or 1=1 --","value":"1"}]}}\n', 0, ("unknown_operator:criteria.all[0].op",), entity="segments"),
    Case("segment_without_conditions", '{"segment_name":"@","criteria":{"all":[]}}\n', 0, ("empty_list:criteria.all",), entity="segments"),
    Case("funnel_of_text", '{"funnel_name":"@","steps":"steps"}\n', 0, ("invalid_steps:steps",), entity="funnels"),
    Case("feature_with_null_name", '{"feature_name":null}\n{"feature_name":""}\n', 0, ("missing_field:feature_name",) * 2, entity="features"),
    Case("consent_of_neither", '{"user_id":"@","granted":"maybe","at":"2026-01-01"}\n{"user_id":"@","granted":1,"at":"2026-01-01"}\n', 0, ("invalid_value:granted",) * 2, entity="consents"),
    Case("user_without_id", '{"plan":"pro"}\n{"user_id":{"$ne":null}}\n', 0, ("missing_field:user_id", "wrong_type:user_id"), entity="users"),
]  # fmt: skip


def _twice() -> bytes:
    table = pa.table(
        [["u"], ["v"], ["login"], ["2026-01-01"]], names=["user_id", "user_id", "event_type", "created_at"]
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


CASES = [*ENCODING, *STRUCTURE, *TIMES, *ARCHIVES, *PARQUET, *CSV, *NAMES, *ENTITIES]
