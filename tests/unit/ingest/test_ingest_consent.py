"""Consent decides which events are kept, whether decisions come before the events or after them."""

import json
from datetime import timedelta

import pytest

from ingest.policies import ConsentPolicy
from ingest.reload import ReloadReport, reload_files
from tests.unit.ingest.conftest import Landing
from tests.unit.ingest.event_rows import CLOCK, event

DAY = timedelta(days=1)
EVENTS = [event(event_id=str(day), created_at=f"2026-01-0{day}T12:00:00Z") for day in range(1, 6)]
YES, NO = True, False


def decision(day_and_time: str, granted: object, **fields) -> dict:
    return {"user_id": "u1", "granted": granted, "at": f"2026-01-0{day_and_time}", **fields}


# decisions, ids of the events that stay under opt_in, and under opt_out
CASES = {
    "none at all": ([], "", "12345"),
    "granted before": ([decision("1", YES)], "12345", "12345"),
    "denied before": ([decision("1", NO)], "", ""),
    "granted after": ([decision("6", YES)], "", "12345"),
    "denied after": ([decision("6", NO)], "", "12345"),
    "granted between": ([decision("3T00:00Z", YES)], "345", "12345"),
    "denied between": ([decision("3T00:00Z", NO)], "", "12"),
    "granted, then denied": ([decision("1", YES), decision("4", NO)], "123", "123"),
    "denied, then granted": ([decision("2", NO), decision("4", YES)], "45", "145"),
    "three times": ([decision("2", NO), decision("3", YES), decision("4", NO)], "3", "13"),
    "the same again": ([decision("2", YES), decision("3", YES), decision("4", NO), decision("5", NO)], "23", "123"),
    "at the moment of an event": ([decision("2T12:00Z", NO), decision("4T12:00Z", YES)], "45", "145"),
    "a millisecond later": ([decision("2T12:00:00.001Z", NO), decision("4T12:00:00.001Z", YES)], "5", "125"),
    "in another zone's time": ([decision("2T14:00+02:00", NO), decision("4T07:00-05:00", YES)], "45", "145"),
    "tie": ([decision("3", YES), decision("3", NO)], "", "12"),
    "tie, the denial first": ([decision("3", NO), decision("3", YES)], "", "12"),
    "after a tie": ([decision("3", NO), decision("3", YES), decision("4", YES)], "45", "1245"),
    "another purpose": ([decision("1", YES, purpose="ads"), decision("3", NO, purpose="ads")], "", "12345"),
    "a purpose spelt otherwise": ([decision("1", YES, purpose="Analytics")], "", "12345"),
    "the purpose by name": ([decision("2", YES, purpose="analytics"), decision("4", NO, purpose="")], "23", "123"),
    "another workspace": ([decision("1", YES, workspace_id="w"), decision("3", NO, workspace_id="w")], "", "12345"),
    "another user": ([decision("1", YES, user_id="u2"), decision("3", NO, user_id="u2")], "", "12345"),
    "as text": ([decision("1", "TRUE"), decision("4", "False")], "123", "123"),
    "rejected": ([decision("1", "yes"), {"user_id": "u1", "granted": False}], "", "12345"),
}
GPC = [(True, True), ("true", True), (False, False), ("false", False), (1, False), ("True", False), (None, False)]


def kept(landing: Landing) -> str:
    return "".join(event_id for (event_id,) in landing.fetch("select event_id from raw.events order by event_id"))


def load(landing: Landing, policy: str, **options):
    return landing.load(consent_policy=ConsentPolicy.parse(policy), **options)


def reload(landing: Landing, policy: str, name: str) -> ReloadReport:
    return reload_files(
        landing.warehouse,
        str(landing.root),
        [name],
        landing.keys,
        run_id="reload",
        clock=CLOCK + DAY,
        settle_seconds=0,
        consent_policy=ConsentPolicy.parse(policy),
    )


def deletions(landing: Landing) -> list[tuple]:
    return landing.fetch("select run_id, load_id, workspace_id, reason, rows from raw.deletions order by 1, 2, 3")


@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
def test_the_last_decision_at_or_before_an_event_decides(late, landing):
    """Each case under each policy is a workspace. Late grants restore nothing, so that under opt_in those come in time,
    and the denials alone are late."""
    policies, events, in_time, after, expected = {}, [], [], [], {}
    for case, (decisions, under_opt_in, under_opt_out) in CASES.items():
        for policy, ids in {"none": "12345", "opt_in": under_opt_in, "opt_out": under_opt_out}.items():
            workspace_id = f"{policy}: {case}"
            policies[workspace_id] = policy
            expected[workspace_id] = ids
            events += [row | {"workspace_id": workspace_id} for row in EVENTS]
            for row in decisions:
                is_late = late and not (policy == "opt_in" and row["granted"] is not NO)
                (after if is_late else in_time).append({"workspace_id": workspace_id} | row)
    landing.write("events/a.ndjson", events)
    landing.write("consents/a.ndjson", in_time)
    setting = json.dumps(policies)
    first = load(landing, setting)
    landing.write("consents/b.ndjson", after)
    second = load(landing, setting)
    found = dict.fromkeys(expected, "")
    for workspace_id, event_id in landing.fetch("select workspace_id, event_id from raw.events order by 1, 2"):
        found[workspace_id] += event_id
    assert found == expected
    denied = len(events) - sum(map(len, expected.values()))
    assert first.total("dropped_consent") + second.withdrawn == denied
    assert (first.withdrawn, sum(row[-1] for row in deletions(landing))) == (0, second.withdrawn)
    assert (second.withdrawn > 0) == late


