"""Tokens: who may read the reports of which workspaces, and until when. Service and dashboard know no other login.

A token is 256 random bits, shown once. The file keeps its SHA-256: nobody guesses 256 bits from a hash, so a slow one
would only slow every request down.
"""

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from warehouse.owner_only import make_private_home, open_private

PREFIX = "ff_"
_RANDOM_BYTES = 32


class TokenError(Exception):
    """There is no such token, or none like it can be made; the message says what to do."""


@dataclass(frozen=True)
class Token:
    """What is kept of a token.

    Attributes:
        name: whose it is, or what for; one token a name.
        sha256: of the token's text, 64 hex characters.
        workspaces: what it reads.
        created_at, expires_at: aware, UTC; from expires_at on it opens nothing.
    """

    name: str
    sha256: str
    workspaces: frozenset[str]
    created_at: datetime
    expires_at: datetime


def token_file(home: Path) -> Path:
    """Where an installation keeps its tokens, under FOOTFALL_HOME."""
    return home / "tokens.json"


class Tokens:
    """The tokens of one file, which is read anew at every look: a revoked token is refused at once.

    Args:
        file: need not be there; its folder is created, for its owner alone, with the first token.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def create(self, name: str, workspaces: Iterable[str], days: int) -> str:
        """Make a token that lasts so many days from now, and return its text, `ff_…`, which is kept nowhere.

        Raises:
            TokenError: the name is taken or empty, no workspace is given, or it would last no day or too many.
        """
        bound_to = frozenset(workspaces)
        if not name or not name.isprintable():
            raise TokenError("a token needs a name of printable characters")
        if not bound_to or "" in bound_to:
            raise TokenError("a token is bound to workspaces: name one at least")
        now = datetime.now(UTC).replace(microsecond=0)
        try:
            expires_at = now + timedelta(days=days)
        except OverflowError:
            raise TokenError(f"{days} days from now is beyond the calendar") from None
        if expires_at <= now:
            raise TokenError("a token lasts one day at least")
        text = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        make_private_home(self._file.parent)
        with self._alone():
            kept = self.list()
            if any(token.name == name for token in kept):
                raise TokenError(f"there is a token {name!r}: revoke it first, or take another name")
            self._write([*kept, Token(name, _sha256(text), bound_to, now, expires_at)])
        return text

    def revoke(self, name: str) -> None:
        """Forget a token: the next request with it is refused.

        Raises:
            TokenError: there is none of this name.
        """
        unknown = TokenError(f"there is no token {name!r}; `footfall token list` shows those there are")
        if not self._file.exists():
            raise unknown
        with self._alone():
            kept = self.list()
            left = [token for token in kept if token.name != name]
            if len(left) == len(kept):
                raise unknown
            self._write(left)

    def list(self) -> list[Token]:
        """Every token, expired ones included, in the order they were made.

        Raises:
            TokenError: the file is not as it was written.
        """
        try:
            return [_from_json(entry) for entry in json.loads(self._file.read_bytes())]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError):
            raise TokenError(f"{self._file} is damaged: restore it, or remove it and make new tokens") from None

    def workspaces_of(self, token: str, now: datetime) -> frozenset[str] | None:
        """The workspaces that a token's text reads at the moment `now` (aware); None: unknown or expired.

        How long this takes does not tell how much of a hash was right, nor which token it was.
        """
        found = self.find(token, now)
        return found.workspaces if found else None

    def find(self, token: str, now: datetime) -> Token | None:
        """The same, with the token's name and the rest."""
        asked = _sha256(token)
        found = None
        for kept in self.list():
            if hmac.compare_digest(kept.sha256, asked) and now < kept.expires_at:
                found = kept
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two commands at once would lose the token of one of them."""
        with open_private(self._file.with_suffix(".lock"), "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, tokens: Iterable[Token]) -> None:
        staged = self._file.with_suffix(".next")
        staged.unlink(missing_ok=True)
        with open_private(staged) as out:
            json.dump([_to_json(token) for token in tokens], out, indent=2, ensure_ascii=False)
            out.flush()
            os.fsync(out.fileno())
        os.replace(staged, self._file)


def _sha256(text: str) -> str:
    # What a client sends may hold lone surrogates, which have no UTF-8.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _to_json(token: Token) -> dict[str, object]:
    return {
        "name": token.name,
        "sha256": token.sha256,
        "workspaces": sorted(token.workspaces),
        "created_at": token.created_at.isoformat(),
        "expires_at": token.expires_at.isoformat(),
    }


def _from_json(entry: dict[str, object]) -> Token:
    return Token(
        entry["name"],
        entry["sha256"],
        frozenset(entry["workspaces"]),
        datetime.fromisoformat(entry["created_at"]),
        datetime.fromisoformat(entry["expires_at"]),
    )
