"""The optimizer's page and a station's plan: figures as they were told, words where there is none."""

from dataclasses import replace

import pytest

from controller.api.city_schema import Sparklines
from controller.api.plan_schema import AccuracyMessage, PlannerMessage, RationingMessage
from controller.api.schema import Sentence
from controller.words.plan import reasoned
from hmi.language import Words
from hmi.view_models import optimizer as model
from hmi.view_models import optimizer_loops as loops
from hmi.view_models import optimizer_station as own
from optimizer.reason import because
from tests.support import plan_told
from tests.support.api_bench import NOW
from tests.support.hmi_city import small_city

EN, ZH = Words("en", "Asia/Shanghai"), Words("zh", "Asia/Shanghai")
DAY_S, STEP_S = 86_400.0, 900.0


def city():
    return replace(small_city(), now=NOW)


def tile(plan, label):
    return next(one for one in model.plan_tiles(EN, plan).tiles if one.label == label)


def sentence(name, **numbers):
    return Sentence.model_validate(reasoned(because(name, **numbers)).to_json())


# ------------------------------------------------------------------------------------------- the headline


def test_the_headline_tells_how_good_the_plan_is_and_how_old():
    assert model.headline(EN, city(), plan_told.plan()) == "Plan optimal · made 4 min ago"
    assert model.headline(ZH, city(), plan_told.plan()) == "计划：最优 · 4 min 前生成"


def test_a_plan_that_is_too_old_says_that_the_curve_decides():
    old = plan_told.plan(status="stale", usable=False, age_s=3000.0)
    assert model.headline(EN, city(), old) == (
        "Plan an earlier one, moved on · made 50 min ago · too old to be followed: every loop keeps the curve"
    )


def test_before_anything_is_known_nothing_is_made_up():
    assert model.headline(EN, city(), None) == "The plan is not known yet."
    assert model.plan_tiles(EN, None).tiles == ()
    assert model.heat_picture(EN, city(), None, 200).lines == ()
    assert loops.loop_table(EN, city(), None, 200).rows == ()
    assert model.cost_table(EN, None).rows == ()


def test_a_plan_ages_while_the_controller_is_silent():
    later = replace(city(), received=city().received - 60.0)
    assert model.age_s(later, plan_told.plan()) == pytest.approx(plan_told.AGE_S + 60.0, abs=5.0)


# -------------------------------------------------------------------------------------------- the figures


def test_saving_is_told_as_what_happens_to_heat():
    plan = plan_told.plan()
    text = tile(plan, "Heat against the curve").text
    assert float(text.replace("−", "-")) == pytest.approx(-100.0 * plan.saved, abs=0.051)
    assert tile(plan_told.plan(saved=-0.02), "Heat against the curve").text == "+2.0"
    assert tile(plan_told.plan(saved=0.0), "Heat against the curve").text == "0.0"
    assert tile(plan_told.plan(saved=None), "Heat against the curve").text == "not known"


def test_the_distance_to_the_best_stands_in_the_band_that_is_called_optimal():
    gap = tile(plan_told.plan(gap_percent=0.31), "Distance to the best")
    assert (gap.text, gap.unit, gap.band, gap.scale) == ("0.31", "%", (0.0, 0.5), (0.0, 5.0))
    assert tile(plan_told.plan(gap_percent=None), "Distance to the best").text == "not known"


def test_heat_planned_is_the_whole_network_s_with_what_is_outside_of_the_plan():
    plan = plan_told.plan()
    heat = tile(plan, "Heat planned")
    assert float(heat.text.replace("\u2009", "")) == pytest.approx(
        sum(plan.Q_flow_kW) * 0.25 * 0.0036, abs=0.51
    )
    outside = plan.Q_flow_excluded_kW * 24.0 * 0.0036
    assert heat.note == f"in 24.0 h · {outside:.0f} GJ of it outside of the plan"


def test_who_follows_is_counted_among_all_loops():
    one = tile(plan_told.plan(), "Loops that follow it")
    assert (one.text, one.note, one.value, one.scale) == ("1 / 5", "1 left out", 1.0, (0.0, 5.0))


