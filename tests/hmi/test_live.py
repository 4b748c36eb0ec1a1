"""Live regions: who may ask, what the answer is, and that the page lays the same."""

import httpx
import pytest
from starlette.applications import Starlette

import hmi.frame  # its strip is a region
import hmi.screens.overview
import hmi.screens.station
import hmi.screens.trends
import hmi.session
from controller.api.order_schema import LoginMessage
from hmi import live
from hmi.language import Words
from hmi.live import Parts, live_routes, region
from hmi.process import shared
from hmi.session import TOKEN_COOKIE, screen_of
from hmi.user_api import call
from tests.support.served_api import PASSWORD
from tests.support.served_screen import served_screen


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with served_screen(tmp_path_factory.mktemp("live")) as api:
        yield api


@pytest.fixture
def token(api):
    body = {"name": "vera", "password": PASSWORD}
    return call(shared().client, LoginMessage, "POST", "/login", body=body).token


@pytest.fixture
def nobody(api):
    transport = httpx.ASGITransport(Starlette(routes=live_routes()))
    return httpx.AsyncClient(transport=transport, base_url="http://screen")


@pytest.fixture
def browser(nobody, token):
    nobody.cookies.set(TOKEN_COOKIE, token)
    return nobody


@pytest.fixture
def counted(monkeypatch):
    """A region that counts how often it is filled, and what it is asked."""
    monkeypatch.setattr(live, "_regions", dict(live._regions))
    asked = []

    @region("counted", 2.0)
    def counted(screen, query):
        asked.append((screen.me.user.name, screen.words.language, screen.theme, dict(query)))
        return Parts(drawings={"one": {"seq": 7, "text": "水"}}, layout="plain")

    return counted, asked


async def test_a_region_answers_the_person_in_the_language_and_theme_that_the_page_has(
    browser, token, counted
):
    made, asked = counted
    laid = made.lay(screen_of(token, "en", "dark"), {"station": "S001"})["one"]
    assert laid["live"] | {"url": ""} == {"url": "", "period_s": 2.0, "layout": "plain", "key": "one"}
    answer = await browser.get(laid["live"]["url"])
    assert answer.json() == {"layout": "plain", "drawings": {"one": {"seq": 7, "text": "水"}}}
    assert answer.headers["cache-control"] == "no-store"
    assert asked == [("vera", "en", "dark", {"station": "S001"})] * 2


async def test_what_the_browser_has_already_is_not_sent_again(browser, token, counted):
    first = await browser.get("/live/counted")
    again = await browser.get("/live/counted", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("cookie", ["", "no-token-of-ours-at-all", "x y z"])
async def test_nobody_without_a_session_reads_a_region(nobody, counted, cookie):
    nobody.cookies.set(TOKEN_COOKIE, cookie)
    answer = await nobody.get("/live/counted")
    assert answer.status_code == 401
    assert counted[1] == []


async def test_a_silent_controller_is_said_and_an_unknown_region_too(browser, token, counted, monkeypatch):
    from hmi.user_api import Unreachable

    def silent(*_, **__):
        raise Unreachable

    monkeypatch.setattr(hmi.session, "_who", silent)
    assert (await browser.get("/live/counted")).status_code == 503
    assert (await browser.get("/live/nothing")).status_code == 404
    long = await browser.get(f"/live/counted?x={'y' * 1100}")
    assert long.status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_region_of_the_screen_answers_in_words(browser, token, language):

    for name, keys in (
        ("strip", {"strip"}),
        ("overview", {"city_map", "city_indicators", "city_deviations", "city_load"}),
        ("station?station=S001", {"link", "process_diagram", "faceplate_1", "told_1", "station_writes"}),
        ("station_trends?station=S001", {"day_trend_1"}),
        ("trends?lines=S001~1~T_supply_secondary&span=3600&days=1", {"trend_picture"}),
    ):
        sign = "&" if "?" in name else "?"
        answer = await browser.get(f"/live/{name}{sign}language={language}&theme=light")
        assert answer.status_code == 200, name
        assert keys <= set(answer.json()["drawings"]), name
    gone = await browser.get("/live/station?station=S999")
    assert gone.json() == {"layout": "gone", "drawings": {}}
    strip = (await browser.get(f"/live/strip?language={language}")).json()
    assert Words(language, "UTC")("Data age") in str(strip)
