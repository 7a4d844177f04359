"""E-mail addresses, phone and card numbers and tokens in texts and documents: found, and replaced by a mark.

`SUSPICIOUS` is an RE2 expression that the engine tries on every text first: whatever `scrub` would change matches it,
and few other texts do. What no form tells from an ordinary id is left alone: docs/privacy.md says what that is.
"""

import re
from collections.abc import Collection
from itertools import pairwise
from typing import Any

from ingest import strict_json

EMAIL, PHONE, CARD, TOKEN = "[email]", "[phone]", "[card]", "[token]"

# What a member of a document is called, lower case and letters only, says what its value is.
_KIND_OF_NAME = {
    name: kind
    for kind, names in {
        EMAIL: "email mail emailaddress mailaddress useremail customeremail contactemail workemail",
        PHONE: "tel cellphone whatsapp fax",
        CARD: "card cardnumber creditcard creditcardnumber cardno pan ccnumber",
        TOKEN: "token apikey accesskey privatekey secretkey secret password passwd pwd authorization jwt"
        " cookie setcookie",
    }.items()
    for name in names.split()
}
_PHONE_ENDINGS = ("phone", "phonenumber", "phoneno", "telephone", "mobile", "mobilenumber", "msisdn", "faxnumber")
_TOKEN_ENDINGS = ("token", "apikey", "secret", "password", "privatekey", "secretkey")
_NO_LETTER = re.compile("[^a-z]+")
_NO_DIGIT = re.compile(r"\D+")
_WRITTEN_AS_PHONE = re.compile(r"[+(]?\d[\d ()./-]*")

# Left as they are, so that no part of them is taken for something else.
_UUID = r"\b[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\b"
_TIME = r"(?<!\d)\d{4}-\d\d-\d\d(?:[T ]\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)"
_DATE = r"(?<!\d)\d{1,2}(?P<dot>[./-])\d{1,2}(?P=dot)(?:19|20)\d\d(?:,? \d\d:\d\d(?::\d\d)?)?(?!\d)"

# The look behind lets a run of letters be tried once, from its beginning.
_EMAIL = (
    r"(?<![\w.+'%-])(?:[\w.+'-]|%[0-9A-Fa-f]{2})+(?:@|%(?:25)*40)(?!\dx\.)"
    r"(?:(?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[\w-]+)|\[?\d{1,3}(?:\.\d{1,3}){3}\]?)(?![\w@])"
)
_GAP = "(?:[ -]|%20)"
_WIDE_GAP = "(?:[ ()./-]|%20){0,3}"
_PHONE = (
    rf"(?<![\w+])(?:\+|%(?:25)*2[Bb]) ?\(?[1-9](?:{_WIDE_GAP}\d){{7,14}}(?!\d)"
    rf"|(?<![\w.+-])\(?\d{{3}}\)?(?:{_GAP}{{1,2}}|\.)\d{{3}}(?:{_GAP}|\.)\d{{4}}(?![\w-])"
    rf"|(?<![\w.,+-])\(?0\d{{1,5}}\)?(?:{_GAP}{{1,2}}|/)\d(?:(?:{_GAP}|/)?\d){{3,11}}(?![\d,]|\.\d)"
)
_PHONE_NAMES = r"(?:phone|telephone|tel|mobile|msisdn|whatsapp|fax)(?:[_ -]?(?:number|no|nr))?"
_NAMED_PHONE = rf"(?P<phone_name>(?i:(?<![a-z]){_PHONE_NAMES})\s?[:=/]\s?)[+(]?\d(?:[ ()./-]{{0,2}}\d){{6,14}}(?!\d)"
_DIGITS = r"(?<!\d)(?<!\d\.)\d(?:[ -]?\d){13,}(?!\d|\.\d)"
_JWT = r"(?<![A-Za-z0-9])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)*"
_ISSUED_TOKEN = (
    r"(?<![A-Za-z0-9])(?:(?:sk|pk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}"
    r"|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{30,}"
    r"|ya29\.[\w-]{20,})"
)
_SECRET_NAMES = (
    "(?:access|refresh|id|auth|session|csrf|xsrf|reset|api)?[_-]?token|api[_-]?key|key|secret|client[_-]?secret|password"
    "|passwd|pwd|signature|sig|authorization|j?session[_-]?id|phpsessid|jwt|otp"
)
_NAMED_TOKEN = (
    r"(?P<scheme>(?i:(?<![a-z])(?:bearer|basic) +))[A-Za-z0-9._~+/-]{8,}=*"
    rf"|(?P<token_name>(?i:(?<![a-z])(?:{_SECRET_NAMES})(?:=|%3D)))(?!\[)[^&;#\s\"'<>/,]{{4,}}"
    r"|(?P<said_name>(?i:(?<![a-z])(?:token|api[_-]?key|secret|password|passwd|pwd) ?: ?))"
    r"(?=[^\s\"'<>,\d]{0,64}\d)[^\s\"'<>,]{6,}"
)
# Scripts, styles and fonts are named after a hash of what they hold; a token is not named after its kind.
_FILE_EXTENSION = r"\.(?:js|mjs|css|map|json|html?|ttf|otf|eot|woff2?|svg|png|jpe?g|gif|webp|avif|ico|mp[34]|pdf)\b"
_FOUND = re.compile(
    f"(?P<ordinary>{_UUID}|{_TIME}|{_DATE})|(?P<token>{_JWT}|{_ISSUED_TOKEN})|(?P<email>{_EMAIL})"
    f"|(?P<named_token>{_NAMED_TOKEN})|(?P<named_phone>{_NAMED_PHONE})|(?P<phone>{_PHONE})|(?P<digits>{_DIGITS})"
    rf"|(?P<run>(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{{32,}}+(?!{_FILE_EXTENSION}))"
)

