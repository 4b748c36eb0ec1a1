"""Grounds of maps by address: what stands still of a city travels once to a browser, which keeps it.

The address holds a hash of what is in it; places and pipes of 1,000 stations are 150 kB.
"""

import json
from collections import OrderedDict

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hmi.components.city_map import GROUNDS, Ground
from hmi.language import DEFAULT_LANGUAGE, Language
from hmi.live import refusal
from hmi.session import TOKEN_COOKIE, SessionOver, known_token, screen_of
from hmi.user_api import Refused, Unreachable

MOST = 8
"""Grounds that are kept: two languages, and those of a city before it was changed."""
KEPT = "private, immutable, max-age=86400"
_grounds: OrderedDict[str, bytes] = OrderedDict()
_newest: dict[Language, str] = {}


def keep(ground: Ground, language: Language) -> None:
    """Have a ground ready at its address; the oldest goes."""
    _newest[language] = GROUNDS + ground.id
    _grounds[ground.id] = json.dumps(ground.data, ensure_ascii=False, separators=(",", ":")).encode()
    while len(_grounds) > MOST:
        _grounds.popitem(last=False)


def newest(language: Language) -> str | None:
    """Return where browsers will ask for the ground in a language; None: it is not known yet."""
    return _newest.get(language)


def ground_routes() -> list[Route]:
    """Return the path at which browsers ask."""
    return [Route(GROUNDS + "{ground:str}", _answer, methods=["GET"])]


async def _answer(request: Request) -> Response:
    token = known_token(request.cookies.get(TOKEN_COOKIE, ""))
    try:
        await anyio.to_thread.run_sync(screen_of, token, DEFAULT_LANGUAGE, "light")
    except SessionOver:
        return refusal(401, "The session has ended.")
    except (Unreachable, Refused):
        return refusal(503, "The controller does not answer.")
    body = _grounds.get(request.path_params["ground"])
    if body is None:
        return refusal(404, "There is no such ground.")
    return Response(body, media_type="application/json", headers={"cache-control": KEPT})
