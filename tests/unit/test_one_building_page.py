"""The tutorial of one building: its code runs as it stands on the page, and prints what the page says."""

import contextlib
import io
import os
import re
from pathlib import Path

import numpy as np
import pytest

from optimizer.alone import Mpc
from optimizer.plan.solving import solve

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "tutorial" / "optimize-one-building.md").read_text(encoding="utf-8")
LINES_MAX = 30


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def followed():
    """What somebody who followed the page has in hand, and has seen."""
    names, printed, before = {}, [], Path.cwd()
    os.chdir(ROOT)
    try:
        for code in blocks("python"):
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(code, "tutorial", "exec"), names)
            printed.append(out.getvalue())
    finally:
        os.chdir(before)
    return names, printed


def test_the_page_prints_what_it_says(followed):
    assert followed[1] == blocks("text")


def test_by_day_it_is_as_warm_as_wanted_in_a_building_that_loses_more_than_its_model(followed):
    names, _ = followed
    rooms, T_min = names["rooms"], names["T_min"]
    assert min(room - T_min[k] for k, room in enumerate(rooms) if k > 12) > -0.3
    assert names["mpc"].state.disturbance[0] < -0.5


def test_it_heats_before_the_dear_hours_and_less_in_them(followed):
    names, _ = followed
    heats = np.array(names["heats"])
    assert heats[9:12].mean() > heats[12:18].mean() + 3.0


def test_each_step_asks_what_the_controller_would_ask_of_a_city_of_one(followed):
    """The question is built of the estimate, and the plan is the solver's own answer to it."""
    mpc = followed[0]["mpc"]
    asked = mpc.problem
    np.testing.assert_array_equal(asked.x0, mpc.state.x)
    assert asked.size == (1, 48)
    assert mpc.q == mpc.plan.q[0, 0]
    again = solve(asked)
    assert again.q[0, 0] == pytest.approx(mpc.plan.q[0, 0], abs=0.5)


FORECASTS = ("T_outdoor", "sun", "price", "T_min")
NOW = slice(0, 48)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"price": np.ones(10)}, "plan.series_short"),
        ({"T_outdoor": np.full(48, np.nan)}, "plan.forecast_hole"),
        ({"T_outdoor": np.empty(0), "T_min": 20.0}, "plan.horizon_short"),
        ({"sun": np.zeros(20)}, "plan.shape"),
        ({"sun": np.full(48, np.nan)}, "plan.no_loop_left"),
        ({"T_min": np.full(48, 25.0)}, "plan.no_loop_left"),
        ({"q_min": np.full(48, 20.0), "P_max": 50.0}, "plan.source_below_frost"),
    ],
)
def test_what_can_not_be_planned_names_its_reason_raises_nothing_and_leaves_the_heat(followed, change, told):
    names, _ = followed
    mpc = Mpc(names["found"], dt_h=0.5, T_outdoor=-5.0, q=33.0)
    series = {name: names[name][NOW] for name in FORECASTS}
    plan = mpc.step(**({"start": 0.0, "T_indoor": 20.0, "T_max": 23.0} | series | change))
    assert (plan.status, plan.why.id) == ("none", told)
    assert mpc.q == 33.0


def test_without_a_reading_the_plan_goes_on_and_the_rooms_are_known_less_well(followed):
    names, _ = followed
    mpc = Mpc(names["found"], dt_h=0.5, T_outdoor=-5.0, q=40.0, sensor_sd=0.05)
    series = {name: names[name][NOW] for name in FORECASTS}
    sd = []
    for k, reading in enumerate((20.0, 20.0, *[np.nan] * 8)):
        plan = mpc.step(start=1800.0 * k, T_indoor=reading, T_max=23.0, q=40.0, **series)
        assert plan.status == "optimal"
        sd.append(mpc.state.T_indoor_sd[0])
    assert sd[-1] > 2.0 * sd[1]


def test_both_steps_together_take_no_more_lines_than_a_screen():
    counted = [line for code in blocks("python") for line in code.splitlines() if line.strip()]
    assert len(counted) <= LINES_MAX
