"""Screens of the city by Streamlit's own tester: they render, ask before they act, and tell refusals."""

from dataclasses import replace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from controller.api.schema import Sentence
from controller.words.phrase import said as said_of
from hmi.city import City, Feed
from hmi.user_api import Refused
from stations.model.quality import Quality, Reason
from tests.support import city_screens as bench
from tests.support.city_screens import FakeApi
from tests.support.fake_api import SHOWN, stand_in
from tests.support.hmi_city import (
    alarm,
    order,
    small_city,
    with_alarms,
    with_loop,
    with_reading,
    with_station,
)

SCRIPT = "from tests.support.fake_api import show\nshow()\n"
DIALOG = "from tests.support.city_screens import show_dialog\nshow_dialog()\n"
EVIL = "<img src=x onerror=alert(1)>**[x](http://x)"
ACTS = ("change_1", "auto_1", "local_1")


@pytest.fixture(autouse=True)
def own_process(monkeypatch):
    stand_in(monkeypatch)
    monkeypatch.setattr("hmi.screens.setpoint._again", st.rerun)
    bench.fresh()
    yield
    bench.fresh()


def opened(name, api=None, query=None, **changes):
    SHOWN.update(name=name, screen=bench.screen(api or FakeApi(), **changes))
    app = AppTest.from_string(SCRIPT, default_timeout=20)
    for key, value in (query or {}).items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def said(app):
    kinds = (app.caption, app.text, app.markdown, app.error, app.warning, app.info, app.title)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["overview", "stations", "station"])
def test_every_screen_renders_in_both_languages(name, language):
    assert opened(name, language=language).title[0].value


@pytest.mark.parametrize("name", ["overview", "stations", "station"])
def test_every_screen_renders_while_nothing_is_known_and_the_controller_is_silent(name):
    app = opened(name, FakeApi(silent=True), city=City(), role="viewer")
    assert app.title[0].value
    assert not app.exception


def test_a_link_to_no_station_says_so_and_leads_on():
    app = opened("station", query={"station": "S999<b>"})
    assert "There is no station S999<b> in this city." in said(app)
    assert [button.key for button in app.button] == ["to_stations"]


def test_a_station_name_is_text_whatever_it_is():
    city = small_city()
    traits = {key: one.model_copy(update={"name_en": EVIL}) for key, one in city.traits.items()}
    app = opened("station", city=replace(city, traits=traits))
    assert EVIL not in app.title[0].value, "its Markdown is escaped"
    assert EVIL in app.title[0].value.replace("\\", "")


def test_the_table_follows_the_filter():
    app = opened("stations")
    assert list(app.dataframe[0].value["station"]) == ["S001", "S001", "S002", "S003", "S004"]
    app.text_area(key="stations_text").set_value("S003\nnobody").run()
    assert list(app.dataframe[0].value["station"]) == ["S003"]
    assert "1 entries match no station: nobody" in said(app)
    app.text_area(key="stations_text").set_value("nobody").run()
    assert "No station passes this filter." in said(app)


# ------------------------------------------------------------------------------------------ who may write


def test_a_viewer_reads_why_the_buttons_are_shut():
    app = opened("station", role="viewer")
    assert "Your role may look" in said(app)
    assert all(app.button(key=key).disabled for key in ACTS)


def test_frozen_data_shut_every_button():
    app = opened("station", city=replace(small_city(), feed=Feed.GONE))
    assert "frozen" in said(app)
    assert all(app.button(key=key).disabled for key in ACTS)


def test_what_a_loop_is_already_can_not_be_ordered_again():
    app = opened("station")
    assert [app.button(key=key).disabled for key in ACTS] == [False, True, False]


def test_a_person_of_another_zone_reads_that():
    app = opened("station", districts=["elsewhere"])
    assert "not in your zone" in said(app)
    assert all(app.button(key=key).disabled for key in ACTS)


# -------------------------------------------------------------------------------------- identification now