@pytest.mark.parametrize("policy", ["none", "opt_in", "opt_out"])
def test_gpc_denies_its_event_whatever_was_decided(policy, landing):
    rows = [event(event_id=repr(value), metadata={"gpc": value, "a": [1]}) for value, _ in GPC]
    rows += [event(event_id="text", metadata='{"gpc": true}'), event(event_id="nested", metadata={"a": {"gpc": True}})]
    landing.write("events/a.ndjson", rows)
    landing.write("consents/a.ndjson", [decision("1", YES)])
    load(landing, policy)
    denied = {repr(value) for value, is_denied in GPC if is_denied} | {"text"}
    stayed = {event_id for (event_id,) in landing.fetch("select event_id from raw.events")}
    assert {row["event_id"] for row in rows} - stayed == (denied if policy != "none" else set())


def test_each_workspace_has_its_policy(landing):
    workspaces = ("acme", "beta", "other", None)
    landing.write("events/a.ndjson", [event(event_id=str(name), workspace_id=name) for name in workspaces])
    report = load(landing, '{"acme": "opt_in", "beta": "none", "*": "opt_out"}')
    assert [row[0] for row in landing.fetch("select event_id from raw.events order by 1")] == ["None", "beta", "other"]
    assert (report.total("dropped_consent"), report.total("loaded")) == (1, 3)
    rows = [{"user_id": "u1", "workspace_id": name, "granted": False, "at": "2026-01-01"} for name in workspaces]
    landing.write("consents/a.ndjson", [row if row["workspace_id"] else row | {"workspace_id": ""} for row in rows])
    assert load(landing, '{"acme": "opt_in", "beta": "none", "*": "opt_out"}').withdrawn == 2
    assert landing.fetch("select event_id from raw.events") == [("beta",)]


def test_dropped_events_never_reach_the_warehouse(landing):
    """Not even for a moment: the files of the warehouse hold no byte of them."""
    landing.write("consents/a.ndjson", [decision("1", NO)])
    landing.write("events/a.ndjson", [event(event_id="unmistakable-event", page_path="/unmistakable-page")])
    load(landing, "opt_out")
    home = landing.root.parent / "home"
    stored = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"unmistakable" not in stored
    landing.write("events/a.ndjson", [event(event_id="unmistakable-event", user_id="u2")])
    load(landing, "opt_out")
    assert b"unmistakable" in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_outcomes_add_up_in_the_order_of_the_contract(landing):
    """Rejected before dropped, dropped before duplicate: a second copy of a denied event is no duplicate."""
    landing.write("consents/a.ndjson", [decision("1", NO)])
    rows = [event(), event(), event(event_type="?"), *([event(event_id="2", user_id="u2")] * 2)]
    landing.write("events/a.ndjson", rows)
    (_, events) = load(landing, "opt_out").files
    assert (events.rows_read, events.rejected, events.dropped_consent) == (5, 1, 2)
    assert (events.duplicates, events.loaded) == (1, 1)
    ledger = "select rows_read, rejected, dropped_consent, duplicates, loaded from raw.loads where entity = 'events'"
    assert landing.fetch(ledger) == [(5, 1, 2, 1, 1)]


def test_file_of_denied_events_only_is_loaded_with_none(landing):
    landing.write("events/a.ndjson", EVENTS)
    report = load(landing, "opt_in")
    assert [(file.status, file.loaded, file.dropped_consent) for file in report.files] == [("loaded", 0, 5)]
    assert landing.fetch("select count(*) from raw.pending") == [(0,)]
    assert "dropped for a policy (consent): 5 rows" in "\n".join(report.lines())
    assert load(landing, "opt_in").files == []


def test_late_denial_promotes_the_copies_that_stay(landing):
    """A copy of another user survives now; an id of which one copy is left is not repeated any more."""
    copies = [event(event_id="a"), event(event_id="a", user_id="u2", created_at="2026-01-03")]
    three = [event(event_id="b"), event(event_id="b", user_id="u2", os="x"), event(event_id="b", user_id="u3")]
    landing.write("events/a.ndjson", copies + three + [event(event_id="c"), event(event_id="c", os="x")])
    load(landing, "opt_out")
    landing.fetch("select 1")
    with landing.warehouse.transaction() as tx:
        tx.execute("delete from raw.pending")
    landing.write("consents/late.ndjson", [decision("1", NO)])
    assert load(landing, "opt_out", run_id="late").withdrawn == 4
    stored = landing.fetch("select event_id, line from raw.events order by 1, 2")
    assert stored == [("a", 2), ("b", 4), ("b", 5)]
    assert landing.fetch("select event_id, line from raw.repeated_events order by 1, 2") == [("b", 4), ("b", 5)]
    assert deletions(landing) == [("late", 1, "default", "consent", 4)]
    places = set(landing.fetch("select user_key, touched_at from raw.pending where kind = 'position'"))
    key = {user: landing.keys.user_key("default", user) for user in ("u1", "u2", "u3")}
    at = {row[0]: row[1] for row in landing.fetch("select event_id, created_at from raw.events where line <> 5")}
    assert places == {(key["u1"], at["b"]), (key["u2"], at["a"]), (key["u2"], at["b"]), (key["u3"], at["b"])}
    assert landing.fetch("select count(*) from raw.leaving_events") == [(0,)]


