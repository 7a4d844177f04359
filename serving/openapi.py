"""What the service says of itself: OpenAPI 3.1, the answers described by report.schema.json alone."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serving.report import document_schema

_REPORT = "#/components/schemas/Report"
_DAY = {"type": "string", "format": "date"}
_ERRORS = {
    401: "No token, or one that is unknown, revoked or expired.",
    403: "The token is not bound to this workspace, whether there is one or not.",
    404: "Nothing of that name is published in the workspace.",
    422: "A parameter is not as described.",
    429: "Too many requests with this token: wait for Retry-After seconds.",
    503: "Nothing has been published yet, or the warehouse is out of reach.",
}
_COMPONENTS = {
    "Error": {
        "type": "object",
        "properties": {"status": {"type": "integer"}, "message": {"type": "string"}},
        "required": ["status", "message"],
        "additionalProperties": False,
    },
    "Health": {
        "type": "object",
        "properties": {"status": {"const": "ok"}, "publication": {"type": "integer", "minimum": 1}},
        "required": ["status", "publication"],
        "additionalProperties": False,
    },
    "Workspaces": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "workspaceId": {"type": "string"},
                "workspaceName": {"type": "string"},
                "timezone": {"type": "string"},
                "firstActivityDate": {**_DAY, "type": ["string", "null"]},
                "asOfDate": {**_DAY, "type": ["string", "null"]},
                "users": {"type": "integer", "minimum": 0},
            },
            "required": ["workspaceId", "workspaceName", "timezone", "firstActivityDate", "asOfDate", "users"],
            "additionalProperties": False,
        },
    },
    "Cohort": {
        "type": "object",
        "properties": {
            "cohortDate": _DAY,
            "cohortSize": {"type": "integer", "minimum": 1},
            "retention": {
                "type": "object",
                "patternProperties": {
                    "^day[0-9]+$": {"type": ["number", "null"], "minimum": 0, "maximum": 100},
                },
                "additionalProperties": False,
            },
        },
        "required": ["cohortDate", "cohortSize", "retention"],
        "additionalProperties": False,
    },
}


def named(component: str) -> dict[str, str]:
    """Schema of a component by its name."""
    return {"$ref": f"#/components/schemas/{component}"}


def part_of_report(key: str) -> dict[str, str]:
    """Schema of what the document has under a key."""
    return {"$ref": f"{_REPORT}/properties/{key}"}


def responses(schema: dict[str, str], *errors: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: 200 with this schema, and the errors it may end in."""
    return {
        200: {"description": "OK", "content": {"application/json": {"schema": schema}}},
        **{
            status: {
                "description": _ERRORS[status],
                "content": {"application/json": {"schema": named("Error")}},
            }
            for status in errors
        },
    }


def tagged_responses(schema: dict[str, str], *errors: int) -> dict[int | str, dict[str, Any]]:
    """The same for a route whose answers carry an ETag and need a token."""
    found = responses(schema, *errors)
    etag = {"ETag": {"description": "Changes with the publication.", "schema": {"type": "string"}}}
    found[200]["headers"] = etag
    return found | {304: {"description": "As If-None-Match has it.", "headers": etag}}


def describe(app: FastAPI) -> None:
    """Let `app` publish its OpenAPI document, components included."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
            report = document_schema()
            # An OpenAPI 3.1 document names the dialect of its schemas itself: that of JSON Schema 2020-12.
            del report["$schema"]
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(_COMPONENTS, Report=report)
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = openapi