# Issuers' first digits and lengths (ISO/IEC 7812): Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay,
# Maestro. Without them one of ten long ids would pass for a card.
_ISSUED_CARD = re.compile(
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|(?:50|5[6-8]|6[0237])\d{14}"
)
# As cards are written: 4 4 4 4, 4 6 5, and at most 19 digits in fours.
_LEAST_GROUP, _MOST_GROUPS = 3, 5

SUSPICIOUS = (
    "@|%(?:25)*(?:40|2[Bb])"
    "|[+] ?[(]?[0-9][0-9 ()./-]{6}|[+] ?[(]?[0-9]{1,6}%20"
    "|[0-9]{3}[)]?(?:[ .-]|%20){1,2}[0-9]{3}(?:[ .-]|%20)[0-9]{4}"
    "|(?:^|[^0-9A-Za-z.,+-])[(]?0[0-9]{1,5}[)]?(?:[ /-]|%20){1,2}[0-9]"
    "|(?:^|[^0-9])[0-9](?:[ -]?[0-9]){13}"
    r"|\\[u/]"
    "|eyJ|[bB][eE][aA][rR][eE][rR] |[bB][aA][sS][iI][cC] |(?:sk|pk|rk|whsec)_|gh[pousr]_|github_|glpat-|xox|AKIA|ASIA"
    "|AIza|ya29"
    "|(?i:mail|mail.?address|phone|tel|mobile|msisdn|whats.?app|fax|number|no|nr|card|pan|token|key|secret|pass.?word"
    r"|passwd|pwd|signature|sig|authorization|cookie|jwt|otp|session.?id|sessid)[0-9_. -]{0,3}[\"']? ?(?:[:=/]|%3D)"
    "|[0-9A-Za-z_-]{32}"
)
# What the expression takes for a token and is none: a text is looked at when it is suspicious without these too.
UUID = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"

_SCHEME_AND_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


def scrub(text: str) -> str:
    """The text with every e-mail address, phone number, card number and token in it replaced by a mark."""
    return _FOUND.sub(_replacement, text)


def names_somebody(text: str) -> bool:
    """Whether the text holds an e-mail address, a phone number or a card number."""
    return any(mark in scrub(text) and mark not in text for mark in (EMAIL, PHONE, CARD))