def test_obedience_is_told_once_enough_is_known():
    assert tile(plan_told.plan(), "Instructions obeyed").text == "not known"
    known = tile(plan_told.plan(obeyed=0.934), "Instructions obeyed")
    assert (known.text, known.unit, known.value) == ("93", "%", pytest.approx(93.4))


def test_a_loop_tells_how_heat_and_rooms_were_off_the_plan():
    off = {"obeyed": 0.75, "heat_off": 0.053, "room_off_K": 0.42}
    told = plan_told.plan().loops[0].model_copy(update=off)
    (row,) = loops.loop_table(EN, city(), plan_told.plan(loops=[told]), 400).rows
    assert (row.cells[8].text, row.cells[8].small) == ("75", "%")
    assert row.cells[8].hint == "heat +5.3 % off the plan · rooms 0.4 K off what was said"


# ------------------------------------------------------------------------------------ planned and what came


def test_the_picture_has_what_came_left_of_now_and_what_is_planned_right_of_it():
    plan = plan_told.plan()
    picture = model.heat_picture(EN, city(), plan, 260)
    lines = {line.id: line for line in picture.lines}
    assert set(lines) == {"actual", "was_planned", "planned", "price"}
    assert (picture.start, picture.now, picture.end) == (NOW - DAY_S, NOW, NOW + DAY_S)
    assert lines["actual"].times[-1] <= NOW
    assert lines["actual"].values[0] == 4.0
    assert len(lines["was_planned"].times) == 95
    assert lines["planned"].times[0] == plan.start + 0.5 * STEP_S
    assert lines["planned"].values == pytest.approx([value / 1000.0 for value in plan.Q_flow_kW])
    assert (lines["planned"].kind, lines["price"].panel, lines["price"].kind) == ("plan", 1, "step")


def test_a_price_below_nothing_is_drawn_as_0_and_told_in_words():
    plan = plan_told.plan()
    below = plan.model_copy(update={"price": [-2.4, -0.1, -0.001, *plan.price[3:]]})
    lines = {line.id: line for line in model.heat_picture(EN, city(), below, 260).lines}
    assert lines["price"].values[:3] == (0.0, 0.0, 0.0)
    assert min(lines["price"].values) >= 0.0
    told = model.binding_sheet(EN, below).facts[-1]
    assert told.startswith("In 0.50 h one more kWh would even spare cost")
    assert model.binding_sheet(ZH, below).facts[-1].startswith("有 0.50 小时")
    assert "spare cost" not in " ".join(model.binding_sheet(EN, plan).facts)


def test_what_loops_have_borne_of_shortages_stands_with_what_binds():
    borne = [{"station": f"S{n:03}", "loop": 1, "K_h": 20.0 - n} for n in range(1, 8)]
    told = {"first": ["S002"], "borne": borne, "loops": 7, "turn_percent": 1.0, "spared_K_h": 100.0}
    told |= {
        "caps": [
            {"station": "S003", "m_flow_max": 5.0, "m_flow": 8.0, "told": None},
            {"station": "S004", "m_flow_max": 5.0, "m_flow": 8.0, "told": 6.0},
        ]
    }
    plan = plan_told.plan(rationing=RationingMessage.model_validate(told))
    *_, first, most, capped, caps, turns = model.binding_sheet(EN, plan).facts
    assert first == "In a shortage served first: S002"
    assert most.startswith("Borne in shortages so far by 7 loops, most by: S001/1 19.0 K h, S002/1 18.0 K h")
    assert "S006" not in most
    assert capped == (
        "Fast lever: the primary flow of 1 stations is capped until the shortage is over, in t/h: S004 ≤ 21.6"
    )
    assert caps.endswith("1 stations shall draw no more primary water than their share, in t/h: S003 ≤ 18.0")
    assert turns.startswith("Who has borne more than others gets up to 1 % more; from 100 K h above")


def test_what_the_source_can_give_is_drawn_where_it_is_limited():
    limited = plan_told.plan(Q_flow_max_kW=[5000.0] * 96)
    lines = {line.id: line for line in model.heat_picture(EN, city(), limited, 260).lines}
    assert set(lines["most"].values) == {5.0}
    assert lines["most"].kind == "baseline"


