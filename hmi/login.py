"""Login and logout: plain pages beside Streamlit, because only they can set a cookie that no script reads.

The controller's token goes straight into an http-only cookie of this site: it survives a reload, never stands
in a URL, and is never handed to a page. Posts from other sites are refused by their Origin.
"""

import asyncio
from contextlib import suppress
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from controller.api import order_schema
from hmi.guard_paths import safe_next
from hmi.language import DEFAULT_LANGUAGE, Language, Words
from hmi.palette import FONT, css_variables
from hmi.process import shared
from hmi.session import LANGUAGE_COOKIE, TOKEN_COOKIE, forget
from hmi.user_api import Refused, Unreachable, UserApi, call

PAGE = Template(Path(__file__).with_name("login.html").read_text("utf-8"))
MAX_FORM = 4096
"""Bytes of a posted form."""
BROWSER = "x-dhc-browser"
"""Header of the API for the address of a browser."""
YEAR_S = 365 * 86_400


def login_routes() -> list[Route]:
    """Return the paths of login and logout."""
    return [
        Route("/login", login_page, methods=["GET"]),
        Route("/login", log_in, methods=["POST"]),
        Route("/logout", log_out, methods=["POST"]),
    ]


async def login_page(request: Request) -> Response:
    """Show the form; ``lang`` chooses its language, for the screen behind it too."""
    words = _words(request)
    response = _page(request, words, safe_next(request.query_params.get("next", "/")))
    _remember_language(request, response, words)
    return response


async def log_in(request: Request) -> Response:
    """Ask the controller for a session; on success keep it in a cookie and go on."""
    words = _words(request)
    if not _from_here(request):
        return HTMLResponse(escape(words("This form came from another site.")), status_code=403)
    form = await _form(request)
    next_page, name = safe_next(form.get("next", "/")), form.get("name", "").strip()
    try:
        message = await asyncio.to_thread(
            call,
            shared().client,
            order_schema.LoginMessage,
            "POST",
            "/login",
            body={"name": name, "password": form.get("password", "")},
            headers=_whence(request),
        )
    except Refused as refused:
        return _page(request, words, next_page, name, _why(words, refused), 401, form.get("lang", ""))
    except Unreachable:
        why = words("The controller does not answer. Try again soon.")
        return _page(request, words, next_page, name, why, 503, form.get("lang", ""))
    response = RedirectResponse(next_page, status_code=303)
    _set_cookie(request, response, TOKEN_COOKIE, message.token, max_age=None)
    if form.get("lang"):
        with suppress(Refused, Unreachable):  # then it holds for this browser only
            await asyncio.to_thread(UserApi(shared().client, message.token).choose_language, words.language)
    elif message.user.language is not None:
        _keep_language(response, message.user.language)
    return response


def _whence(request: Request) -> dict[str, str]:
    """Return for the audit where the browser is; the controller itself sees nobody but this process."""
    if request.client is None:
        return {}
    return {**shared().gateway.voucher(), BROWSER: request.client.host}


async def log_out(request: Request) -> Response:
    """End the session at the controller and forget the cookie, whatever the controller says."""
    if not _from_here(request):
        return HTMLResponse(escape(_words(request)("This form came from another site.")), status_code=403)
    token = request.cookies.get(TOKEN_COOKIE, "")
    api = UserApi(shared().client, token)
    with suppress(Refused, Unreachable):  # it ends by itself; this browser forgets it in any case
        await asyncio.to_thread(api.log_out)
    forget(token)
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(TOKEN_COOKIE, path="/")
    return response


def _why(words: Words, refused: Refused) -> str:
    match refused.status, refused.code:
        case _, "no_account":
            return words(
                "There is no account yet. On the controller's machine: dhc user add SITE NAME --role admin"
            )
        case 429, _:
            return words("Too many wrong passwords: this name is locked for a quarter of an hour.")
        case 401 | 422, _:
            return words("Name or password is wrong. Five wrong ones lock the name for a quarter of an hour.")
        case _:
            return words("The controller can not log anybody in now. Try again soon.")


def _page(
    request: Request,
    words: Words,
    next_page: str,
    name: str = "",
    fault: str = "",
    status: int = 200,
    chosen: str = "",
) -> HTMLResponse:
    """Return the form; ``chosen`` is the language if the person chose it here, and not some day before."""
    city = shared().gateway.city
    other = "en" if words.language == "zh" else "zh"
    text = {
        "lang": words.either("zh-CN", "en"),
        "light": css_variables("light"),
        "dark": css_variables("dark"),
        "font": FONT,
        "simulation": words("SIMULATION · synthetic data") if city.simulation else "",
        "site": words.site_title(city.site) or words("District heating"),
        "title": words("Log in"),
        "name_label": words("User name"),
        "password_label": words("Password"),
        "button": words("Log in"),
        "fault": fault,
        "name": name[:64],
        "next": next_page,
        "chosen": words.language if request.query_params.get("lang") else chosen,
        "other": other,
        "other_query": urlencode({"lang": other, "next": next_page}),
        "other_label": words.either("English", "中文"),
        "hint": words("A session ends 30 min after its last page was closed, and after 12 h in any case."),
    }
    page = PAGE.substitute({key: escape(value) for key, value in text.items()})
    return HTMLResponse(page, status_code=status, headers={"cache-control": "no-store"})


def _words(request: Request) -> Words:
    chosen = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    zone = shared().gateway.city.site.timezone
    if chosen in ("zh", "en"):
        return Words("zh" if chosen == "zh" else "en", zone)
    return Words(DEFAULT_LANGUAGE, zone)


def _remember_language(request: Request, response: Response, words: Words) -> None:
    if "lang" in request.query_params:
        _keep_language(response, words.language)


def _keep_language(response: Response, language: Language) -> None:
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_S, path="/", samesite="lax")


def _set_cookie(request: Request, response: Response, name: str, value: str, max_age: int | None) -> None:
    """Lax, not strict: a link to a station in a message must find the session. Posts are judged by Origin."""
    secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
    response.set_cookie(name, value, max_age=max_age, path="/", httponly=True, samesite="lax", secure=secure)


def _from_here(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            return {}
    fields = parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True)
    return {key: values[0] for key, values in fields.items()}