@pytest.mark.parametrize(
    ("language", "outcome"),
    [("en", "0.31 against 0.42"), ("zh", "误差 0.31，原为 0.42")],
)
def test_an_engineer_has_a_station_identified_and_reads_what_came_of_it(language, outcome):
    api = FakeApi()
    app = opened("station", api, role="shift_lead", language=language)
    app.button(key="identify_now").click().run()
    assert ("identify", "S001") in api.asked
    (told,) = app.info
    assert outcome in told.value.replace("\\", "")


def test_identification_that_can_not_be_had_tells_why():
    app = opened("station", api := FakeApi(), role="shift_lead")
    why = said_of("learn.failed", station="S001", how="exit 7")
    api.refuse = Refused(503, "busy", why.en, reasons=[Sentence.model_validate(why.to_json())])
    app.button(key="identify_now").click().run()
    assert "ended without a result (exit 7); what was known stays" in said(app)


def test_only_who_may_approve_here_sees_the_button():
    keys = [
        {button.key for button in opened("station", **who).button}
        for who in ({"role": "operator"}, {"role": "shift_lead", "districts": ["elsewhere"]})
    ]
    assert all("identify_now" not in found for found in keys)


# ----------------------------------------------------------------------------------------------- the dialog


def test_a_press_opens_the_dialog_of_its_own_loop():
    app = opened("station")
    app.button(key="change_2").click().run()
    assert "S001 Station 1 · Loop 2" in said(app)
    assert app.button(key="setpoint_preview").disabled


def dialog(api=None, kind="setpoint", **changes):
    """The inside of the dialog of S001, loop 1."""
    SHOWN.update(kind=kind, screen=bench.screen(api or FakeApi(), **changes))
    app = AppTest.from_string(DIALOG, default_timeout=20).run()
    assert not app.exception, app.exception
    return app


def field(app):
    return next(one for one in app.text_input if str(one.key).startswith("setpoint_T_"))


def reasoned(app):
    app.text_input(key="setpoint_own").set_value("flat 302 is cold").run()
    return app


def test_a_setpoint_is_prepared_as_seen_shown_and_carried_out():
    api = FakeApi()
    app = dialog(api)
    assert field(app).value == "60.0"
    field(app).set_value("61,5 °C").run()
    reasoned(app).button(key="setpoint_preview").click().run()
    (_, body, reason, _), *_ = api.asked
    assert (body["T_supply"], body["duration_s"], reason) == (61.5, 14_400.0, "flat 302 is cold")
    assert body["loops"] == [
        {"station": "S001", "loop": 1, "order": 0, "mode": "auto", "T_supply_set": 60.0, "m_flow_set": 30.0}
    ]
    assert "Allowed now: 50.2–66.1" in said(app)
    assert "S001 Station 1" in app.button(key="setpoint_commit").label.replace("\\", "")
    app.button(key="setpoint_commit").click().run()
    assert api.asked[-1] == ("commit", 9)
    assert "3 States of order 9" in said(app)


def test_step_buttons_move_the_field():
    app = dialog()
    app.button(key="setpoint_up").click().run()
    app.button(key="setpoint_up").click().run()
    app.button(key="setpoint_down").click().run()
    assert field(app).value == "60.5"


@pytest.mark.parametrize("text", ["61 bar", "warm", "99", ""])
def test_what_is_no_setpoint_can_not_be_previewed(text):
    api = FakeApi()
    app = dialog(api)
    field(app).set_value(text).run()
    assert reasoned(app).button(key="setpoint_preview").disabled
    assert api.asked == []


def test_without_a_reason_nothing_is_previewed():
    assert dialog().button(key="setpoint_preview").disabled


def test_old_data_are_told_and_shut_the_preview():
    city = with_station(small_city(), "S001", link="lost")
    app = reasoned(dialog(city=city))
    assert "does not answer" in said(app)
    assert app.button(key="setpoint_preview").disabled


