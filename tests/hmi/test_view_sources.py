"""Orders to heat sources on the optimizer's page: every hour as it was told, and a button where one waits."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from controller.api.order_schema import SeenLoop
from controller.api.source_schema import SourceMessage
from hmi.language import Words
from hmi.screens import optimizer_sources as screen
from hmi.view_models import optimizer_sources as model
from tests.support import operations_screen as bench
from tests.support import plan_told
from tests.support.api_bench import NOW
from tests.support.city_screens import fresh
from tests.support.fake_api import SHOWN, FakeApi, stand_in
from tests.support.hmi_city import small_city

SCRIPT = "from tests.support.fake_api import show\nshow()\n"
EN, ZH = Words("en", "Asia/Shanghai"), Words("zh", "Asia/Shanghai")


def city():
    return replace(small_city(), now=NOW)


def rows_of(told, words=EN):
    return {row.id: row.cells for row in model.order_table(words, city(), told, 300).rows}


def test_hours_of_all_sources_stand_one_after_another_with_their_numbers():
    rows = rows_of(plan_told.sources())
    assert [name.partition("/")[0] for name in rows] == ["H001", "H001", "H002", "H001", "H002", "H001"]
    hour, _, advice, heat, supply, flow, head, state, _ = rows[f"H001/{NOW + 3600.0:.0f}"]
    assert hour.text == "Wed 15 Jan 09:00"
    assert (advice.text, heat.text, heat.small) == ("gives heat", "52.34", "50.00")
    assert (supply.text, flow.text, head.text) == ("92.4", "950.4", "412")
    assert (state.text, state.hint, state.strong) == ("issued", "changed 2 times", True)


def test_a_source_that_is_off_or_starts_has_no_water_to_send():
    rows = rows_of(plan_told.sources())
    starts = rows[f"H002/{NOW + 3600.0:.0f}"]
    assert [cell.text for cell in starts[2:7]] == ["start it", "0.00", "none", "none", "none"]
    assert rows[f"H002/{NOW:.0f}"][2].text == "off"


def test_what_became_of_an_hour_and_who_knew_of_it_is_told_in_both_languages():
    past = rows_of(plan_told.sources())[f"H001/{NOW - 3600.0:.0f}"]
    assert (past[7].text, past[7].small, past[8].text) == (
        "executed",
        f"by olga at {EN.time(NOW - 5000.0)}",
        "51.90 MW · 92.0 °C",
    )
    chinese = rows_of(plan_told.sources(), ZH)[f"H001/{NOW - 3600.0:.0f}"]
    assert (chinese[7].text, chinese[2].text) == ("已执行", "供热")


def test_the_sheet_says_that_it_is_advice_and_what_is_to_be_known():
    facts = model.reason_sheet(EN, plan_told.sources()).facts
    assert facts[0] == "Advice only: nothing is written to a heat source."
    assert facts[1] == "The plan of 2025-01-16 is frozen."
    assert facts[2].startswith("The last 16 h lie beyond the plan")
    assert facts[3] == f"H001: last acknowledged by olga, 15 Jan {EN.time(NOW - 5000.0)}"


def test_before_anything_is_known_nothing_is_made_up():
    assert rows_of(None) == {}
    assert model.open_orders(None) == []
    assert model.reason_sheet(EN, None).facts == ("Not known",)


def test_an_operator_acknowledges_what_the_page_shows(monkeypatch):
    api = FakeApi()
    pressed = _press(monkeypatch, api)
    assert api.asked == [("acknowledge_source", "H002", NOW)]
    assert pressed == ["H001: acknowledge 2 orders", "H002: acknowledge 2 orders"]


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_only_who_may_order_has_a_button_that_can_be_pressed(monkeypatch, role):
    api, shut = FakeApi(), []
    monkeypatch.setattr("streamlit.button", lambda *_, disabled, **__: shut.append(disabled) and False)
    monkeypatch.setattr(screen, "line", lambda text: shut.append(text))
    screen._acknowledge(bench.screen(api, role=role))
    assert shut[:2] == [role == "viewer"] * 2
    assert bool(shut[2]) is (role == "viewer")


def _press(monkeypatch, api):
    """Press the button of the second source; the labels of all buttons."""
    labels = []

    def button(label, *, key, disabled):
        labels.append(label.replace("\\", ""))
        return key == "ack_source:H002" and not disabled

    said = []
    monkeypatch.setattr("streamlit.button", button)
    monkeypatch.setattr("streamlit.rerun", lambda: said.append("again"))
    monkeypatch.setattr(screen, "say_later", said.append)
    monkeypatch.setattr(screen, "line", lambda _: None)
    screen._acknowledge(bench.screen(api, role="operator"))
    assert said == ["H002: 2 orders acknowledged · 1 have changed since: look at them again", "again"]
    return labels


def test_the_section_stands_on_the_optimizer_s_page_with_a_button_for_each_source(monkeypatch):
    stand_in(monkeypatch)
    fresh()
    SHOWN.update(name="optimizer", screen=bench.screen(FakeApi()))
    app = AppTest.from_string(SCRIPT, default_timeout=20).run()
    assert not app.exception
    labels = [button.label.replace("\\", "") for button in app.button]
    assert labels == ["H001: acknowledge 2 orders", "H002: acknowledge 2 orders"]
    assert any("Source dispatch" in element.value for element in app.markdown)


def written(**changes):
    """The first source's orders are written to it."""
    told = plan_told.sources()
    writes = {
        "loop": 1,
        "mode": "auto",
        "held": True,
        "write_state": "confirmed",
        "T_supply_set": 92.4,
        "dp_set": 412.0,
        "order": 7,
        "why": [{"id": "guard.no_order", "params": {}, "en": "no order", "zh": "没有指令"}],
    } | changes
    first, *others = told.sources
    with_writes = SourceMessage.model_validate(first.model_dump() | {"writes": writes})
    return told.model_copy(update={"sources": [with_writes, *others]})


