"""IP addresses in one form each, so that one address has one hash."""

import socket

_IPV4_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"({_IPV4_OCTET}[.]){{3}}{_IPV4_OCTET}"
_MAPPED = bytes(10) + b"\xff\xff"


def normalized_address(text: str) -> str | None:
    """The address in its one form; None when it is none.

    IPv4 in four decimal numbers, also when it comes mapped to IPv6 (RFC 4291, 2.5.5.2); IPv6 compressed and in lower
    case (RFC 5952), its zone (RFC 4007, 11) left out. Blanks around it are too. A port or a list is no address.
    """
    host, percent, zone = text.strip().partition("%")
    if percent and (not zone or ":" not in host):
        return None
    try:
        if ":" not in host:
            return socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, host))
        packed = socket.inet_pton(socket.AF_INET6, host)
    except (OSError, ValueError):
        return None
    if packed.startswith(_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[len(_MAPPED) :])
    return socket.inet_ntop(socket.AF_INET6, packed)


def is_plain_address_sql(text: str = "ip_address") -> str:
    """DuckDB expression: whether the text is an IPv4 address that `normalized_address` would leave as it is."""
    return f"regexp_full_match({text}, '{_IPV4}')"