def scrub_document(value: Any, name: str = "") -> Any:
    """A value of `strict_json.parse`, scrubbed; keys too. name: of the member that holds it.

    A number stays one unless it is a card's or what its name says it is.
    """
    if isinstance(value, dict):
        return {scrub(key): scrub_document(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [scrub_document(item, name) for item in value]
    if not isinstance(value, str) or not value:
        return value
    return _kind_by_name(name, value) or (
        _scrubbed_number(value) if isinstance(value, strict_json.Number) else scrub(value)
    )


def page_of(page_path: str, kept_parameters: Collection[str] = ()) -> str | None:
    """The path of a page: without scheme and host, fragment, and query but for the kept parameters, in their order.

    None when nothing is left. Names of parameters are compared as they are written.
    """
    given, _, _ = page_path.partition("#")
    address = _SCHEME_AND_HOST.sub("", given, count=1) if _SCHEME_AND_HOST.match(given) else given
    path, _, query = address.partition("?")
    if not path and address is not given:
        path = "/"
    kept = [member for member in query.split("&") if member.partition("=")[0] in kept_parameters] if query else []
    return (f"{path}?{'&'.join(kept)}" if kept else path) or None


def _replacement(found: re.Match) -> str:
    text = found[0]
    match found.lastgroup:
        case "token":
            return TOKEN
        case "email":
            return EMAIL
        case "named_token":
            return (found["scheme"] or found["token_name"] or found["said_name"]) + TOKEN
        case "named_phone":
            return found["phone_name"] + PHONE
        case "phone":
            return PHONE if _is_phone(text) else text
        case "digits":
            return _without_cards(text)
        case "run":
            return TOKEN if _is_random(text) else text
    return text


def _is_phone(text: str) -> bool:
    """Of a text in a phone's form: whether it has a phone's digits. `+12345678.90` is a sum of money."""
    digits = _NO_DIGIT.sub("", text.replace("%20", " ").replace("%2B", "+").replace("%2b", "+"))
    is_sum = text[0] == "+" and re.fullmatch(r"\+\d+\.\d{1,2}", text) is not None
    return not is_sum and (len(digits) >= 9 or text[0] in "+%")


def _without_cards(text: str) -> str:
    """Digits in groups, with every stretch of whole groups that is a card's number replaced."""
    groups = [found.span() for found in re.finditer(r"\d+", text)]
    pieces, copied_to = [], 0
    for first, (start, _) in enumerate(groups):
        if start < copied_to:
            continue
        for _, end in groups[first : first + _MOST_GROUPS]:
            if _is_card(text[start:end]):
                pieces += [text[copied_to:start], CARD]
                copied_to = end
                break
    return "".join([*pieces, text[copied_to:]])


def _is_card(text: str) -> bool:
    if min(map(len, re.findall(r"\d+", text))) < _LEAST_GROUP:
        return False
    digits = _NO_DIGIT.sub("", text)
    return _ISSUED_CARD.fullmatch(digits) is not None and _has_luhn_digit(digits)


def _has_luhn_digit(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = [2 * int(digit) for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


def _is_random(run: str) -> bool:
    """Whether letters and digits follow each other as in a random text: a word changes from one kind to another seldom.

    32 hexadecimal digits are the length of a UUID and of MD5 and pass; longer ones do not.
    """
    longest = max(re.split("[_-]", run), key=len)
    digits = sum(map(str.isdigit, longest))
    if not max(2, len(longest) / 16) <= digits < len(longest):
        return False
    if re.fullmatch("[0-9a-f]+|[0-9A-F]+", longest):
        return len(longest) > 32
    changes = sum(_kind(one) != _kind(other) for one, other in pairwise(longest)) / len(longest)
    has_both_cases = not longest.islower() and not longest.isupper()
    return (has_both_cases and len(longest) >= 12 and changes >= 0.35) or (len(longest) >= 40 and changes >= 0.2)


def _kind(character: str) -> int:
    return 0 if character.isdigit() else 1 if character.islower() else 2


def _kind_by_name(name: str, value: str) -> str | None:
    letters = _NO_LETTER.sub("", name.lower())
    kind = _KIND_OF_NAME.get(letters)
    is_number = isinstance(value, strict_json.Number)
    if kind == TOKEN or (letters.endswith(_TOKEN_ENDINGS) and not is_number):
        return TOKEN
    if kind == EMAIL and not is_number:
        return EMAIL
    if kind == PHONE or letters.endswith(_PHONE_ENDINGS):
        return PHONE if _WRITTEN_AS_PHONE.fullmatch(value) and 7 <= len(_NO_DIGIT.sub("", value)) <= 15 else None
    if kind == CARD:
        return CARD if re.fullmatch(r"\d(?:[ -]?\d){11,18}", value) else None
    return None


def _scrubbed_number(number: str) -> str:
    return CARD if number.isdigit() and _is_card(number) else number
