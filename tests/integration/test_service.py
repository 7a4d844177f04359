"""The report service: every route's contract, whom tokens let in, and one publication an answer, on both engines."""

import json
import logging
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import httpx
import jsonschema
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as examples

from orchestration.project import ensure_manifest, published_marts, safe_marts
from orchestration.settings import Settings
from serving.report import TIMEFRAMES, build_report, document_schema
from serving.service import PART_PATHS, create_app
from serving.tokens import Tokens, token_file
from tests.pipeline import Pipeline
from warehouse.open import open_warehouse

CLOCK = datetime(2026, 3, 11, 6, tzinfo=UTC)
ANA = {"workspace_id": "acme", "user_id": "ana", "device_type": "desktop"}
BOB = {"workspace_id": "acme", "user_id": "bob", "device_type": "mobile"}
EVE = {"workspace_id": "a/b c", "user_id": "eve"}
LANDING = {
    "workspaces": [{"workspace_id": "acme", "name": "Acme"}, {"workspace_id": "silent"}],
    "features": [{"feature_name": "import"}],
    "goals": [{"goal_name": "Saw b", "page_path": "/b"}],
    "events": [
        {**BOB, "event_type": "page_view", "page_path": "/a", "created_at": "2026-03-08T23:59:50Z"},
        {**BOB, "event_type": "page_view", "page_path": "/a", "created_at": "2026-03-09T08:00:00Z"},
        {**ANA, "event_type": "page_view", "page_path": "/a", "created_at": "2026-03-10T10:00:00Z"},
        {**ANA, "event_type": "page_view", "page_path": "/b", "created_at": "2026-03-10T10:00:20Z"},
        {**ANA, "event_type": "feature_use", "event_name": "export", "created_at": "2026-03-10T10:00:30Z"},
        {**EVE, "event_type": "login", "created_at": "2026-03-10T11:00:00Z"},
    ],
}
REPORTS = ("report", *PART_PATHS)
COHORT = "cohorts/2026-03-08"
ROUTES_OF_A_WORKSPACE = (*REPORTS, "segments", COHORT)


on_both_engines = pytest.mark.parametrize("engine", ["duckdb", "postgres"])


@pytest.fixture(scope="module")
def warehouse_of(
    make_pipeline: Callable[..., Pipeline], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Pipeline]:
    """warehouse_of(engine): a published warehouse, made once."""
    landing = tmp_path_factory.mktemp("service-landing")
    for entity, rows in LANDING.items():
        (landing / entity).mkdir()
        (landing / entity / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))

    @cache
    def make(engine: str) -> Pipeline:
        pipeline = make_pipeline(engine, serve_requests_per_minute=100_000)
        pipeline.run(landing, clock=CLOCK)
        return pipeline

    return make


@pytest.fixture
def engine() -> str:
    """Where the engine is of no matter."""
    return "duckdb"


@pytest.fixture
def published(warehouse_of: Callable[[str], Pipeline], engine: str) -> Pipeline:
    return warehouse_of(engine)


@pytest.fixture
def tokens(published: Pipeline) -> Tokens:
    return Tokens(token_file(published.settings.home))


@pytest.fixture
def client(published: Pipeline) -> TestClient:
    return TestClient(create_app(published.settings), raise_server_exceptions=False)


@pytest.fixture
def bearer(tokens: Tokens) -> Iterator[Callable[..., dict[str, str]]]:
    """bearer(*workspaces): the header of a new token bound to them."""
    names = []

    def make(*workspaces: str) -> dict[str, str]:
        names.append(str(uuid.uuid4()))
        return {"Authorization": f"Bearer {tokens.create(names[-1], workspaces, 1)}"}

    yield make
    for name in names:
        tokens.revoke(name)


@pytest.fixture
def acme(client: TestClient, bearer: Callable[..., dict[str, str]]) -> TestClient:
    """The client with a token bound to `acme`."""
    client.headers.update(bearer("acme", "silent", "nowhere"))
    return client


