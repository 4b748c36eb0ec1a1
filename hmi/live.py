"""What lives on a page while the page stands still: regions whose drawings ask for their data by themselves.

Streamlit runs its script anew for each refresh of each session and has the browser compare all that it drew:
20 ms on both sides, whatever is shown. A run therefore only lays a region down; from then on the browser asks
here every few seconds, once for all drawings of the region (``live.js``). Nothing is decided here: the same
function that fills a region in a run of the script answers, for the same person.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hmi.context import Screen, Theme
from hmi.language import DEFAULT_LANGUAGE, Language
from hmi.process import shared
from hmi.session import TOKEN_COOKIE, SessionOver, known_token, screen_of
from hmi.user_api import Refused, Unreachable

PATH = "/live/"
MAX_QUERY = 1000
"""Characters of a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a region shows now."""

    drawings: Mapping[str, Mapping[str, Any]]
    """Payload of each drawing by its key on the page."""
    layout: str = ""
    """Stands for what was laid down beside the drawings, buttons above all: the page is run anew when it
    changes."""


Fill = Callable[[Screen, Mapping[str, str]], Parts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Drawings that are refreshed together."""

    name: str
    period_s: float
    """Wall seconds from one answer to the next question."""
    fill: Fill
    ahead: bool = False
    """Whether its answer is kept for all sessions and worked out as soon as somebody asks for its page."""

    def lay(self, screen: Screen, query: Mapping[str, str] | None = None) -> Mapping[str, Mapping[str, Any]]:
        """Return the payload of each drawing, with the address at which the browser goes on asking."""
        asked = query or {}
        parts = self.fill(screen, asked)
        live = {**self.address(screen.words.language, screen.theme, asked), "layout": parts.layout}
        return {key: {**data, "live": {**live, "key": key}} for key, data in parts.drawings.items()}

    def address(self, language: Language, theme: Theme, query: Mapping[str, str]) -> dict[str, Any]:
        """Return where and how often the browser asks."""
        asked = {**query, "language": language, "theme": theme}
        return {"url": f"{PATH}{self.name}?{urlencode(asked)}", "period_s": self.period_s}


_regions: dict[str, Region] = {}


def region(name: str, period_s: float, *, ahead: bool = False) -> Callable[[Fill], Region]:
    """Make a region of the function that fills it. ``name`` stands in its address."""

    def make(fill: Fill) -> Region:
        made = Region(name=name, period_s=period_s, fill=fill, ahead=ahead)
        _regions[name] = made
        return made

    return make


_ahead = threading.Semaphore(4)
"""Threads that work ahead at once: whoever asks for pages without end gets no more than these."""


def work_ahead(page: str, token: str, language: Language) -> None:
    """Work out in a thread what a page will show: its scripts keep the browser busy for longer than that."""
    wanted = _regions.get(page)
    if wanted is None or not wanted.ahead or shared().gateway.city.frozen():
        return

    def work() -> None:
        try:
            with suppress(SessionOver, Unreachable, Refused):
                wanted.fill(screen_of(token, language, "light"), {})
        finally:
            _ahead.release()

    if _ahead.acquire(blocking=False):
        threading.Thread(target=work, daemon=True, name="ahead").start()


def live_routes() -> list[Route]:
    """Return the path at which browsers ask."""
    return [Route(PATH + "{name:str}", _answer, methods=["GET"])]


async def _answer(request: Request) -> Response:
    """Answer with the region's parts; 304 where they are those that the browser has."""
    wanted = _regions.get(request.path_params["name"])
    if wanted is None or len(request.url.query) > MAX_QUERY:
        return refusal(404, "There is no such region.")
    token = known_token(request.cookies.get(TOKEN_COOKIE, ""))
    query = dict(request.query_params)
    language: Language = "en" if query.pop("language", DEFAULT_LANGUAGE) == "en" else "zh"
    theme: Theme = "dark" if query.pop("theme", "") == "dark" else "light"
    try:
        body = await anyio.to_thread.run_sync(_body, wanted, token, language, theme, query)
    except SessionOver:
        return refusal(401, "The session has ended.")
    except (Unreachable, Refused):
        return refusal(503, "The controller does not answer.")
    tag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "no-store"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _body(wanted: Region, token: str, language: Language, theme: Theme, query: Mapping[str, str]) -> bytes:
    parts = wanted.fill(screen_of(token, language, theme), query)
    whole = {"layout": parts.layout, "drawings": parts.drawings}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def refusal(status: int, message: str) -> Response:
    """Return an answer without data, which no browser keeps."""
    return JSONResponse({"message": message}, status_code=status, headers={"cache-control": "no-store"})
