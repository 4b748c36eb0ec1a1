"""The tutorial of one building: its code runs as it stands on the page, and prints what the page says."""

import contextlib
import io
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

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
    assert names["state"].disturbance[0] < -0.5


def test_it_heats_before_the_dear_hours_and_less_in_them(followed):
    names, _ = followed
    heats = np.array(names["heats"])
    assert heats[9:12].mean() > heats[12:18].mean() + 3.0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tariff": np.ones(10)}, "plan.series_short"),
        ({"T_outdoor": np.full(48, np.nan)}, "plan.forecast_hole"),
        ({"T_min": np.full((1, 48), 25.0)}, "plan.no_loop_left"),
    ],
)
def test_what_can_not_be_planned_names_its_reason_and_raises_nothing(followed, change, told):
    plan = solve(replace(followed[0]["problem"], **change))
    assert (plan.status, plan.why.id) == ("none", told)


def test_both_steps_together_take_no_more_lines_than_a_screen():
    counted = [[line for line in code.splitlines() if line.strip()] for code in blocks("python")]
    assert len(counted[1]) <= LINES_MAX
