"""How the judge tells what plans gave in a shortage, and what came."""

from types import SimpleNamespace

import numpy as np
import pytest

from controller.decisions import LoopKey
from optimizer.plan.status import Shares
from simulators.evaluate.shortage import SharedHeat, ShortageWatch, shared_figures
from simulators.evaluate.verdict import GOALS

KEYS = tuple(LoopKey(f"S{n}", 1) for n in range(3))
AREA = np.full(3, 1000.0)
TURN_S = 900.0


def published(parts, made_at=0.0, spared=(False, False, False), excluded=(), least=(0.0, 0.0, 0.0)):
    """A plan that gives these parts of 40 W/m2 in each of four steps; ``least`` (W/m2) may be told."""
    needed = np.full((3, 4), 40.0)
    plan = SimpleNamespace(
        q=needed * np.array(parts)[:, np.newaxis],
        shares=Shares(needed=needed, spared=np.array(spared)),
        step_at=lambda now: 0,
    )
    return SimpleNamespace(
        plan=plan,
        problem=SimpleNamespace(q_min=np.repeat([[each] for each in least], 6, axis=1)),
        made_at=made_at,
        keys=KEYS,
        excluded=set(excluded),
        usable=lambda now: True,
    )


def watched(hours, parts=(0.8, 0.8, 0.8), came=(32.0, 32.0, 32.0), **fields):
    watch = ShortageWatch(KEYS, AREA)
    for hour in range(hours):
        for turn in range(4):
            now = 3600.0 * hour + TURN_S * turn
            watch.turn(published(parts, made_at=now, **fields), now)
        watch.hour_passed(np.array(came), 3600.0 * (hour + 1))
    return watch


def test_what_came_counts_from_an_hour_after_the_begin_on():
    assert len(watched(1).heat.needed) == 0
    heat = watched(3).heat
    assert len(heat.needed) == 2
    assert heat.needed[0] == pytest.approx([40.0, 40.0, 40.0])
    assert heat.planned[0] == pytest.approx([32.0, 32.0, 32.0])


def test_the_spread_is_told_of_plans_and_of_what_came():
    told = shared_figures(watched(3, parts=(0.8, 0.805, 0.79), came=(32.0, 36.0, 30.0)).heat, np.arange(3))
    assert told["shortage_plans"] == 12
    assert told["shortage_plan_spread_percent"] == pytest.approx(1.5)
    assert told["shortage_plans_within_goal_percent"] == pytest.approx(100.0)
    assert told["shortage_spread_percent"] == pytest.approx(15.0)
    assert told["shortage_given_percent"] == pytest.approx(100.0 * 98.0 / 120.0)


def test_a_loop_that_may_be_told_no_less_is_told_apart():
    told = shared_figures(watched(3, parts=(0.8, 0.806, 0.95), least=(20.0, 20.0, 38.0)).heat, np.arange(3))
    assert told["shortage_plan_spread_percent"] == pytest.approx(15.0)
    assert told["shortage_plan_spread_able_percent"] == pytest.approx(0.6)
    assert told["shortage_plan_loops_at_least"] == 1
    assert told["shortage_plans_within_goal_percent"] == 0.0
    assert told["shortage_plans_able_within_goal_percent"] == 100.0


def test_who_is_spared_or_left_out_shares_nothing():
    heat = watched(3, came=(32.0, 40.0, 10.0), spared=(False, True, False), excluded=[KEYS[2]]).heat
    told = shared_figures(heat, np.arange(3))
    assert told["shortage_spread_percent"] == 0.0
    assert told["shortage_given_percent"] == pytest.approx(80.0)


def test_loops_of_a_station_count_together():
    heat = watched(3, came=(24.0, 40.0, 32.0)).heat
    told = shared_figures(heat, np.array([0, 0, 1]))
    assert told["shortage_spread_percent"] == pytest.approx(0.0)


def test_an_hour_in_which_a_plan_shares_nothing_is_not_counted_and_a_new_shortage_has_its_hour():
    watch = watched(3)
    enough = published((1.0, 1.0, 1.0), made_at=3 * 3600.0)
    enough.plan.shares = None
    for turn in range(9):
        watch.turn(enough, 3 * 3600.0 + TURN_S * turn)
        if turn in (3, 7):
            watch.hour_passed(np.full(3, 40.0), 3600.0 * (4 + turn // 4))
    assert len(watch.heat.needed) == 2
    watch.turn(published((0.8, 0.8, 0.8), made_at=6 * 3600.0), 6 * 3600.0)
    watch.hour_passed(np.full(3, 40.0), 6.5 * 3600.0)
    assert len(watch.heat.needed) == 2


def test_without_a_shortage_there_are_no_figures_and_goals_ask_for_the_usual_bounds():
    assert shared_figures(SharedHeat(), np.arange(3)) == {}
    asked = {goal.name: (goal.target, goal.at_least) for goal in GOALS if goal.name.startswith("shortage")}
    assert asked == {
        "shortage_plan_spread_percent": (2.0, False),
        "shortage_spread_percent": (5.0, False),
        "shortage_critical_coldest_degC": (18.0, True),
        "shortage_coldest_dwelling_degC": (12.0, True),
    }
