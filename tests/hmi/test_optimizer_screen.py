"""The optimizer's page by Streamlit's own tester: with a plan, without one, and where its rows lead."""

import pytest

from hmi.components import rows
from hmi.screens import optimizer
from hmi.screens.order_dialog import Asked
from tests.support import operations_screen as bench
from tests.support import plan_told
from tests.support.city_screens import fresh
from tests.support.fake_api import FakeApi, stand_in
from tests.support.operations_city import NOW, order
from tests.support.operations_screen import opened


@pytest.fixture(autouse=True)
def own_session(monkeypatch):
    stand_in(monkeypatch)
    fresh()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_a_plan_the_optimizer_s_page_says_so(language):
    api = FakeApi(plan=plan_told.no_plan())
    assert opened("optimizer", api, language=language).title[0].value
    drawn = optimizer.drawings(bench.screen(api, language=language))
    said_of = {
        "en": "No plan: every loop keeps the curve · there is no plan yet",
        "zh": "没有计划：所有回路按供热曲线运行 · 尚无计划",
    }
    assert drawn["plan_headline"]["text"] == said_of[language]
    assert drawn["plan_loops"]["rows"] == []


def test_the_optimizer_s_page_lists_every_loop_and_who_is_left_out():
    drawn = optimizer.drawings(bench.screen(FakeApi()))
    listed = [row["id"] for row in drawn["plan_loops"]["rows"]]
    assert listed == ["S001/1", "S001/2", "S002/1", "S003/1"]
    assert [row["id"] for row in drawn["plan_excluded"]["rows"]] == ["S004/1"]


def test_a_loop_that_is_chosen_on_the_optimizer_s_page_opens_its_station(monkeypatch):
    left = []
    monkeypatch.setattr("hmi.screens.optimizer.open_page", lambda name, **query: left.append((name, query)))
    mount = rows.mount

    def told(table, key):
        drawn = mount(table, key)
        return rows.Told(picked="S002/1") if key == "plan_loops" else drawn

    monkeypatch.setattr(rows, "mount", told)
    opened("optimizer")
    assert left == [("station", {"station": "S002"})]


def pressed(monkeypatch, pressed_in, acted, **changes):
    """Open the page with one button of a table pressed; what dialog was asked for."""
    asked, mount = [], rows.mount

    def told(table, key):
        drawn = mount(table, key)
        return rows.Told(acted=acted) if key == pressed_in else drawn

    monkeypatch.setattr(rows, "mount", told)
    for module in ("optimizer", "optimizer_shadow"):
        monkeypatch.setattr(f"hmi.screens.{module}.ask", asked.append)
    opened("optimizer", **changes)
    return asked[-1]


def test_a_press_on_hold_asks_for_how_long_and_why_and_tells_what_the_plan_says(monkeypatch):
    asked = pressed(monkeypatch, "plan_loops", ("S002/1", "hold"))
    assert asked.title == "Hold S002 S002 Homes · loop 1 back from plans"
    assert asked.order["choice"] == "hold"
    assert 86_400.0 in asked.spans
    assert asked.told[0].startswith("52.3 °C and 60 % of design flow")


def test_the_end_of_a_hold_has_no_duration(monkeypatch):
    asked = pressed(monkeypatch, "plan_loops", ("S002/1", "district"), language="zh")
    assert (asked.spans, asked.title) == ({}, "S002 S002站 · 回路 1：恢复随片区策略")


def in_dialog(api, asked):
    """The page with this dialog open."""
    app = opened("optimizer", api)
    app.session_state["order_asked"] = asked
    return app.run()


def test_a_hold_goes_the_way_of_every_order_reason_preview_and_commit():
    loop = {"station": "S002", "loop": 1, "choice": "district", "choice_new": "hold"}
    preview = {"loops": [loop], "until": NOW + 86_400.0}
    api = FakeApi(prepared=order(kind="plan", preview=preview))
    asked = Asked(title="Hold", order={"kind": "plan"}, spans=optimizer.SPANS, key="a-key-of-8")
    app = in_dialog(api, asked)
    assert app.button("order_preview").disabled
    app.text_input("reason_own_a-key-of-8").input("windows are replaced").run()
    app.button("order_preview").click().run()
    assert api.asked[-1] == (
        "prepare",
        {"kind": "plan", "duration_s": 86_400.0},
        "windows are replaced",
        "a-key-of-8",
    )
    assert any("held back from plans" in element.value for element in app.text)
    app.button("order_commit").click().run()
    assert api.asked[-1] == ("commit", 5)
    assert not app.exception


def test_a_loop_that_drifted_is_promoted_with_a_reason_and_the_page_asks_anew():
    api = FakeApi()
    asked = Asked(title="Promote", promote="S002/1", key="a-key-of-9", told=("drifted",))
    app = in_dialog(api, asked)
    assert app.button("order_promote").disabled
    app.text_input("reason_own_a-key-of-9").input("valve was mended").run()
    app.button("order_promote").click().run()
    assert ("promote", "S002/1", "valve was mended") in api.asked
    assert any("S002/1 follows plans again" in toast.value.replace("\\", "") for toast in app.toast)


def test_the_press_on_promote_tells_why_the_loop_was_demoted(monkeypatch):
    asked = pressed(monkeypatch, "plan_shadow", ("S002/1", "promote"))
    assert asked.promote == "S002/1"
    assert "more heat" in asked.told[0]
