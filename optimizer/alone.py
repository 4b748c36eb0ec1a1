"""One building by itself: identified from a table of measurements, then heated by plans of its own.

For engineers without a controller. Nothing is worked out here: identification, estimate, question and solver
are those that the controller uses for a city, with one loop.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optimizer.building import Floats, free_heat, transition
from optimizer.building_prior import prior
from optimizer.estimate.cycle import BACK_H, estimate
from optimizer.estimate.state import DISTURBANCE, begin, measured
from optimizer.estimate.trusting import trusted
from optimizer.identify.history import History
from optimizer.identify.nightly import Identified, believed, identify
from optimizer.plan.problem import PlanProblem
from optimizer.plan.solving import solve
from optimizer.plan.status import Plan

Series = Floats | Sequence[float]


def learn(
    history: History,
    area: float,
    *,
    building_type: str = "residential",
    emitter: str = "radiator",
    insulation: str = "saving",
) -> Identified:
    """Return what a table of measurements says of a building of ``area`` heated m2, and why.

    The words are those of ``optimizer.building_prior``; they say what it is like where the table does not.
    All of the change is taken at once. Raises ValueError for a word that is none, never for measurements.
    """
    guess = prior(building_type=[building_type], emitter=[emitter], insulation=[insulation], area=[area])
    return identify(history, believed(guess), guess, days=np.inf)


class Mpc:
    """Model predictive control of one building: follows it by what is measured, plans anew at each step."""

    def __init__(
        self,
        found: Identified,
        *,
        dt_h: float,
        T_outdoor: float,
        q: float,
        q_max: float | None = None,
        ramp: float | None = None,
        sensor_sd: float | None = None,
    ) -> None:
        """Begin with ``q`` W/m2 of heat and ``T_outdoor`` degC, the mean of the last days.

        Steps last ``dt_h`` hours. ``q_max`` W/m2 it can have at most, without it what its emitters give at
        their rating; ``ramp`` is the largest change from step to step, without it all of ``q_max``.
        ``sensor_sd``: by how many K the sensor may be off the mean of all rooms; without it, it counts as one
        of a few in a loop of many dwellings, with the bias that ``found`` says.
        """
        self.building = found.building
        self.q = q
        """Heat that is to be given in the present step, W/m2."""
        self._dt_h = dt_h
        self._q_max = float(self.building.q_n[0]) if q_max is None else q_max
        self._ramp = self._q_max if ramp is None else ramp
        trust = trusted([found])
        if sensor_sd is not None:
            trust = replace(trust, sensor_bias=np.zeros(1), sensor_sd=np.full(1, sensor_sd))
        self.state = begin(self.building, trust, T_outdoor)
        """What is believed of rooms, walls, sensor, and heat that nothing explains."""
        self.problem: PlanProblem | None = None
        """The question of the last plan."""
        self.plan: Plan | None = None

    def step(
        self,
        *,
        start: float,
        T_indoor: float,
        T_outdoor: Series,
        sun: Series,
        price: Series,
        T_min: Series | float,
        T_max: Series | float,
        q_min: Series | float = 0.0,
        P_max: Series | float = np.inf,
        q: float | None = None,
    ) -> Plan:
        """Take in the step that ends at UTC second ``start``, and plan the k steps that follow.

        ``T_indoor`` (degC) is the reading of now, ``q`` the heat that was given in the step (W/m2); without
        it, what the plan said. Forecasts are (k,): degC, W/m2 on the horizontal, price of a kWh; the first
        value of each is that of now. Comfort band (degC), least heat (W/m2) and capacity (kW) are numbers or
        (k,). What can not be planned raises nothing: ``status`` and ``why`` of the plan say it, and the heat
        stays.
        """
        building, steps = self.building, len(T_outdoor)
        seen = measured(
            1,
            T_indoor=T_indoor,
            Q_meter=(self.q if q is None else q) * building.area / 1000.0,
            T_outdoor=_first(T_outdoor),
            sun=_first(sun),
        )
        self.state = estimate(self.state, seen, building, 3600.0 * self._dt_h)
        A, B = transition(building, self._dt_h)
        hours = self._dt_h * (np.arange(len(sun)) + 0.5)
        unexplained = self.state.disturbance * np.exp(-hours / BACK_H[DISTURBANCE])

        def series(values: Series | float) -> Floats:
            told = np.asarray(values, dtype=np.float64)
            return np.full(steps, told) if told.ndim == 0 else told

        self.problem = PlanProblem(
            start=start,
            dt_h=self._dt_h,
            A=A,
            B=B,
            x0=self.state.x,
            area=building.area,
            T_outdoor=series(T_outdoor),
            gains=(free_heat(building, series(sun)) + unexplained)[None],
            T_min=series(T_min)[None],
            T_max=series(T_max)[None],
            q_min=series(q_min)[None],
            q_max=series(self._q_max)[None],
            ramp=np.array([self._ramp]),
            q_before=np.array([self.q]),
            tariff=series(price),
            P_max=series(P_max),
        )
        self.plan = solve(self.problem, self.plan)
        if self.plan.q.size and np.isfinite(self.plan.q[0, 0]):
            self.q = float(self.plan.q[0, 0])
        return self.plan


def _first(values: Series) -> float:
    return float(values[0]) if len(values) else np.nan
