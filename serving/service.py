"""The reports over HTTP, for reading alone: `footfall serve`.

Every answer but /health needs a token (serving.tokens) and comes from one publication (serving.answers). Nothing that a
client sends stands in a log, neither tokens nor queries nor paths.
"""

import json
import logging
import math
import time
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import PurePath
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.exceptions import HTTPException

from orchestration.settings import Settings
from serving.answers import Answers
from serving.cohorts import build_cohort
from serving.openapi import describe, named, part_of_report, responses, tagged_responses
from serving.report import BOTH_ASKED, EVERYBODY, TIMEFRAMES, ReportError, build_part, build_report
from serving.tokens import Token, TokenError, Tokens, token_file
from warehouse.base import Transaction, WarehouseError
from warehouse.open import open_warehouse

LOG = logging.getLogger("footfall.serve")
# Paths of the document's parts, and their keys in it; `segments` is the same under every timeframe and segment.
PART_PATHS = {
    "activity": "activityMetrics",
    "sessions": "sessionAnalytics",
    "features": "featureUsage",
    "journeys": "userJourney",
    "retention": "retention",
}
DEFAULT_TIMEFRAME = "30d"
_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# `no-cache`: to be asked for again each time, which a 304 answers; a publication is seen at once.
_CACHING = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
_WORKSPACES = """
select workspace_id, workspace_name, timezone, first_activity_date, as_of_date, users
from marts.dim_workspaces
"""
# Days 0 to 90, separated by commas.
_DAYS = r"^(90|[1-8]?[0-9])(,(90|[1-8]?[0-9])){0,90}$"

Timeframe = Annotated[Literal[TIMEFRAMES], Query(description="Days back from the workspace's as_of_date.")]
Segment = Annotated[str, Query(description="Name or id of a segment; `all` for everybody.")]
# Of the person by their key alone: an id would stand in addresses, which proxies and browsers keep.
UserKey = Annotated[
    str,
    Query(
        description="Of one person: user_key as the tables have it; not together with a segment.",
        pattern=r"^[0-9a-f]{32}$",
    ),
]
CohortDate = Annotated[
    str,
    Path(
        description="First active day of the cohort's users, local to the workspace.",
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        json_schema_extra={"format": "date"},
    ),
]
Days = Annotated[str, Query(description="Days after it, 0 to 90, separated by commas.", pattern=_DAYS)]
IfNoneMatch = Annotated[str | None, Header(include_in_schema=False)]


