"""JSON as RFC 8259 has it, for the few texts that the engine's lenient parser should not judge.

DuckDB takes NaN, trailing commas and repeated keys. `PLAIN_LINE` and `PLAIN_OBJECT` describe texts about which it and
the standard agree; whatever does not match comes here. Here the last of repeated keys wins, and a number that a double
cannot hold exactly (16 digits or more, or an exponent) becomes the text it was written as.
"""

import json
import re
from typing import Any

MAXIMUM_DEPTH = 128

INVALID_JSON = "invalid_json"
INVALID_TEXT = "invalid_text"
NOT_AN_OBJECT = "not_an_object"
NOT_A_LIST = "not_a_list"
TOO_DEEP = "nested_too_deeply"

_BLANKS = r"[ \t\r\n]*"
# Whole surrogate pairs are plain; a lone surrogate and NUL are not.
_UNICODE_ESCAPE = (
    r"u(?:[1-9A-Ca-cEFef][0-9A-Fa-f]{3}|[Dd][0-7][0-9A-Fa-f]{2}"
    r"|0[1-9A-Fa-f][0-9A-Fa-f]{2}|00[1-9A-Fa-f][0-9A-Fa-f]|000[1-9A-Fa-f]"
    r"|[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2})"
)
_STRING = rf'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|{_UNICODE_ESCAPE}))*"'
# At most 15 digits, so that a double gives back the same text.
_NUMBER = r"-?(?:(?:0|[1-9][0-9]{0,5})[.][0-9]{1,9}|(?:0|[1-9][0-9]{0,8})[.][0-9]{1,6}|(?:0|[1-9][0-9]{0,14}))"
_SCALAR = f"(?:{_STRING}|{_NUMBER}|true|false|null)"


def _object_of(value: str) -> str:
    member = f"{_STRING}{_BLANKS}:{_BLANKS}{value}{_BLANKS}"
    return rf"\{{{_BLANKS}(?:{member}(?:,{_BLANKS}{member})*)?\}}"


def _array_of(value: str) -> str:
    return rf"\[{_BLANKS}(?:{value}{_BLANKS}(?:,{_BLANKS}{value}{_BLANKS})*)?\]"


def _nested(value: str) -> str:
    return f"(?:{_SCALAR}|{_object_of(value)}|{_array_of(value)})"


# RE2 expressions for a full match: an object of scalars, and one with at most two levels below it.
PLAIN_OBJECT = _BLANKS + _object_of(_SCALAR) + _BLANKS
PLAIN_LINE = _BLANKS + _object_of(_nested(_nested(_SCALAR))) + _BLANKS


class Refused(ValueError):
    """A text that is not what it has to be; `reason` is one of this module's reasons."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Number(str):
    """A JSON number in the text it was written as."""


def parse(text: str) -> Any:
    """The value of a JSON text, numbers as `Number`. Raises Refused with `invalid_json` or `nested_too_deeply`."""
    if _depth(text) > MAXIMUM_DEPTH:
        raise Refused(TOO_DEEP)
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise Refused(INVALID_JSON) from None


def parse_object(text: str) -> dict[str, Any]:
    """As `parse`, for a text that must hold an object: else Refused with `not_an_object`."""
    value = parse(text)
    if not isinstance(value, dict):
        raise Refused(NOT_AN_OBJECT)
    return value


def parse_list(text: str) -> list[Any]:
    """As `parse`, for a text that must hold a list: else Refused with `not_a_list`."""
    value = parse(text)
    if not isinstance(value, list):
        raise Refused(NOT_A_LIST)
    return value


def dump(value: Any) -> str:
    """Compact JSON text that the engine reads back without loss: a number a double would change is written as text."""
    return _ENCODER.encode(_encodable(value))


def canonical(value: Any) -> str:
    """JSON text with sorted keys, without nulls, every scalar as text: equal for equal content in any file format."""
    return _ENCODER.encode(_as_text(value))


def is_storable(text: str) -> bool:
    """Whether every engine can hold the text: no NUL, no lone surrogate, in itself or escaped in JSON."""
    return "\0" not in text and _UNSTORABLE.search(text) is None


def has_no_surrogate(text: str) -> bool:
    """Whether the text can be encoded as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    """The text with what no engine can hold replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_EXACT_NUMBER = re.compile(_NUMBER)


def _depth(text: str) -> int:
    if text.count("{") + text.count("[") <= MAXIMUM_DEPTH:
        return 0
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", _QUOTED.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_refuse_constant)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _encodable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _encodable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_encodable(item) for item in value]
    return _exact(value) if isinstance(value, Number) else value


def _exact(number: Number) -> int | float | str:
    if _EXACT_NUMBER.fullmatch(number) is None:
        return str(number)
    return float(number) if "." in number else int(number)


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_text(value[key]) for key in sorted(value) if value[key] is not None}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(_exact(value)) if isinstance(value, Number) else value
