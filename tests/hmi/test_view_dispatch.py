"""Dispatch: districts, overrides with their end, orders that wait, group setpoints and their preview."""

import pytest

from controller.api.order_schema import PlanOrderMessage, PrepareRequest
from controller.api.schema import Sentence
from hmi.language import Words
from hmi.view_models import dispatch as model
from hmi.view_models import dispatch_group as group
from tests.support.operations_city import NOW, city, loop_state, modes, order, traits

EN, ZH = Words("en", "Asia/Shanghai"), Words("zh", "Asia/Shanghai")
BULK = Sentence(id="bulk", params={}, en="7 loops at once", zh="一次更改 7 个回路")


def manual(until=NOW + 7200.0, **changes):
    return loop_state(
        mode="manual", order=3, ordered_by="anna", T_supply_ordered=61.0, manual_until=until, **changes
    )


def test_each_district_shows_strategy_and_modes():
    known = city(loops={"S002": [manual()], "S003": [loop_state(mode="local", held=False)]})
    north, south = model.district_table(EN, known, "", lambda district: district == "north").rows
    assert [cell.text for cell in north.cells[:8]] == [
        "North",
        "Heating curve",
        "2/2",
        "20.0",
        "1",
        "1",
        "0",
        "2",
    ]
    assert [cell.text for cell in south.cells[4:8]] == ["1", "0", "1", "1"]
    assert [(cell.action, cell.disabled) for cell in north.cells[-2:]] == [("auto", False), ("local", False)]
    assert all(cell.disabled for cell in south.cells[-2:]), "not in the person's zone"
    calm, _ = model.district_table(EN, city(), "", lambda _: True).rows
    assert calm.cells[-2].disabled, "every loop is in automatic"


@pytest.mark.parametrize(
    ("until", "left", "strong"),
    [
        (NOW + 7200.0, "2.0 h", False),
        (NOW + 600.0, "10 min", True),
        (NOW - 5.0, "ending", False),
        (None, "no end", False),
    ],
    ids=["hours", "soon", "over", "without end"],
)
def test_an_override_counts_down(until, left, strong):
    (row,) = model.override_table(EN, city(loops={"S001": [manual(until)]}), NOW, lambda _: True).rows
    assert (row.cells[6].text, row.cells[6].strong) == (left, strong)


def test_overrides_that_end_first_stand_first():
    known = city(loops={"S001": [manual(NOW + 900)], "S002": [manual(NOW + 300)], "S003": [manual(None)]})
    table = model.override_table(EN, known, NOW, lambda district: district == "north")
    assert [row.id for row in table.rows] == ["S002/1", "S001/1", "S003/1"]
    assert [row.cells[-1].disabled for row in table.rows] == [False, False, True]
    assert table.rows[0].cells[2].text == "as before"


def plan_order(**changes):
    full = {
        "station": "S002",
        "loop": 1,
        "order": 9,
        "choice": "hold",
        "author": "cleo",
        "reason": "works on site",
        "until": NOW + 600.0,
    }
    return PlanOrderMessage(**(full | changes))


def test_loops_held_back_from_plans_stand_among_the_overrides_with_their_end():
    ordered = modes(plan_orders=[plan_order(), plan_order(station="S003", choice="follow", until=NOW + 7e5)])
    known = city(loops={"S001": [manual(NOW + 900)]}, modes=ordered)
    table = model.override_table(EN, known, NOW, lambda district: district == "north")
    assert [row.id for row in table.rows] == ["plan:S002/1", "S001/1", "plan:S003/1"]
    held, _, follows = table.rows
    assert (held.cells[0].small, held.cells[3].text, held.cells[4].text) == (
        "held back from plans",
        "cleo",
        "9",
    )
    assert (held.cells[6].text, held.cells[6].strong) == ("10 min", True)
    assert (held.cells[-1].action, held.cells[-1].disabled) == ("end", False)
    assert follows.cells[0].small == "follows plans by itself"
    assert follows.cells[-1].disabled, "not in the person's zone"


def waiting(*orders, me="bo", may_approve=True):
    table = model.waiting_table(EN, orders, me, NOW, 1, may_approve=may_approve, may_write=True)
    return {row.id: row.cells[-1] for row in table.rows}


