"""A plan as it is published, for the loops of a site: made by the planner itself, without its loop."""

from dataclasses import replace

import numpy as np

from controller.knowing.known import first_known
from controller.planning.port import PlannerState
from controller.planning.published import Published
from controller.wiring import loop_traits
from optimizer.building import free_heat, transition
from optimizer.forecast.weather import Outlook, WeatherSeries
from optimizer.on_curve import curve_ahead, filtered_ahead, follow
from optimizer.plan.problem import PlanProblem
from optimizer.plan.solving import solve
from optimizer.reason import because
from tests.support.explained import LAW

STEPS, STEP_S = 96, 900.0


def outlook(start, steps=STEPS, T=-4.0):
    """A day of even weather, told by a source an hour ago."""
    times = start + STEP_S * np.arange(steps)
    T_outdoor = T + 3.0 * np.cos(2.0 * np.pi * (times - 54_000.0) / 86_400.0)
    zeros = np.zeros(steps)
    series = WeatherSeries(
        times=times, T_outdoor=T_outdoor, wind=zeros + 2.0, sun=zeros, quality=zeros.astype(np.int8)
    )
    return Outlook(series=series, holes=(), age_s=3600.0)


def question(known, weather, start, without=(), **changes):
    """What a plan is asked for; the loops of ``without`` carry a hole."""
    n, b = len(known), known.buildings
    A, B = transition(b, 0.25)
    T_min = np.full((n, STEPS), 20.0)
    T_min[[key in without for key in known.keys]] = np.nan
    full = dict(
        start=start,
        A=A,
        B=B,
        x0=known.state.x,
        area=b.area,
        T_outdoor=weather.series.T_outdoor,
        gains=free_heat(b, weather.series.sun[:, None]).T,
        T_min=T_min,
        T_max=np.full((n, STEPS), 22.0),
        q_min=np.full((n, STEPS), 4.0),
        q_max=np.repeat(1.2 * b.q_n[:, None], STEPS, axis=1),
        ramp=0.1 * b.q_n,
        q_before=known.state.q,
        tariff=np.ones(STEPS),
        P_max=np.full(STEPS, np.inf),
    )
    return PlanProblem(**(full | changes))


def published(site, now, *, without=(), planner=None, **changes):
    """The plan of a site's loops, made at UTC second ``now``; ``changes`` are those of the question."""
    known = first_known(loop_traits(site), -4.0)
    weather = outlook(now)
    asked = question(known, weather, now, without, **changes)
    n = len(known)
    T_supply, flow = curve_ahead(LAW, filtered_ahead(-4.0, asked.T_outdoor, 0.25, 12.0), 85.0)
    course = follow(
        asked.A,
        asked.B,
        asked.x0,
        known.buildings,
        T_supply=np.tile(T_supply, (n, 1)),
        flow=np.tile(flow, (n, 1)),
        T_outdoor=asked.T_outdoor,
        gains=asked.gains,
    )
    plan = solve(asked)
    left_out = {known.keys[each.loop]: each.why for each in plan.excluded}
    return Published(
        made_at=now,
        keys=known.keys,
        plan=plan,
        excluded=left_out | {key: because("plan.loop_mode", mode="local") for key in without},
        outlook=weather,
        known=known,
        problem=asked,
        curve=course,
        planner=planner or PlannerState(plans=3, failures=1, last_failure=None, busy=False, pid=None),
    )


def with_plan(published, plan):
    """The same with another plan."""
    return replace(published, plan=plan)