def test_late_grant_restores_nothing_until_the_events_are_reloaded(landing):
    landing.write("consents/a.ndjson", [decision("1", NO)])
    landing.write("events/a.ndjson", EVENTS)
    load(landing, "opt_out")
    landing.write("consents/b.ndjson", [decision("3", YES)])
    load(landing, "opt_out")
    assert kept(landing) == ""
    report = reload(landing, "opt_out", "events/a.ndjson")
    assert (kept(landing), report.total("dropped_consent")) == ("345", 2)


def test_denial_that_is_taken_out_restores_nothing_until_the_events_are_reloaded(landing):
    landing.write("events/a.ndjson", EVENTS)
    landing.write("consents/a.ndjson", [decision("3", NO), decision("3", YES, user_id="u2")])
    load(landing, "opt_out")
    landing.write("consents/a.ndjson", [decision("3", YES, user_id="u2")])
    reload(landing, "opt_out", "consents/a.ndjson")
    load(landing, "opt_out")
    assert kept(landing) == "12"
    reload(landing, "opt_out", "events/a.ndjson")
    assert kept(landing) == "12345"


def test_grant_that_is_taken_out_uncovers_an_older_denial(landing):
    landing.write("consents/a.ndjson", [decision("2", NO)])
    landing.write("consents/b.ndjson", [decision("4", YES)])
    landing.write("events/a.ndjson", EVENTS)
    load(landing, "opt_out")
    assert kept(landing) == "145"
    landing.write("consents/b.ndjson", [decision("4", YES, user_id="u2")])
    reload(landing, "opt_out", "consents/b.ndjson")
    assert load(landing, "opt_out").withdrawn == 2
    assert kept(landing) == "1"


def test_events_are_reloaded_under_the_consents_of_the_same_reload(landing):
    landing.write("consents/a.ndjson", [decision("3", NO)])
    landing.write("events/a.ndjson", EVENTS)
    load(landing, "opt_out")
    landing.write("consents/a.ndjson", [decision("5", NO)])
    reload(landing, "opt_out", "*")
    assert kept(landing) == "1234"


def test_changed_policy_applies_to_everything_stored(landing):
    landing.write("consents/a.ndjson", [decision("3", YES)])
    gpc = event(event_id="gpc", created_at="2026-01-05", metadata={"gpc": True})
    landing.write("events/a.ndjson", [*EVENTS, gpc, event(event_id="9", user_id="u2")])
    load(landing, "none")
    assert kept(landing) == "123459gpc"
    assert load(landing, "opt_out").withdrawn == 1
    assert load(landing, "opt_out").withdrawn == 0
    assert load(landing, '{"default": "opt_in"}').withdrawn == 3
    assert kept(landing) == "345"
    assert load(landing, "none").withdrawn == 0
    reload(landing, "none", "events/a.ndjson")
    assert kept(landing) == "123459gpc"


def test_decisions_of_other_users_are_not_asked_again(landing):
    """What was denied while no policy was in force is found when one comes, and not by the decisions that follow."""
    landing.write("events/a.ndjson", EVENTS)
    load(landing, "opt_out")
    with landing.warehouse.transaction() as tx:
        tx.execute("update raw.events set is_gpc = true")
    landing.write("consents/a.ndjson", [decision("1", NO, user_id="u2")])
    assert load(landing, "opt_out").withdrawn == 0
    landing.write("consents/b.ndjson", [decision("9", YES)])
    assert load(landing, "opt_out").withdrawn == 5


@pytest.mark.parametrize(
    "text",
    ["", "opt-in", "{", "[]", '"opt_in"', '{"acme": "yes"}', '{"acme": null}', '{"a": "opt_in", "a": "none"}', "7"],
)
def test_policy_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="opt_in"):
        ConsentPolicy.parse(text)


def test_policies_that_say_the_same_are_the_same():
    spellings = ("none", "{}", '{"*": "none"}', '{"acme": "none"}', json.dumps({"acme": "none", "*": "none"}))
    assert [ConsentPolicy.parse(text).rows for text in spellings] == [{}] * len(spellings)
    assert ConsentPolicy.parse('{"acme": "opt_in", "beta": "none"}').rows == {"acme": "opt_in"}
    assert ConsentPolicy.parse('{"beta": "none", "*": "opt_in"}').rows == {"beta": "none", "*": "opt_in"}
