"""Holding loops back from plans and letting them follow: what rows say of it, and which buttons they have."""

from controller.api.order_schema import PlanOrderMessage
from hmi.language import Words
from hmi.view_models import dispatch, optimizer_choice, optimizer_loops, optimizer_station
from tests.support import plan_told
from tests.support.operations_city import NOW, city, modes, order

EN, ZH = Words("en", "Asia/Shanghai"), Words("zh", "Asia/Shanghai")


def ordered(choice, station="S001", loop=1, number=7):
    return PlanOrderMessage(
        station=station,
        loop=loop,
        order=number,
        choice=choice,
        author="olga",
        reason="windows are replaced",
        until=NOW + 86_400.0,
    )


def town(*orders, north="optimizer", south="curve"):
    return city(modes=modes(strategies={"north": north, "south": south}, plan_orders=list(orders)))


def anybody(_):
    return True


def rows_of(known, words=EN, **rights):
    """Cells of every row by loop: how it follows, and its button."""
    rights = optimizer_choice.Rights(**({"order": anybody, "approve": anybody} | rights))
    choices = optimizer_choice.choices_of(known, rights)
    table = optimizer_loops.loop_table(words, known, plan_told.plan(), 300, choices)
    return {row.id: (row.cells[2], row.cells[-1]) for row in table.rows}


def test_a_loop_of_a_district_under_plans_can_be_held_and_another_can_follow_by_itself():
    found = rows_of(town())
    assert {loop: act.action for loop, (_, act) in found.items()} == {
        "S001/1": "hold",
        "S001/2": "hold",
        "S002/1": "hold",
        "S003/1": "follow",
    }
    assert (found["S003/1"][1].text, found["S003/1"][0].text) == ("Follow…", "proposal")


def test_a_loop_that_is_held_says_until_when_by_whom_and_why_and_can_be_let_go():
    told, act = rows_of(town(ordered("hold")))["S001/1"]
    assert (told.text, told.small, told.strong) == ("held back", "until 16 Jan 08:00", True)
    assert told.hint == "order 7 by olga: “windows are replaced”"
    assert (act.action, act.text) == ("district", "End…")
    chinese, _ = rows_of(town(ordered("hold")), ZH)["S001/1"]
    assert (chinese.text, chinese.small) == ("暂不采用", "至 01-16 08:00")


def test_one_that_may_follow_by_itself_but_does_not_yet_is_still_a_proposal():
    told, act = rows_of(town(ordered("follow", "S003")))["S003/1"]
    assert (told.text, told.small, act.action) == ("proposal", "until 16 Jan 08:00", "district")


def test_buttons_are_shut_for_who_may_not():
    found = rows_of(town(), approve=lambda _: False)
    assert (found["S001/1"][1].disabled, found["S003/1"][1].disabled) == (False, True)
    found = rows_of(town(), order=lambda district: district == "south")
    assert (found["S001/1"][1].disabled, found["S003/1"][1].disabled) == (True, False)


def test_before_modes_are_known_nobody_is_held():
    known = optimizer_choice.choices_of(city(modes=None), optimizer_choice.Rights())
    assert (known.orders, known.planned) == ({}, frozenset())


def test_a_held_loop_that_is_left_out_of_the_plan_can_still_be_let_go():
    known = town(ordered("hold", "S004"))
    rights = optimizer_choice.Rights(order=anybody, approve=anybody)
    for choices, act, told in (
        (optimizer_choice.choices_of(known, rights), "district", "held back until 16 Jan 08:00"),
        (optimizer_choice.choices_of(town(), rights), "", ""),
    ):
        (row,) = optimizer_loops.excluded_table(EN, known, plan_told.plan(), 200, choices).rows
        assert (row.id, row.cells[-1].action, row.cells[2].small) == ("S004/1", act, told)


def test_an_order_names_the_loop_with_the_order_that_was_seen():
    choices = optimizer_choice.choices_of(town(ordered("hold")), optimizer_choice.Rights())
    body = optimizer_choice.order_of("S001/1", "district", choices)
    assert body["loops"] == [{"station": "S001", "loop": 1, "order": 7}]
    assert optimizer_choice.order_of("S002/1", "hold", choices)["loops"][0]["order"] == 0


def test_the_dialog_tells_the_plan_s_own_sentence_of_the_loop():
    (told,) = optimizer_choice.explained(EN, plan_told.station("S001"), "S001/1")
    assert told.startswith("proposed by the plan of 4 min ago")
    (left_out,) = optimizer_choice.explained(EN, plan_told.station("S004"), "S004/1")
    assert left_out == EN.sentence(plan_told.station("S004").loops[0].excluded)
    assert optimizer_choice.explained(EN, None, "S001/1") == ()


def test_a_waiting_order_on_plans_is_told_in_short():
    one = {"station": "S001", "loop": 1, "choice": "district", "choice_new": "hold"}
    preview = {"loops": [one], "until": NOW + 86_400.0}
    told = dispatch.summary(EN, order(kind="plan", preview=preview))
    assert told == "S001/1: as its district → held back from plans · until 16 Jan 08:00"
    many = {"loops": [one, one | {"station": "S002"}]}
    assert dispatch.summary(ZH, order(kind="plan", preview=many)) == "2 个回路: 随片区策略 → 暂不采用计划"


def test_advice_to_a_loop_that_takes_no_setpoints_is_told_as_such():
    (out,) = plan_told.plan().excluded
    told = out.model_copy(update={"T_supply_advised": 52.34, "m_flow_advised": 30.0})
    (row,) = optimizer_loops.excluded_table(EN, city(), plan_told.plan(excluded=[told]), 200).rows
    assert (row.cells[3].text, row.cells[3].small) == ("52.3 °C · 108.0 t/h", "from the curve")
    by_speed = told.model_copy(update={"y_pump_advised": 0.724})
    (row,) = optimizer_loops.excluded_table(EN, city(), plan_told.plan(excluded=[by_speed]), 200).rows
    assert row.cells[3].text == "52.3 °C · 108.0 t/h · pump 72 %"
    sentence = plan_told.station("S002").loops[0].explanation
    told = told.model_copy(update={"advice": sentence})
    (row,) = optimizer_loops.excluded_table(EN, city(), plan_told.plan(excluded=[told]), 200).rows
    assert (row.cells[3].small, row.cells[3].hint) == ("from the plan", EN.sentence(sentence))


def test_on_its_station_s_page_advice_stands_under_what_keeps_the_loop_out():
    left_out = plan_told.station("S004").loops[0]
    sentence = plan_told.station("S002").loops[0].explanation
    advised = left_out.model_copy(update={"explanation": sentence})
    sheet = optimizer_station.plan_sheet(EN, plan_told.station("S004", loops=[advised]), 1)
    out, advice = sheet.sections
    assert out[1].startswith("Left out: ")
    assert advice[0] == "What a plan would ask, as advice"
    assert advice[1].startswith("52.3 °C and 60 % of design flow")
