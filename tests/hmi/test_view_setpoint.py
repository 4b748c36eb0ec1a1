"""The setpoint dialog: what was typed, the order it becomes, its preview, and how far it has come."""

import pytest

from controller.api.order_schema import PrepareRequest
from hmi.language import Words
from hmi.view_models import setpoint as model
from stations.model.quality import Quality, Reason
from tests.support.hmi_city import loop_state, order, small_city, with_reading, with_station

EN, ZH = Words("en"), Words("zh")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("61.5", 61.5),
        ("61,5", 61.5),
        (" 61.5 °C ", 61.5),
        ("61.5°c", 61.5),
        ("61,5 ℃", 61.5),
        ("６１．５", 61.5),
        ("61，5", 61.5),
        ("61。5", 61.5),
        ("61", 61.0),
        ("+61", 61.0),
        ("61.", None),
        ("25", 25.0),
        ("85", 85.0),
    ],
)
def test_a_temperature_is_read_with_comma_point_or_unit(text, value):
    entry = model.read(EN, text, "T_supply", 25.0, 85.0)
    assert entry.value == value
    assert bool(entry.fault) == (value is None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("warm", "is no number"),
        ("61.5.2", "is no number"),
        ("1,000.5", "is no number"),
        ("61 F", "takes °C only"),
        ("61 %", "takes °C only"),
        ("nan", "is no number"),
        ("1e2", "is no number"),
        ("85.1", "85.1 °C is beyond the limits 25.0–85.0 °C"),
        ("-5", "\u22125.0 °C is beyond the limits"),
        ("\u22125", "beyond the limits"),
        ("<b>61</b>", "is no number"),
        ("99999999999", "is no number"),
    ],
)
def test_what_is_no_temperature_is_refused_in_words(text, said):
    entry = model.read(EN, text, "T_supply", 25.0, 85.0)
    assert entry.value is None
    assert said in entry.fault
    assert model.read(ZH, text, "T_supply", 25.0, 85.0).fault


def test_nothing_typed_is_no_number_and_no_fault():
    assert model.read(EN, "  ", "flow", 30.0, 100.0) == model.Entry(value=None)
    assert model.read(EN, "80 %", "flow", 30.0, 100.0).value == 80.0
    assert model.read(EN, "80 t/h", "flow", 30.0, 100.0).fault


@pytest.mark.parametrize(
    ("text", "by", "after"),
    [
        ("60.0", 0.5, "60.5"),
        ("60,0", -0.5, "59.5"),
        ("rubbish", 0.5, "58.5"),
        ("85", 0.5, "85.0"),
        ("", -0.5, "57.5"),
    ],
)
def test_step_buttons_move_by_half_a_kelvin_and_stop_at_the_limits(text, by, after):
    assert model.step(EN, text, by, 58.0, 25.0, 85.0) == after


def test_the_field_begins_where_the_loop_is():
    city = small_city()
    assert model.start_value(city, "S001", loop_state(T_supply_set=58.5), 1) == 58.5
    manual = loop_state(mode="manual", T_supply_ordered=61.0)
    assert model.start_value(city, "S001", manual, 1) == 61.0
    assert model.start_value(city, "S001", loop_state(T_supply_set=None), 1) == 60.0


def test_orders_are_such_as_the_controller_takes():
    seen = model.seen("S001", loop_state(order=4))
    for body in (
        model.setpoint_order(seen, 61.5, 80.0, 7200.0),
        model.setpoint_order(seen, None, 80.0, 7200.0),
        model.mode_order(seen, "auto"),
        model.mode_order(seen, "local"),
    ):
        taken = PrepareRequest.model_validate({"key": "k" * 16, "reason": "cold", "order": body})
        assert taken.order.loops[0].order == 4
    assert "flow" not in model.setpoint_order(seen, 61.5, None, 7200.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda city: with_station(city, "S001", link="lost"), "does not answer"),
        (lambda city: with_reading(city, "S001", "1/T_supply_secondary", 60.0, age_s=900.0), "15 min old"),
        (
            lambda city: with_reading(
                city, "S001", "1/T_supply_secondary", None, Quality.BAD, Reason.SENTINEL
            ),
            "nothing is ordered blind",
        ),
    ],
    ids=["silent", "stale", "blind"],
)
def test_nothing_is_ordered_on_old_or_missing_data(change, said):
    city = change(small_city())
    loop = city.traits["S001"].loops[0]
    assert said in model.why_not(EN, city, "S001", loop)


