"""Estimation of 1,000 loops in one control cycle, and identification of a station from 14 days."""

import time

import numpy as np

from benchmarks.report import Figures, median_of
from optimizer.building_prior import prior
from optimizer.estimate.cycle import estimate
from optimizer.estimate.state import Measurements, begin, trust_before
from optimizer.identify.history import History
from optimizer.identify.nightly import believed, identify
from tests.support.houses import recorded, sized

NAMES = ESTIMATE, IDENTIFY = ("optimizer.estimate_1000.ms", "optimizer.identify.s_per_station")
LOOPS, CYCLES = 1000, 60
LOSSES = (1.0, 1.2, 1.5, 1.8, 2.1)
DAYS = 15
"""14 to learn from, and the day that is replayed."""


def measure() -> Figures:
    """Measure both; CPU of one thread, as other work shares the machine."""
    return Figures(results=[*_estimation().results, *_identification().results])


def _estimation() -> Figures:
    rng = np.random.default_rng(1)
    kinds = {"building_type": ["residential"] * LOOPS, "insulation": ["saving"] * LOOPS}
    loops = prior(**kinds, emitter=["radiator", "floor"] * (LOOPS // 2), area=rng.uniform(5e3, 1e5, LOOPS))
    state = begin(loops, trust_before(LOOPS), -2.0)
    spent = []
    for _ in range(CYCLES):
        T_supply = 48.0 + rng.normal(0.0, 1.0, LOOPS)
        sensors = np.where(np.arange(LOOPS) % 10 < 7, 20.5 + rng.normal(0.0, 0.3, LOOPS), np.nan)
        measured = Measurements(
            T_indoor=sensors,
            T_supply=T_supply,
            T_return=T_supply - 11.0,
            m_flow=loops.flow_design * loops.area,
            Q_meter=30.0 * loops.area / 1000.0,
            T_outdoor=np.full(LOOPS, -2.0),
            sun=np.full(LOOPS, 80.0),
            wind=np.full(LOOPS, 3.0),
        )
        begun = time.process_time()
        state = estimate(state, measured, loops, 60.0)
        spent.append(1000.0 * (time.process_time() - begun))
    note = f"{LOOPS} loops, 70 % with sensors, cycles of 60 s; CPU of one thread"
    return Figures(results=[median_of(ESTIMATE, "ms", spent, note)])


def _identification() -> Figures:
    guess = prior(building_type=["residential"], emitter=["radiator"], insulation=["saving"], area=[6e4])
    spent, accepted, runs = [], 0, 0
    for seed, UA in enumerate(LOSSES):
        rows, _ = recorded(sized(UA), days=DAYS, seed=seed)
        for without in ((), ("T_indoor",)):
            history = History(**{name: values for name, values in rows.items() if name not in without})
            begun = time.process_time()
            found = identify(history, believed(guess), guess)
            spent.append(time.process_time() - begun)
            accepted, runs = accepted + (found.state == "accepted"), runs + 1
    note = (
        f"{DAYS - 1} days of quarters of an hour and one to replay, with and without indoor sensors, "
        f"{accepted} of {runs} accepted; CPU of one thread"
    )
    return Figures(results=[median_of(IDENTIFY, "s", spent, note)])
