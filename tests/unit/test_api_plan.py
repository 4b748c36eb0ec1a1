"""The plan over the API: what it is worth, every loop in short, a station step by step; and none at all."""

import json
import math
from dataclasses import replace

import httpx
import numpy as np
import pytest

from controller.api import plan_schema as schema
from controller.api.city_schema import CityLines
from controller.decisions import Action, LoopKey
from controller.historian.records import State
from controller.planning.network_heat import excluded_heat, planned_heat
from controller.planning.port import PlannerState
from controller.wiring import loop_traits
from controller.words.phrase import said
from controller.words.plan import instruction
from optimizer.explain import Explanation
from optimizer.forecast.accuracy import Score
from optimizer.forecast.weather import Hole, NoWeather
from optimizer.plan.status import moved_on
from optimizer.reason import because
from tests.support.api_bench import BEARER, NOW, ApiBench
from tests.support.published import STEPS, published, with_plan

S1, S2, S3 = (LoopKey(f"S{i:03}", 1) for i in (1, 2, 3))


@pytest.fixture
def bench(tmp_path):
    bench = ApiBench(tmp_path, n_stations=3)
    yield bench
    bench.close()


async def ask(bench, path):
    transport = httpx.ASGITransport(bench.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api/api/v1/", headers=BEARER) as api:
        return await api.get(path)


async def plan_of(bench):
    answer = await ask(bench, "plan")
    assert answer.status_code == 200
    assert set(json.loads(answer.content)) == set(schema.PlanMessage.model_fields)
    return schema.PlanMessage.model_validate_json(answer.content)


async def station_of(bench, station):
    answer = await ask(bench, f"plan/{station}")
    assert answer.status_code == 200
    assert set(json.loads(answer.content)) == set(schema.StationPlan.model_fields)
    return schema.StationPlan.model_validate_json(answer.content)


def followed(bench, key):
    """The loop's instruction is the strategy's, bound by its least flow."""
    told = Explanation(
        asked=because("explain.asks", T_supply=52.3, flow_percent=60.0, q=31.0),
        source=because("explain.planned", age_s=120.0),
        limits=(because("explain.flow_min", flow_percent=60.0),),
        effect=because("explain.effect", T_now=20.0, soon_h=3.0, T_soon=20.1, hours=24.0, T_end=20.2, q=30.0),
        curve=None,
    )
    status = bench.state.loops[key]
    status.decision = replace(status.decision, author="strategy:optimizer", why=(instruction(told),), cuts=())
    status.write_state = State.CONFIRMED


async def test_before_the_first_plan_everything_says_so(bench):
    told = await plan_of(bench)
    assert (told.status, told.usable, told.made_at, told.cost) == ("none", False, None, None)
    assert told.why.en == "there is no plan yet"
    assert told.loops == told.excluded == told.Q_flow_kW == []
    station = await station_of(bench, "S001")
    assert (station.status, station.loops, station.start) == ("none", [], None)


async def test_a_plan_tells_heat_cost_and_how_good_it_is(bench):
    made = bench.state.published = published(bench.site, NOW)
    bench.clock.time = NOW + 300.0
    told = await plan_of(bench)
    assert (told.status, told.usable, told.age_s, told.start) == ("optimal", True, 300.0, NOW)
    assert told.gap_percent == pytest.approx(100.0 * made.plan.gap, abs=1e-5)
    assert told.cost.total == pytest.approx(made.plan.cost.total)
    assert told.cost.heat == pytest.approx(made.plan.cost.heat)
    np.testing.assert_allclose(told.Q_flow_kW, made.plan.P, atol=1e-3)
    assert told.Q_flow_max_kW == [None] * STEPS
    np.testing.assert_allclose(told.price, made.plan.price, atol=1e-3)
    np.testing.assert_allclose(told.T_outdoor, made.outlook.series.T_outdoor, atol=1e-3)
    assert (told.planner.plans, told.planner.failures, told.planner.last_failure) == (3, 1, None)
    assert (told.forecast.age_s, told.forecast.told_share, told.forecast.notes) == (3600.0, 1.0, [])


async def test_saving_is_that_of_all_loops_by_their_area(bench):
    made = bench.state.published = published(bench.site, NOW)
    told = await plan_of(bench)
    area = made.known.buildings.area
    plan, curve = area @ made.plan.q.mean(axis=1), area @ made.curve.q.mean(axis=1)
    assert told.saved == pytest.approx(1.0 - plan / curve, abs=1e-5)
    for i, loop in enumerate(told.loops):
        assert loop.saved == pytest.approx(1.0 - made.plan.q[i].mean() / made.curve.q[i].mean(), abs=1e-5)
        assert loop.E_heat_kWh == pytest.approx(made.plan.q[i].mean() * area[i] * 24.0 / 1000.0, rel=1e-6)


async def test_each_loop_tells_room_now_and_then_and_who_decides_for_it(bench):
    made = bench.state.published = published(bench.site, NOW)
    followed(bench, S2)
    told = await plan_of(bench)
    assert [(loop.station, loop.followed) for loop in told.loops] == [
        ("S001", False),
        ("S002", True),
        ("S003", False),
    ]
    one = told.loops[1]
    assert one.T_indoor == pytest.approx(made.known.state.T_indoor[1], abs=1e-5)
    assert one.T_indoor_end == pytest.approx(made.plan.T_indoor[1, -1], abs=1e-5)
    assert one.curve_T_indoor_end == pytest.approx(made.curve.T_indoor[1, -1], abs=1e-5)
    assert one.room_from == "lost"
    assert one.T_supply_set == 60.0
    assert [limit.id for limit in one.limits] == ["explain.flow_min"]


async def test_loops_left_out_are_named_with_the_reason_and_stay_in_the_network_s_heat(bench):
    made = bench.state.published = published(bench.site, NOW, without={S3})
    told = await plan_of(bench)
    (out,) = told.excluded
    assert (out.station, out.loop, out.why.en) == ("S003", 1, "it is in local mode")
    assert out.why.zh == "回路处于就地模式"
    held = made.known.state.q[2] * made.known.buildings.area[2] / 1000.0
    assert told.Q_flow_excluded_kW == pytest.approx(held)
    np.testing.assert_allclose(told.Q_flow_kW, made.plan.P + held, atol=1e-3)
    assert [loop.station for loop in told.loops] == ["S001", "S002"]


async def test_what_binds_and_a_shortage_are_told(bench):
    free = published(bench.site, NOW)
    need = float(free.known.buildings.area @ free.known.state.q) / 1000.0
    bench.state.published = published(bench.site, NOW, P_max=np.full(STEPS, 0.7 * need))
    told = await plan_of(bench)
    assert told.status == "usable"
    assert told.why.id == "plan.rationed"
    assert "plan.cap_short" in {reason.id for reason in told.binding}, (
        "no price is told that nobody would pay"
    )
    assert told.Q_flow_max_kW[0] == pytest.approx(0.7 * need, abs=1e-3)


async def test_the_forecast_names_its_holes(bench):
    made = published(bench.site, NOW)
    hole = Hole(quantity="wind", begin=NOW, end=NOW + 7200.0)
    weather = replace(made.outlook, holes=(hole,), age_s=None)
    bench.state.published = replace(made, outlook=weather)
    told = await plan_of(bench)
    assert told.forecast.age_s is None
    assert told.forecast.notes[0].en == "no source tells the wind for 2 h"
    bench.state.published = replace(made, outlook=NoWeather(quantity="T_outdoor", begin=NOW))
    told = await plan_of(bench)
    assert (told.forecast.told_share, told.T_outdoor) == (0.0, [])
    assert told.forecast.notes[0].zh == "没有任何室外温度信息"


async def test_an_old_plan_and_a_dead_solver_are_told(bench):
    made = published(bench.site, NOW)
    why = because("plan.solver_died", how="SIGKILL")
    planner = PlannerState(plans=7, failures=2, last_failure=why, busy=True, pid=9)
    moved = with_plan(made, moved_on(made.plan, NOW + 1000.0, why))
    bench.state.published = replace(moved, planner=planner)
    bench.clock.time = NOW + 1000.0
    told = await plan_of(bench)
    assert (told.status, told.usable, told.age_s) == ("stale", True, 1000.0)
    assert told.planner.last_failure.en == told.why.en == "the solver died (SIGKILL)"
    assert len(told.Q_flow_kW) == STEPS - 1
    bench.clock.time = NOW + 3000.0
    assert not (await plan_of(bench)).usable


async def test_without_a_plan_loops_are_still_named_as_left_out(bench):
    made = published(bench.site, NOW, without={S1, S2, S3})
    bench.state.published = made
    told = await plan_of(bench)
    assert (told.status, told.cost, told.loops) == ("none", None, [])
    assert len(told.excluded) == 3
    station = await station_of(bench, "S001")
    assert station.loops[0].excluded.id == "plan.loop_mode"
    assert station.loops[0].q == station.loops[0].T_supply == []


async def test_a_station_is_told_step_by_step(bench):
    made = bench.state.published = published(bench.site, NOW)
    told = await station_of(bench, "S002")
    (loop,) = told.loops
    np.testing.assert_allclose(loop.q, made.plan.q[1], atol=1e-3)
    np.testing.assert_allclose(loop.T_room, made.plan.T_indoor[1], atol=1e-3)
    np.testing.assert_allclose(loop.T_room_min, 20.0)
    np.testing.assert_allclose(loop.curve_T_supply, made.curve.T_supply[1], atol=1e-3)
    np.testing.assert_allclose(loop.curve_T_room, made.curve.T_indoor[1], atol=1e-3)
    assert len(loop.T_supply) == len(loop.m_flow) == len(told.T_outdoor) == STEPS


async def test_temperature_and_flow_of_a_station_give_the_planned_heat(bench):
    made = bench.state.published = published(bench.site, NOW)
    (loop,) = (await station_of(bench, "S001")).loops
    b, (traits,) = made.known.buildings, [one for key, one in loop_traits(bench.site).items() if key == S1]
    for k in (0, 30, 95):
        room, T_supply = made.plan.T_indoor[0, k], loop.T_supply[k]
        flow = loop.m_flow[k] / traits.m_flow_design
        drop = made.plan.q[0, k] / (4180.0 * b.flow_design[0] * flow)
        above, back = T_supply - room, T_supply - drop - room
        mean = drop / math.log(above / back)
        given = b.q_n[0] * (mean / b.excess_n[0]) ** (1.0 + b.exponent[0])
        own = traits.own_curve(float(made.outlook.series.T_outdoor[k]))
        assert abs(T_supply - own) <= 8.0 + 1e-3
        if abs(T_supply - own) < 8.0 - 1e-3:
            assert given == pytest.approx(made.plan.q[0, k], rel=2e-3)


async def test_what_a_plan_asks_for_now_is_the_present_step_of_its_course(bench):
    bench.state.published = published(bench.site, NOW - 240.0)
    told = await plan_of(bench)
    assert len(told.loops) == 3
    for loop in told.loops:
        (ahead,) = (await station_of(bench, loop.station)).loops
        step = bench.state.published.plan.step_at(NOW)
        assert loop.T_supply_asked == pytest.approx(ahead.T_supply[step], abs=1e-3)
        assert loop.m_flow_asked == pytest.approx(ahead.m_flow[step], abs=1e-3)


async def test_the_explanation_is_the_instruction_s_own_or_what_the_plan_proposes(bench):
    bench.state.published = published(bench.site, NOW)
    followed(bench, S2)
    proposed, own = [(await station_of(bench, station)).loops[0] for station in ("S001", "S002")]
    assert (proposed.followed, own.followed) == (False, True)
    assert proposed.explanation.id == "plan.proposal"
    assert "the curve would ask" in proposed.explanation.en
    assert own.explanation.en.startswith("52.3 °C and 60 % of design flow for 31.0 W/m²")


async def test_advice_to_a_loop_that_takes_no_setpoints_is_a_proposal_with_its_own_reason(bench):
    bench.state.published = published(bench.site, NOW)
    followed(bench, S2)
    status = bench.state.loops[S2]
    gate = said("guard.class", station_class="C")
    status.decision = replace(status.decision, action=Action.NONE, why=(gate, *status.decision.why))
    assert not (await plan_of(bench)).loops[1].followed
    (loop,) = (await station_of(bench, "S002")).loops
    assert not loop.followed
    assert loop.explanation.id == "plan.instruction"


async def test_a_loop_that_takes_no_setpoints_is_advised_step_by_step_with_the_plan_s_sentence(bench):
    whole = published(bench.site, NOW)
    others = replace(whole, excluded={S1: because("plan.loop_hole", what="T_min")})
    read_only = {S2: because("plan.loop_not_driven")}
    bench.state.published = replace(whole, excluded=read_only, advice=others)
    followed(bench, S2)
    (out,) = (await plan_of(bench)).excluded
    assert (out.T_supply_advised, out.m_flow_advised, out.y_pump_advised) == (60.0, 30.0, None)
    assert out.advice.en.startswith("52.3 °C and 60 % of design flow for 31.0 W/m²")
    (ahead,) = (await station_of(bench, "S002")).loops
    assert ahead.excluded.id == "plan.loop_not_driven"
    assert ahead.explanation.id == "plan.instruction"
    np.testing.assert_allclose(ahead.q, whole.plan.q[1], atol=1e-3)
    bench.state.published = replace(whole, excluded=read_only)
    (ahead,) = (await station_of(bench, "S002")).loops
    assert ahead.q == []


async def test_a_station_that_is_not_there_is_refused(bench):
    assert (await ask(bench, "plan/S999")).status_code == 404
    assert (await ask(bench, "plan/..%2Fx")).status_code in (404, 422)


async def test_what_is_expected_is_worked_out_once_for_each_step(bench, monkeypatch):
    from controller.api import plan_routes

    asked = []
    work = plan_routes.expected
    monkeypatch.setattr(plan_routes, "expected", lambda *told: asked.append(told) or work(*told))
    bench.state.published = published(bench.site, NOW)
    for later in (0.0, 10.0, 20.0, 900.0, 910.0):
        bench.clock.time = NOW + later
        await plan_of(bench)
    assert len(asked) == 2
    bench.state.published = published(bench.site, NOW + 900.0)
    await plan_of(bench)
    assert len(asked) == 3


async def test_the_city_s_last_day_tells_what_was_planned_beside_what_came(bench):
    made = bench.state.published = published(bench.site, NOW, without={S3})
    for minute in range(31):
        bench.clock.time = NOW + 60.0 * minute
        await bench.api.past.look()
    lines = CityLines.model_validate_json((await ask(bench, "sparklines/city")).content)
    came, planned = lines.lines["Q_flow_kW"], lines.lines["Q_flow_planned_kW"]
    assert came[-1] == pytest.approx(4500.0)
    assert planned[-1] == pytest.approx(planned_heat(made, NOW + 1800.0), abs=1e-3)
    assert planned[-2] == pytest.approx(made.plan.P[1] + excluded_heat(made), abs=1e-3)
    told = await plan_of(bench)
    assert (told.past.actual, told.past.planned) == (came, planned)
    bench.clock.time = NOW + 4 * 3600.0
    await bench.api.past.look()
    assert (await plan_of(bench)).past.planned[-1] is None


async def test_a_day_of_plans_tells_who_kept_to_them(bench):
    from_now = published(bench.site, NOW)
    for turn in range(6):
        bench.clock.time = now = NOW + 900.0 * turn
        bench.state.published = replace(from_now, plan=replace(from_now.plan, made_from=now))
        await bench.api.past.look()
    told = await plan_of(bench)
    assert told.obeyed is None  # nothing was measured since the first
    one = told.loops[0]
    came, meant = from_now.known.state.q[0], from_now.plan.q[0, 1:6].mean()
    assert one.heat_off == pytest.approx(came / meant - 1.0, abs=1e-4)
    assert (one.obeyed, one.room_off_K) == (None, None)


async def test_a_plan_tells_how_true_forecasts_were_here(bench):
    bench.state.published = published(bench.site, NOW)
    bench.state.scores = {"load": Score(hours=30.0, mae=80.0, bias=-5.0, rmse=99.0, wape=0.04, coverage=0.8)}
    (one,) = (await plan_of(bench)).forecast.accuracy
    assert (one.what, one.hours, one.mae, one.bias, one.wape, one.coverage) == (
        "load",
        30.0,
        80.0,
        -5.0,
        0.04,
        0.8,
    )
