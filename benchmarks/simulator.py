"""[simulator] The simulated city: what its physics costs.

Physics: a city of 200 stations on their own curves, from the evening of 15 January, in steps of 60 s: an hour
after its pipes were filled with water of one temperature, and, as ``settled``, twelve hours after, when the
valves have found their places. In between hydraulics are solved three times as often.

Hydraulics: 1,000 stations of prescribed flow on a two-pipe network with 60 rings on each side. CPU time of
one thread, which is wall time on a core of one's own.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import evaluate, world
from benchmarks.measurement import Measurement
from benchmarks.pandapipes_peer import case_arrays, pandapipes_side
from benchmarks.peers import PeerUnavailable
from benchmarks.reads import Side, compare, warm_up
from benchmarks.report import Figures, Result, median_of
from benchmarks.simulator_servers import SERVERS_NAMES, servers
from simulators.plant.network.graph import Network
from simulators.plant.network.hydraulics import Hydraulics
from simulators.plant.network.operation import Operation, operation
from tests.support.field_cities import Stepped, field_city
from tests.support.heat_networks import city_network

COLD, WARM, RATIO = HYDRAULICS_NAMES = (
    "simulator.hydraulics_1000.cold_ms",
    "simulator.hydraulics_1000.warm_ms",
    "simulator.hydraulics_1000.ratio_pandapipes",
)
PHYSICS = "simulator.physics.station_days_per_s"
SETTLED = "simulator.physics.settled_station_days_per_s"
STATIONS, SETTLE_STEPS, WINDOW_STEPS, WINDOWS = 200, 60, 60, 5
SETTLED_STEPS = 720
DAY_OF_SEASON = 75.5
RUNS = 15
SOLUTIONS = 5
"""Of each side in one run of the comparison."""

_NET = "1,000 stations, 2,120 pipes, 60 rings on each side, error of head <= 1e-6 kPa; CPU of one thread"


def hydraulics() -> Figures:
    """Measure ours, then ours and pandapipes in turn."""
    network, now = _city()
    solver, more = Hydraulics(network), replace(now, m_flow=1.05 * now.m_flow)

    def cold() -> object:
        solver.forget()
        return solver.solve(now)

    for _ in range(3):
        cold()
    cold_ms, warm_ms = [], []
    for _ in range(RUNS):
        cold_ms.append(_cpu_ms(cold))
        warm_ms.append(_cpu_ms(lambda: solver.solve(more)))
    figures = Figures(
        results=[
            median_of(COLD, "ms", cold_ms, f"{_NET}; order of elimination found anew each time"),
            median_of(WARM, "ms", warm_ms, f"{_NET}; from the last flows, all demands 5 % higher"),
        ]
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            figures.add(asyncio.run(_beside_pandapipes(network, now, cold, Path(folder))))
    except PeerUnavailable as reason:
        figures.missing[RATIO] = str(reason)
    return figures


def physics() -> Figures:
    """Measure windows of an hour each; hydraulics are solved as often as they ask for."""
    city = Stepped(field_city(STATIONS, 1), dt=60.0, day=DAY_OF_SEASON)
    figures, steps = Figures(), 0
    for name, after in ((PHYSICS, SETTLE_STEPS), (SETTLED, SETTLED_STEPS)):
        for _ in range(after - steps):
            city.step()
        figures.results.append(_windows(name, city))
        steps = after + WINDOWS * WINDOW_STEPS
    return figures


def _windows(name: str, city: Stepped) -> Result:
    rates, before = [], city.plant.primary.solutions
    for _ in range(WINDOWS):
        started = time.process_time()
        for _ in range(WINDOW_STEPS):
            city.step()
        spent = time.process_time() - started
        rates.append(STATIONS * WINDOW_STEPS * city.dt / 86_400.0 / spent)
    share = (city.plant.primary.solutions - before) / (WINDOWS * WINDOW_STEPS)
    houses, zones = city.field.params.zone.A_heated.shape
    note = (
        f"{STATIONS} stations, {houses} houses of {zones} zones, {city.field.params.network.n_pipes} pipes; "
        f"steps of 60 s, hydraulics solved anew in {100.0 * share:.0f} % of them; CPU of one thread"
    )
    return median_of(name, "1/s", rates, note)


async def _beside_pandapipes(
    network: Network, now: Operation, cold: Callable[[], object], folder: Path
) -> Figures:
    async with pandapipes_side(case_arrays(network, now), folder) as (theirs, answer):
        await warm_up(theirs, 1)
        compared = await compare(_ours(cold), theirs, SOLUTIONS)
    head = now.source_dp[0]
    apart = np.abs(Hydraulics(network).solve(now).p - answer["p"]).max() / head
    note = (
        f"CPU of one solution from scratch, ours / pandapipes {answer['version']} (hydraulics, colebrook, "
        f"numba compiled) on the same network: {min(compared.theirs_us) / 1000.0:.0f} ms there; tolerances "
        f"1e-8 bar there, 1e-6 kPa here; pressures agree within {100.0 * apart:.3f} % of head"
    )
    return Figures(results=[compared.ratio(RATIO, note)])


def _ours(cold: Callable[[], object]) -> Side:
    async def run(total: int) -> float:
        started = time.process_time()
        for _ in range(total):
            cold()
        return time.process_time() - started

    return run


def _city() -> tuple[Network, Operation]:
    network, m_flow = city_network(1000, loops=60)
    return network, operation(network, T_supply=80.0, T_return=50.0, m_flow=m_flow, source_dp=900.0)


def _cpu_ms(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return 1000.0 * (time.process_time() - started)


MEASUREMENTS = (
    Measurement(title="physics of 200 stations", names=(PHYSICS,), run=physics),
    Measurement(title="hydraulics of 1,000 stations", names=HYDRAULICS_NAMES, run=hydraulics),
    Measurement(title="servers of 1,000 stations", names=SERVERS_NAMES, run=servers),
    Measurement(title="a day in virtual time", names=(world.NAME,), run=world.modbus_day),
    Measurement(
        title="the judge on 40 and 200 stations", names=(evaluate.NAME, evaluate.LARGE), run=evaluate.judge
    ),
)
