"""Keyed hashing and scrubbing: what turns personal data into what may be stored. Nothing personal leaves in clear."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from ingest.salts import IpSalts

MINIMUM_SECRET_LENGTH = 16
HASH_LENGTH = 32  # hexadecimal characters, 128 bits
SHAPE_LENGTH = 64
FINGERPRINT_LENGTH = 16
_SHA256_BLOCK_BYTES = 64
_KEPT_IN_SHAPES = frozenset(" _-:./T+Z")


@dataclass(frozen=True)
class PrivacyRules:
    """What an installation decides about personal data.

    Attributes:
        ip_salts: None: each reader has a salt of its own, which is kept nowhere.
        kept_parameters: of queries, that stay in page paths.
    """

    ip_salts: IpSalts | None = None
    kept_parameters: frozenset[str] = frozenset()


DEFAULT_RULES = PrivacyRules()


class Keys:
    """Keys of keyed SHA-256, one a purpose, derived from one secret; and the ring of those that rotated user keys.

    Purposes: user, ip, user_agent, session, payload (rejected rows), fingerprint (scrubbed fields), erasure
    (tombstones of people who were erased), and the two that must never rotate: dedup (content hashes) and event_id (ids
    of events that came without one). If those changed, an event that is delivered again would no longer be recognized
    as the same one.

    rotation: the secrets that came since, in their order: each one's key turns the user key before into the next one.

    Raises ValueError when a secret is shorter than 16 characters.
    """

    PURPOSES = ("user", "ip", "user_agent", "session", "payload", "fingerprint", "erasure", "dedup", "event_id")

    def __init__(self, secret: str, rotation: Sequence[str] = ()) -> None:
        for setting, one in [("SECRET_KEY", secret), *(("ROTATION_KEYS", one) for one in rotation)]:
            if len(one) < MINIMUM_SECRET_LENGTH:
                raise ValueError(
                    f"FOOTFALL_{setting} has {len(one)} characters; at least {MINIMUM_SECRET_LENGTH} are needed. "
                    "Set it to a long random text, for instance the output of `openssl rand -hex 32`, and keep it."
                )
        self._keys = {purpose: _derived(secret, purpose) for purpose in self.PURPOSES}
        self._ring = [_derived(one, "user") for one in rotation]
        self.ring_marks = tuple(
            hmac.digest(_derived(one, "fingerprint"), b"footfall rotation", "sha256").hex()[:HASH_LENGTH]
            for one in rotation
        )

    def salted(self, ip_salt: bytes) -> "Keys":
        """The same keys, but for that of IP addresses: HMAC of the salt under it."""
        salted = Keys.__new__(Keys)
        salted.__dict__.update(self.__dict__)
        salted._keys = self._keys | {"ip": hmac.digest(self._keys["ip"], ip_salt, "sha256")}
        return salted

    def __repr__(self) -> str:
        return "Keys(<secret>)"

    def __reduce__(self) -> tuple:
        raise TypeError("Keys cannot be pickled: a secret must not reach a file or another process this way")

    def hash(self, purpose: str, value: str | bytes) -> str:
        """HMAC-SHA256 of the value under the purpose's key: its first 32 hexadecimal characters, lower case."""
        return self.start(purpose, value if isinstance(value, bytes) else value.encode()).hexdigest()[:HASH_LENGTH]

    def start(self, purpose: str, value: bytes = b"") -> "hmac.HMAC":
        """A running HMAC, for a value too large to hold."""
        return hmac.new(self._keys[purpose], value, hashlib.sha256)

    def digest(self, purpose: str, text: str) -> str:
        """SHA-256 of the purpose's key and the text: its first 32 hexadecimal characters, lower case.

        As the key comes first and half of the digest is cut off, nobody without the key can compute, check or extend it
        (chop-MD: Coron, Dodis, Malinaud, Puniya 2005). HMAC hashes twice, which is dear where every event is hashed.
        """
        return hashlib.sha256(self._keys[purpose] + text.encode()).hexdigest()[:HASH_LENGTH]

    def original_user_key(self, workspace_id: str, user_id: str) -> str:
        """The user's key before any rotation."""
        return self.hash("user", _length_prefixed(workspace_id) + user_id.encode())

    def user_key(self, workspace_id: str, user_id: str) -> str:
        """The user's key in every table: 32 hexadecimal characters, different in each workspace."""
        return self.rotated(self.original_user_key(workspace_id, user_id))

    def rotated(self, user_key: str, position: int = 0) -> str:
        """What a user key becomes that has passed the first `position` keys of the ring: HMAC(next key, user_key)."""
        for key in self._ring[position:]:
            user_key = hmac.digest(key, user_key.encode(), "sha256").hex()[:HASH_LENGTH]
        return user_key

    def tombstone(self, original_user_key: str) -> str:
        """What is kept of a person who was erased: it tells their rows on the way in, and is not their key.

        Of the original key, so that it still tells them when keys have rotated since.
        """
        return self.hash("erasure", original_user_key)

    def user_fingerprint(self, user_id: str) -> str:
        """What a rejected row shows of its user id (see `scrubbed_payload`)."""
        return self.hash("fingerprint", user_id)[:FINGERPRINT_LENGTH]

    def install(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Hand the keys to a connection as variables, which the SQL below reads; no key is in any SQL text."""
        for purpose, key in self._keys.items():
            connection.execute(f"set variable {purpose}_key = $1", [key])
            _set_hmac_blocks(connection, purpose, key)
        rotated = "user_key"
        for position, key in enumerate(self._ring):
            _set_hmac_blocks(connection, f"ring_{position}", key)
            rotated = hash_sql(f"ring_{position}", rotated)
        connection.execute(f"create or replace temp macro rotated(user_key) as {rotated}")


def _derived(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), f"footfall/{purpose}/1".encode(), "sha256")


def _set_hmac_blocks(connection: duckdb.DuckDBPyConnection, name: str, key: bytes) -> None:
    block = key.ljust(_SHA256_BLOCK_BYTES, b"\0")
    connection.execute(f"set variable {name}_inner = $1", [bytes(byte ^ 0x36 for byte in block)])
    connection.execute(f"set variable {name}_outer = $1", [bytes(byte ^ 0x5C for byte in block)])


def hash_sql(purpose: str, text: str) -> str:
    """DuckDB expression for `Keys.hash` of a text expression (RFC 2104 over `sha256`); null stays null."""
    inner = f"unhex(sha256(getvariable('{purpose}_inner')::blob || encode({text})))"
    return f"left(sha256(getvariable('{purpose}_outer')::blob || {inner}), {HASH_LENGTH})"


def digest_sql(purpose: str, text: str) -> str:
    """DuckDB expression for `Keys.digest` of a text expression; null stays null."""
    return f"left(sha256(getvariable('{purpose}_key')::blob || encode({text})), {HASH_LENGTH})"


def original_user_key_sql(workspace_id: str = "workspace_id", user_id: str = "user_id") -> str:
    """DuckDB expression for `Keys.original_user_key`."""
    return hash_sql("user", f"{_length_prefixed_sql(workspace_id)} || {user_id}")


def user_key_sql(workspace_id: str = "workspace_id", user_id: str = "user_id") -> str:
    """DuckDB expression for `Keys.user_key`."""
    return f"rotated({original_user_key_sql(workspace_id, user_id)})"


def tombstone_sql() -> str:
    """DuckDB expression for `Keys.tombstone` of columns workspace_id and user_id."""
    return hash_sql("erasure", original_user_key_sql())


def user_fingerprint_sql(user_id: str = "user_id") -> str:
    """DuckDB expression for `Keys.user_fingerprint`."""
    return f"left({hash_sql('fingerprint', user_id)}, {FINGERPRINT_LENGTH})"


def session_key_sql() -> str:
    """DuckDB expression for the client session's key: of workspace, user and session id: two users never meet."""
    return digest_sql(
        "session", f"{_length_prefixed_sql('workspace_id')} || {_length_prefixed_sql('user_id')} || session_id"
    )


def _length_prefixed(text: str) -> bytes:
    encoded = text.encode()
    return b"%d:%b" % (len(encoded), encoded)


def _length_prefixed_sql(text: str) -> str:
    return f"strlen({text}) || ':' || {text}"


PERSONAL_FIELDS = frozenset(
    ("user_id", "ip_address", "user_agent", "session_id", "referrer", "metadata", "attributes", "criteria", "name")
)


def scrubbed_payload(keys: Keys, fields: Mapping[str, str | None], is_shown: Callable[[str], bool]) -> str:
    """JSON text of a rejected row that helps to find the mistake and gives nobody away.

    A personal field becomes `hmac:` and 16 hexadecimal characters, an address those of its hash under the salt of the
    load's day; another one its shape, unless `is_shown(field)` says that its value is known to be harmless (a known
    event type, a valid timestamp). Absent fields are left out.
    """
    scrubbed = {}
    for field, value in fields.items():
        if value is None:
            continue
        if field in PERSONAL_FIELDS:
            purpose = "ip" if field == "ip_address" else "fingerprint"
            scrubbed[field] = "hmac:" + keys.hash(purpose, value)[:FINGERPRINT_LENGTH]
        else:
            scrubbed[field] = value if is_shown(field) else shape(value)
    return json.dumps(scrubbed, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def shape(value: str) -> str:
    """What a value looks like: letters become `a`, digits `9`, ` _-:./T+Z` stay, the rest becomes `?`; cut at 64."""
    return "".join(map(_shape_of_character, value[:SHAPE_LENGTH]))


def _shape_of_character(character: str) -> str:
    if character in _KEPT_IN_SHAPES:
        return character
    if character.isalpha():
        return "a"
    return "9" if character.isdigit() else "?"