def test_without_a_plan_what_came_is_still_drawn():
    past = plan_told.plan().past
    only_past = plan_told.no_plan().model_copy(update={"past": past})
    picture = model.heat_picture(EN, city(), only_past, 260)
    assert {line.id for line in picture.lines} == {"actual", "was_planned"}
    assert len(picture.panels) == 1


# ----------------------------------------------------------------------------------------------- the costs


def test_the_parts_of_the_cost_add_up_to_the_whole():
    plan = plan_told.plan()
    table = model.cost_table(EN, plan)
    assert [row.id for row in table.rows] == ["heat", "cold", "hot", "moves", "end", "plant"]
    shares = [float(row.cells[2].text.replace("−", "-")) for row in table.rows]
    assert sum(shares) == pytest.approx(100.0, abs=0.4)
    assert table.rows[0].cells[1].text == EN.number(plan.cost.heat, 0)


# -------------------------------------------------------------------------------------- binding and planner


def test_what_binds_is_told_in_sentences_and_nothing_as_nothing():
    bound = plan_told.plan(binding=[sentence("plan.cap", hours=3.0, dearer_percent=20.0)])
    assert model.binding_sheet(EN, bound).facts == (
        "The source gives all it can during 3 h; heat is worth up to 20 % more",
    )
    assert model.binding_sheet(EN, plan_told.plan(binding=[])).facts == ("Nothing binds it.",)
    assert model.binding_sheet(EN, plan_told.no_plan()).facts == ("There is no plan.",)


def test_the_solver_tells_its_failures_and_the_forecast_how_far_it_is_told():
    failure = sentence("plan.solver_hung", limit_s=20.0)
    planner = PlannerMessage(plans=12, failures=2, last_failure=failure, busy=True)
    facts = model.planner_sheet(EN, plan_told.plan(planner=planner)).facts
    assert facts[:3] == (
        "Solver at work: 12 plans, 2 failures",
        "Last failure: the solver did not answer within 20 s",
        "Weather: told 1.0 h ago, 100 % of the day",
    )


def test_a_forecast_that_nobody_tells_names_its_holes_and_its_errors():
    forecast = plan_told.plan().forecast.model_copy(
        update={
            "age_s": None,
            "told_share": 0.5,
            "notes": [sentence("weather_hole", quantity="sun", begin_s=NOW, hours=12.0)],
            "accuracy": [
                AccuracyMessage(what="load", hours=48.0, mae=1200.0, bias=-300.0, wape=0.05, coverage=0.8)
            ],
        }
    )
    facts = model.planner_sheet(EN, plan_told.plan(forecast=forecast, planner=None)).facts
    assert facts == (
        "Weather: no source tells the present; 50 % of the day are told",
        "No source tells the sun for 12 h",
        "Load a day ahead: off by 1.20 MW on average, bias −0.30 MW · 5.0 % of the load"
        " · within its band in 80 % of 48 h",
    )
    assert model.planner_sheet(EN, plan_told.no_plan()).facts == ("No forecast",)


# ------------------------------------------------------------------------------------------------ the loops


def test_each_loop_stands_in_the_order_of_stations_with_what_is_told_of_it():
    plan = plan_told.plan()
    table = loops.loop_table(EN, city(), plan, 400)
    assert [row.id for row in table.rows] == ["S001/1", "S001/2", "S002/1", "S003/1"]
    told, row = plan.loops[2], table.rows[2]
    name, loop, follows, supply, flow, room, end, saved, obeyed, limits, _ = row.cells
    assert (name.text, name.small, loop.text, follows.text) == ("S002", "Station 2", "1", "plan")
    assert (supply.text, flow.text) == ("60.0", "108.0")
    assert supply.small == f"→ {EN.number(told.T_supply_asked, 1)}"
    assert flow.small == f"→ {EN.number(3.6 * told.m_flow_asked, 1)}"
    assert (room.text, room.small) == (EN.number(told.T_indoor, 1), f"± {told.T_indoor_sd:.1f}")
    assert (room.muted, room.hint) == (True, "hardly known")
    assert (end.text, end.hint) == (
        EN.number(told.T_indoor_end, 1),
        f"on the curve {told.curve_T_indoor_end:.1f} °C",
    )
    assert float(saved.text.replace("−", "-")) == pytest.approx(-100.0 * told.saved, abs=0.051)
    assert (obeyed.text, obeyed.muted, obeyed.hint) == ("not known", True, "")
    assert limits.text == "with less than 60 % flow the water would spread unevenly"
    assert table.rows[0].cells[2].text == "proposal"
    assert loops.station_of(row.id) == "S002"


