"""Every refusal looks alike: ``{"error": {"code", "message", "hint"}}``, and never a traceback."""

import secrets

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from controller.api.snapshot import encode

log = structlog.get_logger("api")

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

_HINTS = {
    401: (
        "unauthorized",
        "send 'Authorization: Bearer TOKEN'; the token stands in the data folder, api_token",
    ),
    404: ("not_found", "GET /api/v1/openapi.json lists all paths"),
    405: ("method_not_allowed", "GET /api/v1/openapi.json lists what each path takes"),
    413: ("too_large", "a request body may have at most 256 KiB"),
    422: ("not_valid", "GET /api/v1/openapi.json lists what is allowed"),
    503: ("busy", "try again in a second"),
}


def refusal(status: int, message: str, hint: str | None = None, code: str | None = None) -> Response:
    """Return a refusal as JSON."""
    known_code, known_hint = _HINTS.get(status, ("refused", ""))
    body = {"error": {"code": code or known_code, "message": message, "hint": hint or known_hint}}
    return Response(encode(body), status, media_type="application/json")


def install(app: FastAPI) -> None:
    """Make the app answer every error in this shape."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _bug)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404 and error.detail == "Not Found":
        return refusal(404, f"no such path: {request.url.path[:200]}")
    response = refusal(error.status_code, str(error.detail))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    parts = []
    for item in error.errors():
        name = ".".join(str(part) for part in item["loc"] if part not in ("query", "path"))
        got = "" if item["type"] == "missing" else f" (got {str(item['input'])[:100]!r})"
        parts.append(f"{name}: {item['msg']}{got}")
    return refusal(422, "; ".join(parts))


def _bug(request: Request, error: Exception) -> Response:
    """Answer a fault of ours: the client gets an id, the log the traceback under the same id."""
    number = secrets.token_hex(4)
    log.error("api_bug", error_id=number, path=request.url.path, exc_info=error)
    return refusal(
        500, f"a fault of the server, logged as {number}", "tell the operator this number", "fault"
    )
