"""The frame and its own screens, run as Streamlit runs them, against a real controller API."""

import httpx
import pytest
from streamlit.testing.v1 import AppTest

import hmi.city
import hmi.session
from hmi.context import Writes
from hmi.gateway import Gateway, Source
from hmi.language import Words
from hmi.navigation import existing
from hmi.process import Shared, share, shared
from hmi.server import SCRIPT
from hmi.user_api import Refused, UserApi, call
from tests.support.served_api import PASSWORD
from tests.support.served_screen import served_screen

RUN_S = 30


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with served_screen(tmp_path_factory.mktemp("app")) as api:
        yield api


@pytest.fixture
def as_person(api, monkeypatch):
    """Log a person in, as the cookie of a browser would."""

    def log_in(name, language="en"):
        from controller.api.order_schema import LoginMessage

        body = {"name": name, "password": PASSWORD}
        token = call(shared().client, LoginMessage, "POST", "/login", body=body).token
        jar = {hmi.session.TOKEN_COOKIE: token, hmi.session.LANGUAGE_COOKIE: language}
        monkeypatch.setattr(hmi.session, "cookies", lambda: jar)
        return token

    return log_in


def screen(name):
    """A page that is one screen and nothing else."""
    return AppTest.from_string(
        f"from hmi.session import screen_of_this_run\nfrom hmi.screens import {name}\n"
        f"{name}.render(screen_of_this_run())",
        default_timeout=RUN_S,
    )


def words_on(page):
    kinds = ("title", "subheader", "caption", "info", "warning", "error", "success", "markdown")
    return " ".join(element.value for kind in kinds for element in page.get(kind) if element.value)


def test_the_frame_opens_on_a_page_with_the_strip_and_no_error(as_person):
    as_person("lei")
    page = AppTest.from_file(str(SCRIPT), default_timeout=RUN_S).run()
    assert not page.exception
    assert not page.error
    assert page.title or page.get("bidi_component")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["audit", "settings", "style"])
def test_the_frames_own_screens_render_in_both_languages(as_person, name, language):
    as_person("ada", language)
    page = screen(name).run()
    assert not page.exception
    module = __import__(f"hmi.screens.{name}", fromlist=["TITLE"])
    assert page.title[0].value == Words(language)(module.TITLE)


def test_every_listed_screen_has_a_title_and_a_render():
    assert existing()
    for name in existing():
        module = __import__(f"hmi.screens.{name}", fromlist=["TITLE", "render"])
        assert isinstance(module.TITLE, str)
        assert callable(module.render)


def test_a_session_that_has_ended_leads_to_the_login(monkeypatch, api):
    monkeypatch.setattr(hmi.session, "cookies", dict)
    page = AppTest.from_file(str(SCRIPT), default_timeout=RUN_S).run()
    assert not page.exception
    assert "会话已结束" in words_on(page)


def test_the_audit_is_closed_to_who_may_not_read_it(as_person):
    as_person("lei")
    page = screen("audit").run()
    assert not page.dataframe
    assert "your role does not" in words_on(page)


def test_the_audit_lists_entries_newest_first_finds_and_checks_them(api, as_person):
    as_person("ada")
    api.run(api.room.round())
    page = screen("audit").run()
    table = page.dataframe[0].value
    assert list(table["No."]) == sorted(table["No."], reverse=True)
    assert "logged in" in set(table["What"])
    page.text_input(key="audit_who").set_value("nobody-of-that-name").run()
    assert not page.dataframe
    page.text_input(key="audit_who").set_value("ada").run()
    assert set(page.dataframe[0].value["Who"]) == {"ada"}
    page.button(key="audit_check").click().run()
    assert "The chain is sound" in words_on(page)


def test_two_new_passwords_that_differ_change_nothing(as_person):
    token = as_person("lei")
    page = screen("settings").run()
    old, new, again = page.text_input[:3]
    old.set_value(PASSWORD)
    new.set_value("a summer of 6 months")
    again.set_value("a summer of 5 months")
    page.button[0].click().run()
    assert "differ" in words_on(page)
    assert UserApi(shared().client, token).me().user.name == "lei"