def error_of(response: httpx.Response) -> tuple[int, str]:
    """Status and message of an error, whose shape is the one that all have."""
    content = response.json()
    assert set(content) == {"status", "message"} and content["status"] == response.status_code
    assert response.headers["Cache-Control"] == "no-store"
    return response.status_code, content["message"]


def republish(pipeline: Pipeline, statement: str) -> None:
    """Publish once more what was built, after one statement on it: a run without its minute of dbt."""
    manifest = ensure_manifest(pipeline.settings)
    warehouse = open_warehouse(pipeline.settings)
    with warehouse.lock(60):
        with warehouse.transaction() as tx:
            tx.execute(statement)
        warehouse.publish([*published_marts(manifest), *safe_marts(manifest)], str(uuid.uuid4()), "of a test", None)


@on_both_engines
def test_report_and_its_parts_are_the_document(acme: TestClient, published: Pipeline) -> None:
    with open_warehouse(published.settings).published() as tx:
        documents = {timeframe: build_report(tx, "acme", timeframe) for timeframe in TIMEFRAMES}
        mobile = build_report(tx, "acme", "7d", "Mobile-first")
    for timeframe, document in documents.items():
        assert acme.get(f"/v1/workspaces/acme/report?timeframe={timeframe}").json() == document
    assert acme.get("/v1/workspaces/acme/report").json() == documents["30d"]
    asked = {"timeframe": "7d", "segment": "Mobile-first"}
    assert acme.get("/v1/workspaces/acme/report", params=asked).json() == mobile
    for path, key in PART_PATHS.items():
        assert acme.get(f"/v1/workspaces/acme/{path}", params=asked).json() == mobile[key]
    assert acme.get("/v1/workspaces/acme/segments").json() == mobile["segments"]
    jsonschema.Draft202012Validator(document_schema()).validate(mobile)


@on_both_engines
def test_report_and_its_parts_of_one_person(acme: TestClient, published: Pipeline) -> None:
    ana = key_of(published, ANA)
    with open_warehouse(published.settings).published() as tx:
        document = build_report(tx, "acme", "7d", user_key=ana)
    asked = {"timeframe": "7d", "user_key": ana}
    assert acme.get("/v1/workspaces/acme/report", params=asked).json() == document
    assert (document["userId"], document["activityMetrics"]["wau"]) == (ana, 1)
    for path, key in PART_PATHS.items():
        assert acme.get(f"/v1/workspaces/acme/{path}", params=asked).json() == document[key]
    bob = acme.get("/v1/workspaces/acme/report", params={**asked, "user_key": key_of(published, BOB)})
    assert bob.json()["userJourney"] != document["userJourney"]


def key_of(pipeline: Pipeline, event: dict[str, str]) -> str:
    return pipeline.settings.keys().user_key(event["workspace_id"], event["user_id"])


def test_person_of_another_workspace_is_unknown(acme: TestClient, published: Pipeline) -> None:
    asked = {"user_key": key_of(published, EVE)}
    assert error_of(acme.get("/v1/workspaces/acme/report", params=asked)) == (
        404,
        f"no user with the key {asked['user_key']!r} in workspace 'acme'",
    )
    refused = acme.get("/v1/workspaces/a%2Fb%20c/report", params=asked)
    assert error_of(refused) == (403, "this token is not bound to that workspace")


@on_both_engines
def test_workspaces_are_those_of_the_token_that_are_published(
    client: TestClient, bearer: Callable[..., dict[str, str]]
) -> None:
    found = client.get("/v1/workspaces", headers=bearer("nowhere", "silent", "acme")).json()
    assert [(each["workspaceId"], each["workspaceName"], each["users"]) for each in found] == [
        ("acme", "Acme", 2),
        ("silent", "silent", 0),
    ]
    assert (found[0]["firstActivityDate"], found[0]["asOfDate"]) == ("2026-03-08", "2026-03-10")
    assert client.get("/v1/workspaces", headers=bearer("nowhere")).json() == []


