"""What a page waits for before it shows anything: its files, all named with it, and its data."""

import asyncio
import re
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from controller.api.order_schema import LoginMessage
from hmi import grounds, kept
from hmi.grounds import ground_routes
from hmi.guard import HEADERS, PageGuard
from hmi.live import live_routes
from hmi.navigation import existing
from hmi.packaged import FOLDERS, PACKAGE, component_files
from hmi.preload import MOST, links_of
from hmi.process import shared
from hmi.session import TOKEN_COOKIE
from hmi.standing import FOR_GOOD, streamlit_files
from hmi.user_api import call
from tests.support.served_api import PASSWORD
from tests.support.served_screen import served_screen

LINK = re.compile(r"<([^>]+)>; rel=(modulepreload|preload; as=(?:style|fetch; crossorigin))")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with served_screen(tmp_path_factory.mktemp("paint")) as api:
        yield api


@pytest.fixture
def nobody(api):
    """A browser without a session; behind the guard stands a page that says nothing but its name."""

    async def page(request):
        return PlainTextResponse(f"page {request.url.path}")

    routes = [*live_routes(), *ground_routes(), Route("/{name:path}", page)]
    app = Starlette(routes=routes, middleware=[Middleware(PageGuard)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://screen")


@pytest.fixture
def browser(nobody):
    body = {"name": "vera", "password": PASSWORD}
    token = call(shared().client, LoginMessage, "POST", "/login", body=body).token
    nobody.cookies.set(TOKEN_COOKIE, token)
    return nobody


def linked(header):
    found = LINK.findall(header)
    assert len(found) == len(header.split(", ")), header
    return [path for path, _ in found]


@pytest.mark.parametrize("page", existing())
def test_all_that_is_named_with_a_page_is_there(page):
    named = linked(links_of(page))
    assert len(named) == len(set(named))
    assert set(named) <= {*streamlit_files(), *component_files()}
    assert len(links_of(page)) <= MOST


def test_a_page_names_its_drawings_their_modules_and_styles():
    named = linked(links_of("overview"))
    for drawing in ("strip", "city_map", "indicators", "histogram", "trend"):
        at = f"/_stcore/bidi-components/{PACKAGE}.{drawing}"
        files = {path.rpartition("/")[2] for path in named if path.startswith(f"{at}/")}
        assert {f"{drawing}.js", f"{drawing}.css", "live.js"} <= files
    assert "map_layout.js" in {path.rpartition("/")[2] for path in named}
    assert any("/BidiComponent." in path for path in named)
    assert not any("process_diagram" in path for path in named)


async def test_a_file_that_stands_still_comes_from_memory_and_is_kept_for_good(nobody):
    for path, file in [*component_files().items(), *list(streamlit_files().items())[:20]]:
        answer = await nobody.get(path)
        assert answer.content == file.read_bytes()
        assert answer.headers["cache-control"] == FOR_GOOD
        assert answer.headers["x-content-type-options"] == HEADERS["x-content-type-options"]


@pytest.mark.parametrize("path", ["/static/js/none.js", "/static/%2e%2e/index.html", "/static/../app.py"])
async def test_no_other_file_is_answered_from_memory(nobody, path):
    assert (await nobody.get(path)).text.startswith("page ")


def test_an_address_of_a_component_changes_with_any_of_the_files():
    assert re.fullmatch(r"dhc[0-9a-f]{8}", PACKAGE)
    assert all(path.split("/")[3].startswith(f"{PACKAGE}.") for path in component_files())
    assert {file.parent for file in component_files().values()} <= set(FOLDERS)


async def test_nobody_learns_from_a_page_what_only_a_person_may_see(nobody, browser):
    nobody.cookies.clear()
    answer = await nobody.get("/")
    assert answer.status_code == 303
    assert "link" not in answer.headers


async def test_a_page_has_its_data_worked_out_while_its_scripts_load(browser):
    kept.forget()
    answer = await browser.get("/")
    assert set(linked(links_of("overview"))) <= set(linked(answer.headers["link"]))
    deadline = time.monotonic() + 20.0
    while kept.last("overview:zh") is None and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)  # a thread works it out, and tells nobody
    assert set(kept.last("overview:zh")) >= {"city_map", "city_load"}
    at = grounds.newest("zh")
    assert linked((await browser.get("/")).headers["link"])[-1] == at


async def test_the_ground_of_the_map_is_for_who_is_logged_in_and_then_kept(browser):
    told = (await browser.get("/live/overview?language=en")).json()["drawings"]["city_map"]
    answer = await browser.get(told["at"])
    assert answer.status_code == 200
    assert {"S001", "S002"} <= {place["id"] for place in answer.json()["places"]}
    assert "immutable" in answer.headers["cache-control"]
    assert (await browser.get("/ground/0123456789abcdef")).status_code == 404
    browser.cookies.clear()
    refused = await browser.get(told["at"])
    assert (refused.status_code, refused.headers["cache-control"]) == (401, "no-store")
