"""Every refusal looks alike: ``{"error": {"code", "message", "hint"}}``, and never a traceback."""

import secrets
import sqlite3

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from controller.accounts.passwords import HashingBusy
from controller.api.snapshot import encode
from controller.orders.words import Refused

log = structlog.get_logger("api")

SHOWN = 5
"""Reasons in the message of a refusal; all of them stand in its list."""
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
        "send 'Authorization: Bearer TOKEN'; people get one by POST /api/v1/login, for reading there is also"
        " the one in the data folder, api_token",
    ),
    400: ("not_valid", "GET /api/v1/openapi.json lists what is allowed"),
    403: ("forbidden", "log in as somebody whose role and districts allow it"),
    404: ("not_found", "GET /api/v1/openapi.json lists all paths"),
    405: ("method_not_allowed", "GET /api/v1/openapi.json lists what each path takes"),
    409: ("conflict", "look at the present state and prepare the order again"),
    410: ("expired", "prepare the order again"),
    413: ("too_large", "a request body may have at most 256 KiB"),
    422: ("not_valid", "GET /api/v1/openapi.json lists what is allowed"),
    429: ("locked", "wait; 'dhc user enable SITE NAME' on the controller's machine opens it at once"),
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
    app.add_exception_handler(Refused, _not_ordered)
    app.add_exception_handler(HashingBusy, _hashing_busy)
    app.add_exception_handler(sqlite3.DatabaseError, _not_stored)
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
        name = ".".join(str(part) for part in item["loc"] if part not in ("query", "path", "body"))
        # A body may hold a password, and a misspelt key may have it as its value: nothing of it is repeated.
        quoted = item["type"] != "missing" and item["loc"][0] != "body"
        got = f" (got {str(item['input'])[:100]!r})" if quoted else ""
        parts.append(f"{name}: {item['msg']}{got}")
    return refusal(422, "; ".join(parts))


def _not_ordered(_request: Request, error: Exception) -> Response:
    """Answer an order that is not taken: each reason as id, numbers and sentence in two languages."""
    assert isinstance(error, Refused)
    code, hint = _HINTS[error.status]
    message = " ".join(reason.en for reason in error.reasons[:SHOWN])
    reasons = [reason.to_json() for reason in error.reasons]
    body = {"error": {"code": code, "message": message, "hint": hint, "reasons": reasons}}
    return Response(encode(body), error.status, media_type="application/json")


def _hashing_busy(_request: Request, _error: Exception) -> Response:
    return refusal(503, "too many logins at once")


def _not_stored(_request: Request, error: Exception) -> Response:
    return not_stored(error)


def not_stored(error: Exception) -> Response:
    """Answer when a store can not be used now (disk full, locked, damaged); nothing was done."""
    log.error("not_stored", why=str(error))
    return refusal(503, "the change can not be stored now; nothing was changed")


def _bug(request: Request, error: Exception) -> Response:
    """Answer a fault of ours: the client gets an id, the log the traceback under the same id."""
    number = secrets.token_hex(4)
    log.error("api_bug", error_id=number, path=request.url.path, exc_info=error)
    return refusal(
        500, f"a fault of the server, logged as {number}", "tell the operator this number", "fault"
    )
