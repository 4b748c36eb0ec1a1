"""What plans of the last day said beside what came, loop by loop: in memory, one sample for each plan.

Rooms are held against what a plan said of them three hours before: of the next quarter of an hour anybody
can tell. Heat is that of the step in which the next plan was made. It starts empty with each start.
"""

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.decisions import LoopKey
from controller.planning.published import Published
from controller.state import ControllerState, LoopStatus
from optimizer.building import Floats
from optimizer.compliance import Compliance, Steps, compared
from optimizer.plan.status import PlanStatus
from stations.model.identity import Point
from stations.model.reading import Reading

SAMPLES = 96
LEAST = 4
"""Fewer samples are no day to judge by."""
AHEAD_S = 10_800.0
FRESH_S = 300.0
"""Oldest measurement that is held against an instruction."""

Small = NDArray[np.float32]


class Sample(NamedTuple):
    """Heat, rooms, supply and flow of n loops, (4, n): as they were to be, and as they were."""

    planned: Small
    actual: Small


class _Foretold(NamedTuple):
    at: float
    """UTC second for which it was said."""
    T_indoor: Floats


class PlanRecord:
    """The samples of one run of the controller. Owner: the API, on the event loop."""

    def __init__(self, design: dict[LoopKey, float]) -> None:
        """``design`` is the design circulation of each loop, kg/s."""
        self._design = design
        self._last: Published | None = None
        self._foretold: deque[_Foretold] = deque()
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)

    def note(self, state: ControllerState, now: float) -> None:
        """Take a sample if there is a new plan since the last look."""
        new, last = state.published, self._last
        if new is None or new is last:
            return
        if last is None or last.keys != new.keys:
            self._samples.clear()
            self._foretold.clear()
        elif last.usable(now):
            self._samples.append(self._sample(last, new, state, now))
        self._last = new
        if new.plan.status is not PlanStatus.NONE and (step := new.plan.step_at(now + AHEAD_S)) is not None:
            self._foretold.append(_Foretold(now + AHEAD_S, new.plan.T_indoor[:, step]))

    def compliance(self, keys: tuple[LoopKey, ...]) -> Compliance | None:
        """Return how loops kept to their plans; None before enough is known, or of other loops."""
        if self._last is None or self._last.keys != keys or len(self._samples) < LEAST:
            return None
        planned = np.stack([sample.planned for sample in self._samples]).astype(np.float64)
        actual = np.stack([sample.actual for sample in self._samples]).astype(np.float64)
        return compared(_steps(planned), _steps(actual))

    def _sample(self, last: Published, new: Published, state: ControllerState, now: float) -> Sample:
        step = last.plan.step_at(now)
        assert step is not None  # it is usable
        told = [self._told(state.loops[key]) for key in new.keys]
        seen = [self._seen(key, state, now) for key in new.keys]
        supply, flow = np.array(told, dtype=np.float64).reshape(-1, 2).T
        measured, flows = np.array(seen, dtype=np.float64).reshape(-1, 2).T
        planned = np.stack([last.plan.q[:, step], self._said(now, len(new.keys)), supply, flow])
        actual = np.stack([new.known.state.q, new.known.state.T_indoor, measured, flows])
        return Sample(planned.astype(np.float32), actual.astype(np.float32))

    def _said(self, now: float, n: int) -> Floats:
        """Return what was said three hours ago of the rooms of now."""
        said = np.full(n, np.nan)
        while self._foretold and self._foretold[0].at <= now:
            said = self._foretold.popleft().T_indoor
        return said

    def _told(self, loop: LoopStatus) -> tuple[float, float]:
        if not loop.held or loop.T_supply_set is None:
            return np.nan, np.nan
        flow = np.nan if loop.m_flow_set is None else loop.m_flow_set / self._design[loop.key]
        return loop.T_supply_set, flow

    def _seen(self, key: LoopKey, state: ControllerState, now: float) -> tuple[float, float]:
        readings = state.image[key.station].readings
        T = _value(readings.get(Point(key.loop, "T_supply_secondary")), now)
        m = _value(readings.get(Point(key.loop, "m_flow_secondary")), now)
        return T, m / self._design[key]


def _value(reading: Reading | None, now: float) -> float:
    if reading is None or reading.value is None or not reading.usable(now, FRESH_S):
        return float("nan")
    return reading.value


def _steps(values: Floats) -> Steps:
    return Steps(q=values[:, 0], T_indoor=values[:, 1], T_supply=values[:, 2], flow=values[:, 3])
