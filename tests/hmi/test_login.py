"""Login, logout and the guard around the pages, against a real controller API."""

import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from hmi.gateway import Gateway, Source
from hmi.guard import PageGuard
from hmi.guard_paths import login_url, safe_next
from hmi.login import login_routes
from hmi.process import Shared, share
from hmi.session import LANGUAGE_COOKIE, TOKEN_COOKIE
from hmi.user_api import Refused, UserApi
from tests.support.served_api import PASSWORD, served_api

HERE = "http://screen"


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with served_api(tmp_path_factory.mktemp("login")) as api:
        yield api


@pytest.fixture
def client(api):
    """A browser at the screen; behind the login stands a page that says nothing but hello."""

    async def page(_):
        return PlainTextResponse("the page")

    with httpx.Client(base_url=api.url, trust_env=False) as to_api:
        share(Shared(gateway=Gateway(Source(url=api.url, token_file=api.token_file)), client=to_api))
        routes = [*login_routes(), Route("/", page), Route("/{name:path}", page)]
        app = Starlette(routes=routes, middleware=[Middleware(PageGuard)])
        yield httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=HERE)


def form(**changes):
    return {"name": "lei", "password": PASSWORD, "next": "/audit"} | changes


async def test_a_page_without_session_leads_to_the_login_and_back(client):
    answer = await client.get("/audit?station=S001")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Faudit%3Fstation%3DS001")
    answer = await client.get(answer.headers["location"])
    assert 'value="/audit?station=S001"' in answer.text
    answer = await client.post("/login", data=form(next="/audit?station=S001"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/audit?station=S001")
    assert (await client.get("/audit")).text == "the page"


async def test_the_token_stands_in_a_cookie_that_no_script_reads_and_in_no_url(client):
    answer = await client.post("/login", data=form())
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    token = answer.cookies[TOKEN_COOKIE]
    assert token not in answer.headers["location"]
    assert token not in answer.text
    answer = await client.post("/login", data=form(), headers={"x-forwarded-proto": "https"})
    assert "Secure" in answer.headers["set-cookie"]


async def test_the_controller_is_told_where_the_browser_is(client, api):
    transport = httpx.ASGITransport(app=client._transport.app, client=("10.0.0.7", 40_000))
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as browser:
        await browser.post("/login", data=form())
    query = "SELECT data FROM events WHERE kind = 'login' ORDER BY id DESC"
    with api.room.accounts.kept.reading() as connection:
        noted = json.loads(connection.execute(query).fetchone()["data"])
    assert noted == {"from": "127.0.0.1", "browser_told": "10.0.0.7"}


async def test_logout_ends_the_session_at_the_controller_too(client):
    await client.post("/login", data=form())
    token = client.cookies[TOKEN_COOKIE]
    with httpx.Client(base_url=str(shared_url()), trust_env=False) as to_api:
        assert UserApi(to_api, token).me().user.name == "lei"
        answer = await client.post("/logout")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert TOKEN_COOKIE not in client.cookies
        with pytest.raises(Refused) as refused:
            UserApi(to_api, token).me()
    assert refused.value.session_over


def shared_url():
    from hmi.process import shared

    return shared().client.base_url


async def test_a_wrong_password_is_told_and_opens_nothing(client):
    answer = await client.post("/login", data=form(password="wrong"))
    assert answer.status_code == 401
    assert "密码错误" in answer.text
    assert TOKEN_COOKIE not in answer.cookies
    assert 'value="lei"' in answer.text


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"name": "", "password": ""},
        {"name": "x" * 5000, "password": "y"},
        {"name": "lei", "password": "z" * 300},
    ],
    ids=["nothing", "empty", "long name", "long password"],
)
async def test_a_senseless_form_is_refused_in_words(client, data):
    answer = await client.post("/login", data=data)
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert TOKEN_COOKIE not in answer.cookies


async def test_a_form_from_another_site_is_refused(client):
    for path, data in (("/login", form()), ("/logout", {})):
        answer = await client.post(path, data=data, headers={"origin": "http://elsewhere"})
        assert answer.status_code == 403
    answer = await client.post("/login", data=form(), headers={"origin": HERE})
    assert answer.status_code == 303


async def test_what_was_typed_comes_back_as_text(client):
    answer = await client.post("/login", data=form(name='"><script>alert(1)</script>', password="wrong"))
    assert "<script>" not in answer.text


async def test_the_login_speaks_both_languages_and_remembers(client):
    assert "登录" in (await client.get("/login")).text
    answer = await client.get("/login?lang=en")
    assert "User name" in answer.text
    assert client.cookies[LANGUAGE_COOKIE] == "en"
    assert "User name" in (await client.get("/login")).text


async def test_the_language_chosen_at_the_login_follows_the_person_to_every_browser(client):
    page = (await client.get("/login?lang=en&next=/audit")).text
    assert '<input type="hidden" name="lang" value="en">' in page
    assert "/login?lang=zh&amp;next=%2Faudit" in page
    await client.post("/login", data=form(lang="en"))
    client.cookies.clear()
    answer = await client.post("/login", data=form())
    assert answer.cookies[LANGUAGE_COOKIE] == "en"
    client.cookies.clear()
    answer = await client.post("/login", data=form(name="vera"))  # who never chose keeps the browser's
    assert LANGUAGE_COOKIE not in answer.cookies


async def test_every_answer_lets_the_browser_load_from_this_machine_only(client):
    for path in ("/login", "/audit", "/static/x.js"):
        policy = (await client.get(path)).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "http" not in policy


async def test_a_page_that_is_none_leads_to_the_overview(client):
    await client.post("/login", data=form())
    answer = await client.get("/nonsense")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_without_any_account_the_login_says_how_to_make_one(tmp_path, client):
    with served_api(tmp_path, people=False) as empty, httpx.Client(base_url=empty.url) as to_api:
        share(Shared(gateway=Gateway(Source(url=empty.url, token_file=empty.token_file)), client=to_api))
        answer = await client.post("/login", data=form())
    assert "dhc user add" in answer.text


async def test_a_controller_that_does_not_answer_is_told(client):
    with httpx.Client(base_url="http://127.0.0.1:9") as nowhere:
        from hmi.process import shared

        share(Shared(gateway=shared().gateway, client=nowhere))
        answer = await client.post("/login", data=form())
    assert answer.status_code == 503
    assert "没有应答" in answer.text


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/station?station=S017", "/station?station=S017"),
        ("/", "/"),
        ("//elsewhere.example", "/"),
        ("https://elsewhere.example", "/"),
        ("/\\elsewhere", "/"),
        ("/station?x=<script>", "/"),
        ("/a/b", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_the_login_leads_to_places_of_this_screen_only(wanted, goes_to):
    assert safe_next(wanted) == goes_to


def test_a_place_that_is_none_is_left_out_of_the_way_to_the_login():
    assert login_url("/", "") == "/login"
    assert login_url("/station", "station=<b>") == "/login"
    assert login_url("/station", "station=S017") == "/login?next=%2Fstation%3Fstation%3DS017"
