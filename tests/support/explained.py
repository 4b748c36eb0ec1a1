"""Five loops for tests of what is told: houses, a question, their emitters and the course on their curve."""

import math

import numpy as np

from optimizer.building import free_heat, steady_heat, steady_state, transition
from optimizer.building_prior import prior
from optimizer.instructions import Emitters
from optimizer.on_curve import curve_ahead, filtered_ahead, follow
from optimizer.plan.problem import PlanProblem
from optimizer.regulation import RegulationLaw

LOOPS, STEPS = 5, 96
START = 1_768_435_200.0
LAW = RegulationLaw(
    T_indoor=20.0, T_outdoor_design=-10.1, T_supply_design=75.0, T_return_design=50.0, exponent=0.3
)


def houses():
    """Five residential blocks with radiators, unlike in insulation and area."""
    return prior(
        building_type=["residential"] * LOOPS,
        emitter=["radiator"] * LOOPS,
        insulation=["old", "saving", "new", "saving", "old"],
        area=[30_000.0, 60_000.0, 90_000.0, 45_000.0, 20_000.0],
    )


def known_rooms():
    """Indoor temperatures at the beginning, degC."""
    return np.array([21.2, 20.4, 20.9, 21.6, 20.1])


def outdoors():
    hour = 0.25 * np.arange(STEPS)
    return -4.0 + 3.0 * np.cos(2.0 * np.pi * (hour - 15.0) / 24.0)


def problem(**changes):
    """A winter day from midnight; the source has plenty."""
    buildings, T_outdoor = houses(), outdoors()
    A, B = transition(buildings, 0.25)
    gains = free_heat(buildings, np.zeros((STEPS, 1))).T
    q_before = steady_heat(buildings, known_rooms(), -4.0, buildings.gain)
    x0 = steady_state(buildings, q_before, -4.0, buildings.gain)
    hour = 0.25 * np.arange(STEPS)
    day = (hour >= 6.0) & (hour < 22.0)
    full = dict(
        start=START,
        A=A,
        B=B,
        x0=x0,
        area=buildings.area,
        T_outdoor=T_outdoor,
        gains=gains,
        T_min=np.where(day, 20.0, 19.0) * np.ones((LOOPS, 1)),
        T_max=np.full((LOOPS, STEPS), 22.5),
        q_min=np.full((LOOPS, STEPS), 5.0),
        q_max=np.repeat(1.2 * buildings.q_n[:, None], STEPS, axis=1),
        ramp=0.1 * buildings.q_n,
        q_before=q_before,
        tariff=np.where(day, 1.2, 0.8),
        P_max=np.full(STEPS, np.inf),
    )
    return PlanProblem(**(full | changes))


def curve_course(question):
    """What the five would do on the curve of radiators."""
    filtered = filtered_ahead(-4.0, question.T_outdoor, 0.25, 12.0)
    T_supply, flow = curve_ahead(LAW, filtered, 85.0)
    ones = np.ones((LOOPS, 1))
    return follow(
        question.A,
        question.B,
        question.x0,
        houses(),
        T_supply=ones * T_supply,
        flow=ones * flow,
        T_outdoor=question.T_outdoor,
        gains=question.gains,
    )


def emitters(**changes):
    """The same five as instructions need them."""
    b = houses()
    full = dict(
        q_n=b.q_n,
        excess_n=b.excess_n,
        exponent=b.exponent,
        flow_design=b.flow_design,
        flow_min=0.6,
        flow_even=0.6,
        T_supply_min=25.0,
        T_supply_max=85.0,
        T_own=55.0,
        drop_min=2.0,
        drop_max=30.0,
        sets_flow=True,
        wears_out=False,
        offset_min=-math.inf,
        offset_max=math.inf,
    )
    return Emitters(
        **{name: np.array(np.broadcast_to(value, (LOOPS,))) for name, value in (full | changes).items()}
    )