@on_both_engines
def test_cohort_on_the_days_asked_for(acme: TestClient) -> None:
    assert acme.get(f"/v1/workspaces/acme/{COHORT}?days=2,1,90,1").json() == {
        "cohortDate": "2026-03-08",
        "cohortSize": 1,
        "retention": {"day1": 100.0, "day2": 0.0, "day90": None},
    }
    assert list(acme.get(f"/v1/workspaces/acme/{COHORT}").json()["retention"]) == [
        f"day{day}" for day in (1, 7, 14, 30, 60, 90)
    ]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("acme/report?timeframe=31d", 422, "timeframe: "),
        ("acme/report?segment=Nobody", 404, "there are all, Casual"),
        ("acme/report?user_key=ana", 422, "user_key: "),
        (f"acme/activity?user_key={'0' * 32}", 404, "no user with the key"),
        (f"acme/activity?segment=New&user_key={'0' * 32}", 422, "a segment or of a person: name one of them"),
        ("silent/report", 404, "has no events yet"),
        ("nowhere/segments", 404, "no workspace 'nowhere'"),
        ("acme/cohorts/2026-03-01", 404, "no cohort of 2026-03-01"),
        ("acme/cohorts/2026-02-30", 422, "cohort_date: "),
        ("acme/cohorts/20260308", 422, "cohort_date: "),
        ("acme/cohorts/2026-03-08?days=91", 422, "days: "),
        ("acme/cohorts/2026-03-08?days=1,,2", 422, "days: "),
        ("acme/users", 404, "Not Found"),
    ],
)
def test_what_is_not_there_is_refused_in_words(acme: TestClient, path: str, status: int, words: str) -> None:
    found, message = error_of(acme.get(f"/v1/workspaces/{path}"))
    assert found == status and words in message


def test_other_methods_are_refused(acme: TestClient) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = acme.request(method, "/v1/workspaces/acme/report")
        assert error_of(response)[0] == 405 and response.headers["Allow"] == "GET"


@on_both_engines
@pytest.mark.parametrize("route", ROUTES_OF_A_WORKSPACE)
def test_token_of_one_workspace_never_reads_another(
    route: str, client: TestClient, bearer: Callable[..., dict[str, str]]
) -> None:
    acme, eve = bearer("acme"), bearer("a/b c")
    route_of_eve = route.replace("03-08", "03-10")
    answers = {}
    for workspace, path in (("acme", route), ("a%2Fb%20c", route_of_eve)):
        url = f"/v1/workspaces/{workspace}/{path}"
        assert error_of(client.get(url))[0] == 401
        for name, token in (("acme", acme), ("eve", eve)):
            # Twice: neither what is computed nor what is kept may be another's.
            first, second = client.get(url, headers=token), client.get(url, headers=token)
            assert (first.status_code, first.content) == (second.status_code, second.content)
            answers[workspace, name] = first
    assert answers["acme", "acme"].status_code == answers["a%2Fb%20c", "eve"].status_code == 200
    refused = answers["a%2Fb%20c", "acme"]
    unknown = client.get(f"/v1/workspaces/unknown/{route}", headers=acme)
    known_tag = {"If-None-Match": answers["acme", "acme"].headers["ETag"]}
    tagged = client.get(f"/v1/workspaces/acme/{route}", headers={**eve, **known_tag})
    for each in (refused, answers["acme", "eve"], unknown, tagged):
        assert error_of(each) == (403, "this token is not bound to that workspace")
    assert refused.headers == unknown.headers


def test_lists_of_workspaces_are_not_mixed_up(client: TestClient, bearer: Callable[..., dict[str, str]]) -> None:
    lists = [bearer("acme"), bearer("a/b c"), bearer("acme", "a/b c")]
    found = [[each["workspaceId"] for each in client.get("/v1/workspaces", headers=token).json()] for token in lists]
    assert found == [["acme"], ["a/b c"], ["a/b c", "acme"]]