def create_app(settings: Settings) -> FastAPI:
    """The service of one installation; its warehouse is opened here.

    Raises:
        WarehouseError: the warehouse is not reachable.
    """
    app = FastAPI(
        title="Footfall reports",
        summary="Published product-usage numbers of the workspaces that a token is bound to.",
        version=version("footfall"),
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    describe(app)
    _answer_errors(app)
    _add_routes(app, Answers(open_warehouse(settings), settings.serve_cache_bytes), _Doorkeeper(settings))
    return app


class _Doorkeeper:
    """Who may come in, and how often."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = Tokens(token_file(settings.home))
        self._limit = RateLimitItemPerMinute(settings.serve_requests_per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    # Not in a thread, as what waits for the warehouse is: a small file is read sooner than a thread is woken.
    async def admit(
        self,
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    ) -> Token:
        """The token of a request.

        Raises:
            HTTPException: 401, 429.
            TokenError: the file of tokens is damaged.
        """
        token = self._tokens.find(credentials.credentials, datetime.now(UTC)) if credentials else None
        if token is None:
            raise HTTPException(
                401,
                "a valid token is needed: Authorization: Bearer ff_…",
                {"WWW-Authenticate": "Bearer"},
            )
        request.state.token_name = token.name
        if not self._limiter.hit(self._limit, token.sha256):
            free_at = self._limiter.get_window_stats(self._limit, token.sha256).reset_time
            seconds = max(1, math.ceil(free_at - time.time()))
            raise HTTPException(
                429,
                f"more than {self._limit.amount} requests a minute with this token",
                {"Retry-After": str(seconds)},
            )
        return token


def _add_routes(app: FastAPI, answers: Answers, doorkeeper: _Doorkeeper) -> None:
    Admitted = Annotated[Token, Depends(doorkeeper.admit)]

    async def own_workspace(
        token: Admitted,
        workspace_id: Annotated[str, Path(description="Id of a workspace of the token.")],
    ) -> str:
        if workspace_id not in token.workspaces:
            raise HTTPException(403, "this token is not bound to that workspace")
        return workspace_id

    OwnWorkspace = Annotated[str, Depends(own_workspace)]

    def respond(asked: tuple[str, ...], build: Callable[[Transaction], Any], if_none_match: str | None) -> Response:
        answer = answers.answer(asked, build)
        headers = {"ETag": answer.etag, **_CACHING}
        if if_none_match is not None and _names(if_none_match, answer.etag):
            return Response(status_code=304, headers=headers)
        return Response(answer.body, media_type="application/json", headers=headers)

    @app.get("/health", operation_id="health", responses=responses(named("Health"), 503), response_class=Response)
    def health() -> Response:
        """Whether reports can be read, and the number of the publication they are of. Needs no token."""
        return _json_response(200, {"status": "ok", "publication": answers.publication_id()})

    @app.get(
        "/v1/workspaces",
        operation_id="workspaces",
        responses=tagged_responses(named("Workspaces"), 401, 422, 429, 503),
        response_class=Response,
    )
    def workspaces(token: Admitted, if_none_match: IfNoneMatch = None) -> Response:
        """The token's workspaces that are published, by their ids."""
        asked = ("workspaces", *sorted(token.workspaces))
        return respond(asked, lambda tx: _workspaces(tx, token.workspaces), if_none_match)

    def add_report(path: str, schema: dict[str, str], summary: str, build: Callable[..., Any]) -> None:
        """build(tx, workspace_id, timeframe, segment, user_key)."""

        def endpoint(
            workspace_id: OwnWorkspace,
            timeframe: Timeframe = DEFAULT_TIMEFRAME,
            segment: Segment = EVERYBODY,
            user_key: UserKey = None,
            if_none_match: IfNoneMatch = None,
        ) -> Response:
            if user_key is not None and segment != EVERYBODY:
                raise HTTPException(422, f"segment, user_key: {BOTH_ASKED}")
            asked = (workspace_id, timeframe, segment, user_key)
            return respond((path, *asked), lambda tx: build(tx, *asked), if_none_match)

        app.get(
            # Any text is an id, slashes included.
            f"/v1/workspaces/{{workspace_id:path}}/{path}",
            operation_id=path,
            summary=summary,
            responses=tagged_responses(schema, 401, 403, 404, 422, 429, 503),
            response_class=Response,
        )(endpoint)

    add_report("report", named("Report"), "The whole document.", build_report)
    for part_path, key in PART_PATHS.items():
        add_report(
            part_path,
            part_of_report(key),
            f"What the document has under {key}.",
            lambda tx, *asked, key=key: build_part(tx, *asked, key),
        )

    @app.get(
        "/v1/workspaces/{workspace_id:path}/segments",
        operation_id="segments",
        responses=tagged_responses(part_of_report("segments"), 401, 403, 404, 422, 429, 503),
        response_class=Response,
    )
    def segments(workspace_id: OwnWorkspace, if_none_match: IfNoneMatch = None) -> Response:
        """What the document has under segments."""
        return respond(
            ("segments", workspace_id),
            lambda tx: build_part(tx, workspace_id, DEFAULT_TIMEFRAME, EVERYBODY, None, "segments"),
            if_none_match,
        )

    @app.get(
        "/v1/workspaces/{workspace_id:path}/cohorts/{cohort_date}",
        operation_id="cohort",
        responses=tagged_responses(named("Cohort"), 401, 403, 404, 422, 429, 503),
        response_class=Response,
    )
    def cohort(
        workspace_id: OwnWorkspace,
        cohort_date: CohortDate,
        days: Days = "1,7,14,30,60,90",
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """How many per cent of a day's new users were active again on the days asked for; null: not over yet."""
        try:
            first_day = date.fromisoformat(cohort_date)
        except ValueError:
            raise HTTPException(422, "cohort_date: is no day of the calendar") from None
        numbers = sorted({int(day) for day in days.split(",")})
        return respond(
            ("cohort", workspace_id, cohort_date, *map(str, numbers)),
            lambda tx: build_cohort(tx, workspace_id, first_day, numbers),
            if_none_match,
        )


def _workspaces(tx: Transaction, own: frozenset[str]) -> list[dict[str, Any]]:
    rows = sorted((row for row in tx.fetch(_WORKSPACES) if row[0] in own), key=lambda row: row[0].encode())
    return [
        {
            "workspaceId": workspace_id,
            "workspaceName": name,
            "timezone": zone,
            "firstActivityDate": first and first.isoformat(),
            "asOfDate": last and last.isoformat(),
            "users": users,
        }
        for workspace_id, name, zone, first, last, users in rows
    ]


def _names(if_none_match: str, etag: str) -> bool:
    """Whether the header names the tag; compared weakly, as RFC 9110 section 13.1.2 has it."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags


def _answer_errors(app: FastAPI) -> None:
    """One shape for every error, security headers on every response, one line of log a request."""

    @app.exception_handler(HTTPException)
    async def _refused(request: Request, error: HTTPException) -> Response:
        return _error_response(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        problems = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in error.errors())
        return _error_response(422, problems)

    @app.exception_handler(ReportError)
    async def _missing(request: Request, error: ReportError) -> Response:
        return _error_response(404, str(error))

    @app.exception_handler(WarehouseError)
    @app.exception_handler(TokenError)
    async def _out_of_order(request: Request, error: Exception) -> Response:
        LOG.error("%s", error)
        return _error_response(503, "no report can be read now")

    @app.middleware("http")
    async def _guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        started = time.perf_counter()
        try:
            response = await call_next(request)
        except Exception as error:  # whatever it is, neither the client nor the log gets its words
            LOG.error("%s at %s", type(error).__name__, _place(error))
            response = _error_response(500, "this should not happen; the service's log says where it did")
        response.headers.update(_SECURITY_HEADERS)
        route = request.scope.get("route")
        LOG.info(
            "%s %s %d %.1f ms %s",
            request.method if request.method == "GET" else "other",
            getattr(route, "path_format", "-"),
            response.status_code,
            1000 * (time.perf_counter() - started),
            getattr(request.state, "token_name", "-"),
        )
        return response


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-5:]))


def _error_response(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return _json_response(status, {"status": status, "message": message}, headers)


def _json_response(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(
        json.dumps(content),
        status,
        {"Cache-Control": "no-store", **(headers or {})},
        "application/json",
    )