def test_a_second_person_approves_and_the_author_carries_out():
    large = order(5, needs_second=[BULK])
    assert (waiting(large)["5"].action, waiting(large)["5"].disabled) == ("approve", False)
    assert waiting(large, me="anna")["5"].disabled, "nobody is his own second person"
    assert waiting(large, may_approve=False)["5"].disabled
    approved = order(5, state="approved", needs_second=[BULK])
    assert (waiting(approved, me="anna")["5"].action, waiting(approved, me="anna")["5"].disabled) == (
        "commit",
        False,
    )
    assert waiting(approved)["5"].disabled, "only who prepared it carries it out"


def test_what_is_over_does_not_wait():
    over = [order(1, state="committed"), order(2, expires_at=NOW - 1), order(3, state="expired")]
    assert waiting(*over) == {}


@pytest.mark.parametrize(
    ("text", "ids", "unknown"),
    [
        ("S001 S002/1", ["S001/1", "S002/1"], []),
        ("s001,S001；S003", ["S001/1", "S003/1"], []),
        ("S999 Ω", [], ["S999", "Ω"]),
        ("  \n ", [], []),
    ],
    ids=["list", "any sign between", "unknown", "nothing"],
)
def test_a_pasted_list_is_read_and_what_it_names_in_vain_is_told(text, ids, unknown):
    chosen, wrong = group.listed_loops(city(), text)
    assert ([loop.id for loop in chosen], wrong) == (ids, unknown)


def test_a_paste_of_thousands_of_rows_is_taken_in_one_go():
    chosen, wrong = group.listed_loops(city(), "\n".join(f"X{i:04}" for i in range(5000)) + "\nS001")
    assert [loop.id for loop in chosen] == ["S001/1"]
    assert len(wrong) == 5000


def test_hot_water_is_never_ordered():
    known = city()
    hot = traits("S001", emitter="dhw")
    known = city(traits={**known.traits, "S001": hot})
    assert "S001/1" not in [loop.id for loop in group.heating_loops(known)]
    assert [loop.id for loop in group.heating_loops(known, "south")] == ["S003/1", "S004/1"]


def test_a_group_order_says_what_was_seen_and_is_one_that_the_api_takes():
    chosen = group.heating_loops(city(), "north")
    body = group.group_order(chosen, dT_supply=1.5, flow=None, duration_s=7200.0)
    asked = PrepareRequest.model_validate({"key": "abcdefgh", "reason": "cold", "order": body})
    assert asked.order.leave_out
    assert asked.order.loops[0].T_supply_set == 58.0
    assert "flow" not in body


def test_a_preview_shows_old_new_effect_and_who_is_left_out_and_why():
    taken = {
        "station": "S001", "loop": 1, "mode": "auto", "mode_new": "manual", "T_supply_held": 58.0,
        "T_supply_new": 59.5, "m_flow_held": 38.0, "m_flow_new": 38.0, "reached_in_s": 450,
        "effect": {"dT_indoor_K": 0.6, "Q_flow_change": 0.03},
    }  # fmt: skip
    left = {"station": "S002", "loop": 1, "reasons": [BULK.model_dump()]}
    prepared = order(preview={"loops": [taken], "left_out": [left]})
    rows = group.preview_table(ZH, city(), prepared, 1).rows
    assert [cell.text for cell in rows[1].cells] == [
        "S001 S001站 · 回路 1", "自动 → 手动", "58.0 → 59.5", "136.8 → 136.8", "8 min",
        "室温最终变化 +0.6 K · 热量 +3 %",
    ]  # fmt: skip
    assert rows[0].cells[-1].text == "一次更改 7 个回路"
    assert model.summary(EN, prepared) == "1 loop · 1 left out"


def test_other_orders_are_told_in_short():
    strategy = {"district": "north", "strategy": "curve", "strategy_new": "balance"}
    assert model.summary(EN, order(kind="strategy", preview=strategy)) == "north: Heating curve → Balance"
    season = {"season": "heating", "season_new": "stopping"}
    assert model.summary(EN, order(kind="season", preview=season)) == "heating season → stopping"
    assert model.summary(EN, order(kind="mass_change", preview={})) == ""