def test_an_administrator_makes_and_shuts_an_account(as_person):
    token = as_person("ada")
    page = screen("settings").run()
    name = next(field for field in page.text_input if field.label == "User name")
    name.set_value("new-one")
    next(field for field in page.text_input if field.label == "Password").set_value("a spring of 3 weeks")
    next(button for button in page.button if button.label == "Add account").click().run()
    api = UserApi(shared().client, token)
    assert "new-one" in {user.name for user in api.users()}
    page = screen("settings").run()
    page.selectbox[0].set_value("new-one")
    next(button for button in page.button if button.label == "Disable").click().run()
    assert {user.name: user.disabled for user in api.users()}["new-one"]


def test_a_viewer_writes_by_no_call_of_ours(as_person):
    api = UserApi(shared().client, as_person("vera"))
    order = {"kind": "mode", "mode": "local", "district": "north"}
    calls = (
        lambda: api.prepare(order, "a viewer tries", "key-of-a-viewer"),
        lambda: api.approve(1),
        lambda: api.commit(1),
        lambda: api.district_local("north", "a viewer tries", "key-of-a-viewer"),
        lambda: api.acknowledge("any"),
        lambda: api.shelve("any", "a viewer tries", 600.0),
        lambda: api.unshelve("any"),
        lambda: api.remove_from_service("any", "a viewer tries"),
        lambda: api.restore_to_service("any"),
        lambda: api.add_user("intruder", "a winter of 9 months", "admin", None),
        lambda: api.change_user("lei", disabled=True),
    )
    for attempt in calls:
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.status == 403


def test_writing_is_closed_for_a_viewer_and_on_frozen_data(as_person):
    city, words = shared().gateway.city, Words("en")
    viewer = UserApi(shared().client, as_person("vera")).me()
    lead = UserApi(shared().client, as_person("lei")).me()
    assert Writes.of(city, lead, words) == Writes(open=True, why="")
    assert "role" in Writes.of(city, viewer, words).why
    old = hmi.city.replace(city, received=city.received - 1000.0)
    assert "frozen" in Writes.of(old, lead, words).why


def test_an_id_from_outside_reaches_no_other_path(as_person):
    api = UserApi(shared().client, as_person("lei"))
    for station in ("../users", "S001/../../users", "?all=1", "S999"):
        with pytest.raises(Refused) as refused:
            api.station(station)
        assert refused.value.status in (404, 422)


def test_a_reload_beside_a_silent_controller_still_shows_who_was_known(as_person, api, monkeypatch):
    as_person("lei")
    assert screen("style").run().title
    with httpx.Client(base_url="http://127.0.0.1:9", trust_env=False) as nowhere:
        city = hmi.city.replace(shared().gateway.city, received=0.0)
        silent = Gateway(Source(url="http://127.0.0.1:9", token_file=api.token_file))
        silent._city = city
        before = shared()
        share(Shared(gateway=silent, client=nowhere))
        try:
            assert screen("style").run().title
            monkeypatch.setattr(hmi.session, "cookies", lambda: {hmi.session.TOKEN_COOKIE: "nobody-knows-me"})
            page = AppTest.from_file(str(SCRIPT), default_timeout=RUN_S).run()
        finally:
            share(before)
    assert not page.exception
    assert "没有应答" in words_on(page)


def test_a_cookie_that_is_no_token_is_nobody(monkeypatch, api):
    for text in ("", "short", "line\nbreak-in-a-token", "密码" * 10):
        jar = {hmi.session.TOKEN_COOKIE: text}
        monkeypatch.setattr(hmi.session, "cookies", lambda jar=jar: jar)
        with pytest.raises(hmi.session.SessionOver):
            hmi.session.screen_of_this_run()