def test_what_can_never_be_ordered_says_so():
    city = small_city()
    traits = city.traits["S001"]
    loop = traits.loops[0]
    assert model.never(EN, traits, loop) == ""
    assert "hot water" in model.never(EN, traits, loop.model_copy(update={"emitter": "dhw"})).casefold()
    assert "class C" in model.never(EN, traits.model_copy(update={"station_class": "C"}), loop)
    assert "not commissioned" in model.never(EN, traits, loop.model_copy(update={"proven": False}))


def test_a_preview_shows_now_new_change_and_what_settles():
    table = model.preview_table(EN, order(), 1)
    shown = [[cell.text for cell in row.cells] for row in table.rows]
    assert ["Supply temperature", "60.0 °C", "61.5 °C", "+1.5 K"] in shown
    assert ["Indoor, settled", "", "", "+0.5 K"] in shown
    assert ["Heat, settled", "", "", "+3.1 %"] in shown


def test_notes_of_a_preview_tell_limits_way_end_and_what_the_controller_adds():
    notes = model.preview_notes(ZH, order())
    assert any("50.2–66.1" in note for note in notes)
    assert notes[-1] == "原为就地。"
    assert model.preview_notes(EN, order())[-1] == "It was local."


@pytest.mark.parametrize(
    ("control", "done", "over"),
    [
        ({"order": 0}, 0, False),
        ({"order": 9, "mode": "manual", "author": "strategy:curve"}, 1, False),
        ({"order": 9, "mode": "manual", "write_state": "requested"}, 1, False),
        ({"order": 9, "mode": "manual", "write_state": "sent"}, 2, False),
        ({"order": 9, "mode": "manual", "write_state": "acknowledged"}, 3, False),
        ({"order": 9, "mode": "manual", "T_supply_set": 61.0, "T_supply_ordered": 61.5}, 4, False),
        ({"order": 9, "mode": "manual", "T_supply_set": 61.5, "T_supply_ordered": 61.5}, 4, True),
        ({"order": 9, "mode": "manual", "write_state": "rejected"}, 3, True),
        ({"order": 9, "mode": "manual", "write_state": "expired"}, 2, False),
        ({"order": 10, "ordered_by": "lei"}, 1, True),
        ({"order": 9, "mode": "local", "held": True}, 1, False),
        ({"order": 9, "mode": "local", "held": False}, 4, True),
        ({"order": 9, "mode": "auto", "author": "strategy:curve"}, 4, True),
    ],
)
def test_an_order_is_followed_from_the_request_to_the_read_back(control, done, over):
    fields = {"author": "operator:olga"} | control
    found = model.progress(EN, loop_state(**fields), order())
    assert sum(state == "done" for _, state in found.steps) == done
    assert found.over == over
    assert found.text


def test_states_are_told_by_sign_and_word():
    rejected = loop_state(order=9, mode="manual", author="operator:olga", write_state="rejected")
    line = model.progress_line(model.progress(EN, rejected, order()))
    assert line == "● requested  →  ● sent  →  ● acknowledged  →  ✕ confirmed"


def test_what_is_typed_stands_on_the_bar_between_the_limits():
    city = small_city()
    row = model.where_it_lies(EN, city, "S001", city.traits["S001"].loops[0], 61.5).rows[0]
    assert (row.value, row.setpoint, row.scale) == (60.0, 61.5, (25.0, 85.0))
    assert model.where_it_lies(EN, city, "S001", city.traits["S001"].loops[0], None).rows[0].reason