def test_what_is_not_known_of_a_loop_is_said():
    unknown = (
        plan_told.plan()
        .loops[0]
        .model_copy(
            update=dict.fromkeys(("T_supply_set", "T_indoor", "T_indoor_end", "curve_T_indoor_end", "saved"))
        )
    )
    (row,) = loops.loop_table(EN, city(), plan_told.plan(loops=[unknown]), 400).rows
    assert [row.cells[n].text for n in (3, 5, 6, 7)] == ["none", "not known", "none", "not known"]


def test_who_is_left_out_is_told_with_the_reason_in_the_reader_s_language():
    for words, why in ((EN, "it is in local mode"), (ZH, "回路处于就地模式")):
        (row,) = loops.excluded_table(words, city(), plan_told.plan(), 200).rows
        assert (row.id, row.cells[2].text) == ("S004/1", why)


# -------------------------------------------------------------------------------------- a station's plan


def means(point, value):
    return Sparklines(point=point, start=NOW - DAY_S, step_s=STEP_S, lines={"S002/1": [value] * 96})


def test_a_loop_s_plan_stands_beside_what_was_measured():
    plan = plan_told.station("S002")
    measured = {own.SUPPLY: means(own.SUPPLY, 55.0), own.ROOM: None}
    picture = own.plan_trend(EN, city(), plan, 1, measured, "S002", 240)
    lines = {line.id: line for line in picture.lines}
    planned = {"T_supply", "curve_T_supply", "T_room", "curve_T_room", "T_room_min"}
    assert set(lines) == {own.SUPPLY} | planned
    assert min(lines[own.SUPPLY].times) >= NOW - own.BACK_S
    assert lines["T_supply"].values == pytest.approx(plan.loops[0].T_supply)
    assert lines["T_room"].values == pytest.approx(plan.loops[0].T_room)
    assert {lines[name].panel for name in ("T_room", "curve_T_room", "T_room_min")} == {1}
    assert picture.now == NOW


def test_a_loop_s_sheet_tells_the_instruction_s_reason_or_the_proposal():
    followed = own.plan_sheet(EN, plan_told.station("S002"), 1)
    assert followed.facts[0] == "Plan optimal, made 4 min ago"
    assert followed.sections[0][1].startswith(
        "52.3 °C and 60 % of design flow for 31.0 W/m² (plan of 4 min ago)"
    )
    proposed = own.plan_sheet(EN, plan_told.station("S003"), 1)
    assert proposed.sections[0][1].startswith("Proposed by the plan of 4 min ago: ")
    assert proposed.sections[0][1].endswith(".")


def test_a_loop_that_is_left_out_says_why_and_draws_only_what_was_measured():
    plan = plan_told.station("S004")
    assert own.plan_sheet(EN, plan, 1).sections == (("", "Left out: it is in local mode"),)
    measured = {own.SUPPLY: None, own.ROOM: None}
    assert own.plan_trend(EN, city(), plan, 1, measured, "S004", 240).lines == ()


def test_without_a_plan_the_station_s_sheet_says_why():
    nothing = plan_told.station("S002", status="none", why=sentence("plan.not_yet"), loops=[])
    assert own.plan_sheet(EN, nothing, 1).facts == ("no plan: there is no plan yet",)
    assert own.plan_sheet(EN, None, 1).facts == ("The plan is not known yet.",)
    assert own.loop_of(nothing, 1) is None


def test_doubts_about_the_rooms_are_told():
    plan = plan_told.station("S002")
    doubted = plan.loops[0].model_copy(update={"doubts": [sentence("estimate.swapped")]})
    sheet = own.plan_sheet(EN, plan.model_copy(update={"loops": [doubted]}), 1)
    assert sheet.sections[1] == ("Doubts about its rooms", "The return is warmer than the supply")