def test_the_preview_opens_as_soon_as_the_station_answers_again():
    city = small_city()
    app = reasoned(dialog(city=with_station(city, "S001", link="lost")))
    assert app.button(key="setpoint_preview").disabled
    SHOWN["screen"] = bench.screen(FakeApi(), city=city)
    app.run()
    assert not app.button(key="setpoint_preview").disabled


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        (
            Refused(
                409,
                "changed_by",
                "x",
                reasons=[Sentence(id="changed_by", params={}, en="lei was quicker", zh="已被 lei 更改")],
            ),
            "lei was quicker",
        ),
        (Refused(403, "right", "not your zone"), "Your role or zone does not allow this."),
        (Refused(410, "expired", "expired"), "It expired."),
    ],
)
def test_a_refusal_is_told_in_words_and_the_dialog_stays(refused, told):
    api = FakeApi(refuse=refused)
    app = reasoned(dialog(api))
    app.button(key="setpoint_preview").click().run()
    assert told in said(app)
    app.run()
    assert told in said(app), "the refresh of the dialog has taken the refusal away"
    assert app.button(key="setpoint_preview")


def test_a_press_repeated_on_a_bad_connection_has_the_same_key_and_another_order_another():
    api = FakeApi(silent=True)
    app = reasoned(dialog(api))
    app.button(key="setpoint_preview").click().run()
    app.button(key="setpoint_preview").click().run()
    field(app).set_value("62").run()
    app.button(key="setpoint_preview").click().run()
    first, second, third = (asked[3] for asked in api.asked)
    assert first == second != third
    assert "did not answer" in said(app)


def test_a_large_change_waits_for_a_second_person_and_can_not_be_carried_out():
    large = Sentence(id="large_supply", params={}, en="+5 K is more than 3 K", zh="+5 K 超过 3 K")
    api = FakeApi(prepared=order(state="prepared", needs_second=[large]))
    app = reasoned(dialog(api))
    app.button(key="setpoint_preview").click().run()
    assert "A second person must approve it: +5 K is more than 3 K" in said(app)
    assert "setpoint_commit" not in [button.key for button in app.button]


def test_an_order_is_undone_in_one_press():
    api = FakeApi()
    app = reasoned(dialog(api))
    app.button(key="setpoint_preview").click().run()
    app.button(key="setpoint_commit").click().run()
    api.prepared = order(10, kind="undo", state="prepared")
    app.button(key="setpoint_undo").click().run()
    assert api.asked[-2][1] == {"kind": "undo", "order": 9}
    assert api.asked[-1] == ("commit", 10)
    assert "3 States of order 10" in said(app)


@pytest.mark.parametrize("mode", ["auto", "local"])
def test_a_loop_is_given_back_with_a_reason(mode):
    api = FakeApi()
    before = "local" if mode == "auto" else "auto"
    app = reasoned(dialog(api, mode, city=with_loop(small_city(), "S001", mode=before)))
    app.button(key="setpoint_preview").click().run()
    assert api.asked[0][1]["mode"] == mode


def test_alarms_of_the_station_do_not_disturb_the_page():
    assert opened("station", city=with_alarms(small_city(), alarm(station="S001"))).title


def test_the_limits_stand_beside_the_field():
    assert "limits 25.0–85.0 °C" in said(dialog())
    assert "limits 30–100 %" in said(dialog()) or "Circulation, % of design" not in said(dialog())


def test_a_doubted_measurement_keeps_its_reason_in_the_dialog():
    doubted = with_reading(
        small_city(), "S001", "1/T_supply_secondary", 61.0, Quality.UNCERTAIN, Reason.SPIKE
    )
    assert "measured 61.0 °C · spike" in said(dialog(city=doubted))


def test_the_language_of_a_page_is_the_only_one_on_it():
    for name in ("overview", "stations", "station"):
        app = opened(name, language="zh")
        assert not app.multiselect, "its list has an entry that is English in any language"