def test_a_source_that_is_written_to_says_what_it_holds_and_who_decides():
    assert model.reason_sheet(EN, written()).facts[0] == (
        "H001: orders are written · holds 92.4 °C, 412 kPa · confirmed"
    )
    assert model.reason_sheet(ZH, written()).facts[0].startswith("H001: 指令自动写入 · 执行 92.4")
    away = {"held": False, "T_supply_set": None, "dp_set": None}
    assert model.reason_sheet(EN, written(**away)).facts[0] == "H001: orders are written · no order"
    held_back = model.reason_sheet(EN, written(mode="local", **away)).facts[0]
    assert held_back == "H001: held back, it goes by its own curve"


def test_a_person_holds_the_writes_back_as_a_loops():
    told = written()
    assert model.held_or_written(told) == [("H001", True)]
    assert model.held_or_written(plan_told.sources()) == []
    order = model.mode_order(told, "H001", "local")
    assert (order["kind"], order["mode"]) == ("mode", "local")
    (seen,) = order["loops"]
    SeenLoop.model_validate(seen)
    assert (seen["station"], seen["loop"], seen["order"], seen["mode"]) == ("H001", 1, 7, "auto")


@pytest.mark.parametrize(("mode", "label", "wanted"), [("auto", "hold", "local"), ("local", "write", "auto")])
def test_a_button_asks_for_the_order_that_holds_back_or_lets_go_on(monkeypatch, mode, label, wanted):
    asked, labels = [], []
    monkeypatch.setattr(screen, "newest_orders", lambda _: written(mode=mode))
    monkeypatch.setattr(screen, "ask", asked.append)
    monkeypatch.setattr("streamlit.button", lambda text, **_: labels.append(text) or True)
    screen._hold(bench.screen(FakeApi(), role="operator"))
    (one,) = asked
    assert label in labels[0]
    assert one.order["mode"] == wanted
    assert one.order["loops"][0]["mode"] == mode


def test_an_order_that_the_registers_hold_was_read_back_and_by_nobody():
    told = plan_told.sources()
    first = told.sources[0]
    hours = [one.model_copy(update={"acknowledged_by": "read-back"}) for one in first.hours]
    told = told.model_copy(update={"sources": [first.model_copy(update={"hours": hours})]})
    past = rows_of(told)[f"H001/{NOW - 3600.0:.0f}"]
    assert past[7].small == f"read back at {EN.time(NOW - 5000.0)}"
