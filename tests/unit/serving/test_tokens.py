"""Tokens: what is kept of them, whom they let in, and until when."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from serving.tokens import TokenError, Tokens, token_file

NOW = datetime.now(UTC)


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(token_file(tmp_path / "home"))


def test_token_reads_its_workspaces_and_no_other_text_does(tokens: Tokens) -> None:
    ana, bob = tokens.create("ana", ["acme", "shop"], 1), tokens.create("bob", ["acme"], 1)
    assert tokens.workspaces_of(ana, NOW) == {"acme", "shop"}
    assert tokens.workspaces_of(bob, NOW) == {"acme"}
    (kept, _) = tokens.list()
    for other in ("", ana[:-1], ana + "a", ana.removeprefix("ff_"), kept.sha256, "ff_", "\ud800", "ana"):
        assert tokens.workspaces_of(other, NOW) is None


def test_token_opens_nothing_from_its_expiry_on(tokens: Tokens) -> None:
    text = tokens.create("ana", ["acme"], 7)
    (kept,) = tokens.list()
    assert kept.expires_at - kept.created_at == timedelta(days=7)
    assert tokens.workspaces_of(text, kept.expires_at - timedelta(microseconds=1)) == {"acme"}
    assert tokens.workspaces_of(text, kept.expires_at) is None


def test_revoked_token_is_unknown_at_once_and_its_name_is_free(tokens: Tokens) -> None:
    ana, bob = tokens.create("ana", ["acme"], 1), tokens.create("bob", ["shop"], 1)
    reader = Tokens(tokens._file)
    tokens.revoke("ana")
    assert reader.workspaces_of(ana, NOW) is None
    assert reader.workspaces_of(bob, NOW) == {"shop"}
    assert tokens.create("ana", ["acme"], 1) != ana
    assert [token.name for token in reader.list()] == ["bob", "ana"]


def test_file_is_private_and_holds_no_token(tokens: Tokens, tmp_path: Path) -> None:
    text = tokens.create("ana", ["acme"], 1)
    home = tmp_path / "home"
    assert home.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in home.iterdir()} == {
        "tokens.json": 0o600,
        "tokens.lock": 0o600,
    }
    content = token_file(home).read_text()
    assert text not in content and text.removeprefix("ff_") not in content
    assert set(json.loads(content)[0]) == {"name", "sha256", "workspaces", "created_at", "expires_at"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("ana", ["acme"], 1), "there is a token 'ana'"),
        (("", ["acme"], 1), "needs a name"),
        (("two\nlines", ["acme"], 1), "needs a name"),
        (("bob", [], 1), "bound to workspaces"),
        (("bob", [""], 1), "bound to workspaces"),
        (("bob", ["acme"], 0), "one day at least"),
        (("bob", ["acme"], 10**9), "beyond the calendar"),
    ],
)
def test_token_that_cannot_be_is_refused_and_nothing_changes(tokens: Tokens, asked: tuple, words: str) -> None:
    tokens.create("ana", ["acme"], 1)
    before = tokens.list()
    with pytest.raises(TokenError, match=words):
        tokens.create(*asked)
    assert tokens.list() == before


def test_no_file_is_no_token_and_a_damaged_one_is_said(tokens: Tokens, tmp_path: Path) -> None:
    assert tokens.list() == [] and tokens.workspaces_of("ff_x", NOW) is None
    with pytest.raises(TokenError, match="no token 'ana'"):
        tokens.revoke("ana")
    assert not (tmp_path / "home").exists()
    tokens.create("ana", ["acme"], 1)
    for content in ("", "{", "{}x", '[{"name": "ana"}]', "[1]"):
        token_file(tmp_path / "home").write_text(content)
        with pytest.raises(TokenError, match="is damaged"):
            tokens.workspaces_of("ff_x", NOW)


def test_commands_create_list_and_revoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_HOME", str(tmp_path))
    run = CliRunner().invoke
    made = run(main, ["token", "create", "--name", "ana", "--workspace", "acme", "--workspace", "shop", "--days", "2"])
    text = made.stdout.strip()
    assert Tokens(token_file(tmp_path)).workspaces_of(text, NOW) == {"acme", "shop"}
    listed = run(main, ["token", "list"]).stdout
    assert "ana" in listed and "acme, shop" in listed and text not in listed
    again = run(main, ["token", "create", "--name", "ana", "--workspace", "acme"])
    assert (again.exit_code, "there is a token 'ana'" in again.stderr) == (1, True)
    assert run(main, ["token", "revoke", "ana"]).stdout == "revoked: ana\n"
    assert run(main, ["token", "revoke", "ana"]).exit_code == 1
    assert Tokens(token_file(tmp_path)).workspaces_of(text, NOW) is None