def test_no_wrong_revoked_or_expired_token_comes_in(
    client: TestClient, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tokens.create("short", ["acme"], 2)

    def status(header: str | None) -> int:
        response = client.get("/v1/workspaces", headers={} if header is None else {"Authorization": header})
        if response.status_code == 401:
            assert response.headers["WWW-Authenticate"] == "Bearer" and error_of(response)
        return response.status_code

    assert status(f"Bearer {text}") == status(f"bearer {text}") == 200
    for header in (None, "", "Bearer", "Bearer ", text, f"Basic {text}", f"Bearer {text}x", f"Bearer {text[:-1]}"):
        assert status(header) == 401
    assert client.get("/v1/workspaces", params={"token": text}).status_code == 401

    class Later(datetime):
        @classmethod
        def now(cls, zone=None) -> datetime:
            return datetime.now(zone) + timedelta(days=2)

    with monkeypatch.context() as patch:
        patch.setattr("serving.service.datetime", Later)
        assert status(f"Bearer {text}") == 401
    assert status(f"Bearer {text}") == 200
    tokens.revoke("short")
    assert status(f"Bearer {text}") == 401


def test_damaged_file_of_tokens_lets_nobody_in(acme: TestClient, published: Pipeline) -> None:
    file = token_file(published.settings.home)
    content = file.read_text()
    try:
        file.write_text("[{")
        assert error_of(acme.get("/v1/workspaces")) == (503, "no report can be read now")
    finally:
        file.write_text(content)


def test_etag_names_publication_and_request(acme: TestClient, published: Pipeline) -> None:
    url = "/v1/workspaces/acme/report"
    publication = acme.get("/health").json()["publication"]
    first = acme.get(url)
    tag = first.headers["ETag"]
    assert tag.startswith(f'"{publication}-') and first.headers["Cache-Control"] == "private, no-cache"
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        unchanged = acme.get(url, headers={"If-None-Match": known})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["ETag"] == tag and unchanged.headers["Cache-Control"] == "private, no-cache"
    assert acme.get(url, headers={"If-None-Match": '"other"'}).content == first.content
    others = [acme.get(f"{url}?timeframe=7d"), acme.get(f"{url}?segment=New"), acme.get("/v1/workspaces/acme/activity")]
    assert len({tag, *(other.headers["ETag"] for other in others)}) == 4
    assert TestClient(create_app(published.settings)).get(url, headers=acme.headers).headers["ETag"] == tag


@on_both_engines
def test_next_request_sees_a_new_publication(acme: TestClient, published: Pipeline) -> None:
    before, health = acme.get("/v1/workspaces"), acme.get("/health").json()
    republish(published, "update candidate.dim_workspaces set workspace_name = workspace_name || '!'")
    after = acme.get("/v1/workspaces", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert [each["workspaceName"] for each in after.json()] == [f"{each['workspaceName']}!" for each in before.json()]
    assert acme.get("/health").json() == {"status": "ok", "publication": health["publication"] + 1}
    republish(published, "update candidate.dim_workspaces set workspace_name = replace(workspace_name, '!', '')")
    assert acme.get("/v1/workspaces").json() == before.json()


def test_bounded_cache_answers_the_same(published: Pipeline, bearer: Callable[..., dict[str, str]]) -> None:
    token = bearer("acme")
    sizes = []
    for capacity in (0, 5_000, 1_000_000):
        client = TestClient(create_app(published.settings.model_copy(update={"serve_cache_bytes": capacity})))
        urls = [f"/v1/workspaces/acme/{path}" for path in REPORTS for _ in range(2)]
        sizes.append([client.get(url, headers=token).content for url in urls])
    assert sizes[0] == sizes[1] == sizes[2]


def test_rate_limit_is_of_each_token(published: Pipeline, bearer: Callable[..., dict[str, str]]) -> None:
    client = TestClient(create_app(published.settings.model_copy(update={"serve_requests_per_minute": 3})))
    eager, patient = bearer("acme"), bearer("acme")
    paths = ("/v1/workspaces", "/v1/workspaces/acme/segments", "/v1/workspaces/unknown/segments", "/v1/workspaces")
    assert [client.get(path, headers=eager).status_code for path in paths] == [200, 200, 403, 429]
    refused = client.get("/v1/workspaces", headers=eager)
    assert error_of(refused) == (429, "more than 3 requests a minute with this token")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert client.get("/v1/workspaces", headers=patient).status_code == 200
    assert client.get("/health").status_code == 200


def test_log_and_errors_tell_nothing_of_what_was_sent(
    acme: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("postgresql://owner:hunter2@db/x")

    token = acme.headers["Authorization"].removeprefix("Bearer ")
    with caplog.at_level(logging.INFO, "footfall.serve"):
        acme.get(f"/v1/workspaces/acme/report?segment={token}")
        acme.get(f"/{token}")
        monkeypatch.setattr("serving.service._workspaces", fail)
        broken = acme.get("/v1/workspaces")
    assert error_of(broken)[0] == 500 and "hunter2" not in broken.text and "Traceback" not in broken.text
    assert (
        "/v1/workspaces/{workspace_id}/report 404" in caplog.text and "RuntimeError at test_service.py" in caplog.text
    )
    assert token not in caplog.text and "hunter2" not in caplog.text
    for response in (broken, acme.get("/health"), acme.get("/openapi.json")):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_nothing_published_yet_is_said(tmp_path: Path) -> None:
    client = TestClient(create_app(Settings(home=tmp_path)))
    token = Tokens(token_file(tmp_path)).create("ana", ["acme"], 1)
    assert error_of(client.get("/health"))[0] == 503
    assert error_of(client.get("/v1/workspaces", headers={"Authorization": f"Bearer {token}"}))[0] == 503


def test_command_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
    service = subprocess.Popen(
        [Path(sys.executable).parent / "footfall", "serve", "--port", "0"],
        env={**kept, "FOOTFALL_HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = next(found[0] for line in service.stderr if (found := re.search(r"http://127[0-9.:]+", line)))
        assert error_of(httpx.get(f"{url}/health"))[0] == 503
    finally:
        service.terminate()
        _, log = service.communicate(timeout=60)
    assert "nothing has been published yet" in log and "GET /health 503" in log
    assert "Application shutdown complete" in log and "Traceback" not in log
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_every_operation_keeps_to_its_description(acme: TestClient, published: Pipeline) -> None:
    """Schemathesis: what is valid is answered as described, what is not is refused, nothing breaks."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", acme.app)
    operations = [result.ok() for result in schema.get_all_operations()]
    ana = key_of(published, ANA)
    assert len(operations) == 2 + len(ROUTES_OF_A_WORKSPACE)
    for operation in operations:
        answered = check_operation(operation, acme, own=True, user_key=ana)
        assert 200 in answered
        if operation.path_parameters:
            assert 403 in check_operation(operation, acme, own=False, user_key=ana)
            answered = check_operation(
                operation, acme, own=False, user_key=ana, mode=schemathesis.GenerationMode.NEGATIVE
            )
            assert 200 not in answered


def check_operation(
    operation: schemathesis.schemas.APIOperation,
    client: TestClient,
    *,
    own: bool,
    user_key: str,
    mode: schemathesis.GenerationMode = schemathesis.GenerationMode.POSITIVE,
) -> set[int]:
    """Send made-up requests, all of schemathesis's checks on; returns the statuses seen.

    own: let them name a workspace, a segment, a person (by user_key) and a cohort that are there.
    """
    there = {"workspace_id": "acme", "cohort_date": "2026-03-08"}
    statuses = set()

    @seed(9)
    @examples(max_examples=10, database=None, phases=[Phase.generate], suppress_health_check=HealthCheck)
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: schemathesis.Case) -> None:
        if own:
            case.path_parameters.update({name: there[name] for name in case.path_parameters})
            if "segment" in case.query:
                case.query["segment"] = "New"
            if "user_key" in case.query:
                case.query["user_key"] = user_key
        if mode == schemathesis.GenerationMode.POSITIVE and "user_key" in case.query:
            # A document is of one of the two, which OpenAPI cannot say.
            case.query.pop("segment", None)
        headers = {"Authorization": client.headers["Authorization"]}
        statuses.add(case.call_and_validate(headers=headers).status_code)

    check()
    return statuses
