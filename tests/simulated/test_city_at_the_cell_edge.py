"""A whole city behind bad links and its controller: stations answer and are driven, neither process grows."""

import asyncio
import os
import time
from contextlib import suppress

import numpy as np
import pytest

from benchmarks.simulated_city import cpu_s, rss_bytes
from benchmarks.simulator_servers import CITY, EACH, keep
from simulators.certificates import ensure_certificates
from simulators.sitefile import load_site
from tests.support.polling import until
from tests.support.running_city import controller_process, running_city

pytestmark = [pytest.mark.long, pytest.mark.soak, pytest.mark.slow, pytest.mark.timeout(1800)]

EVERY_S = 5.0
"""Between two looks at memory."""
FULL = {"city": CITY, "each": EACH, "minutes": 10, "minute_s": 60.0}
REDUCED = {"city": 270, "each": 100, "minutes": 10, "minute_s": 12.0}
SERVERS_MB_MAX, SERVERS_CPU_S_MAX = 1500.0, 45.0
"""Of 1,000 stations when all accept: resident memory, and seconds of one core until then."""
GROWTH_MAX = 0.05
"""From the middle third to the last: who connects, and fills what it keeps, grows before."""
FRESH_MIN = 0.97
START_S = 600.0
"""For a controller of 1,000 stations on a machine that does something else as well."""


def take(pids):
    """MB resident and CPU seconds of each process."""
    return {name: (rss_bytes(pid) / 1e6, cpu_s(pid)) for name, pid in pids.items()}


async def watch(pids, minutes, minute_s):
    """{process: [MB of each look]}, and [CPU seconds] of each minute; a line is printed after each."""
    began = time.monotonic()
    looks, cpu = {name: [] for name in pids}, {name: [] for name in pids}
    for minute in range(minutes):
        before = take(pids)
        while time.monotonic() - began < (minute + 1) * minute_s:
            for name, (resident, _) in take(pids).items():
                looks[name].append(resident)
            await asyncio.sleep(min(EVERY_S, minute_s / 4.0))
        for name, (resident, cpu_now) in take(pids).items():
            cpu[name].append(round(cpu_now - before[name][1], 1))
            said = f"load {os.getloadavg()[0]:.1f}, minute {minute + 1}: {name}"
            print(f"{said} {resident:.0f} MB, {cpu[name][-1]:.1f} s CPU", flush=True)
    return looks, cpu


def by_minute(looks, minutes):
    """The mean of each minute's looks."""
    return [round(float(some.mean()), 1) for some in np.array_split(looks, minutes)]


def growth(looks):
    """Share by which the mean of the last third is above that of the middle one."""
    _, middle, last = np.array_split(looks, 3)
    return float(last.mean() / middle.mean() - 1.0)


async def test_a_city_at_the_cell_edge_is_driven_and_neither_side_of_the_wire_grows(tmp_path, soak):
    length = soak.pick(reduced=REDUCED, full=FULL)
    stations = 2 * length["each"]

    def prepare(folder):
        keep(folder, length["each"])
        ensure_certificates(load_site(folder))  # once in a site's life, and not what is timed here

    began = time.monotonic()
    with running_city(
        tmp_path / "city", stations=length["city"], speed=1.0, link="cell_edge", prepare=prepare
    ) as city:
        start = {"wall_s": round(time.monotonic() - began, 1), "cpu_s": round(cpu_s(city.pid), 1)}
        start["rss_MB"] = round(rss_bytes(city.pid) / 1e6, 1)
        async with controller_process(city, tmp_path / "data", START_S) as controller:
            pids = {"servers": city.pid, "controller": controller.process.pid}

            controller.api.timeout = 60.0

            async def connected():
                await asyncio.sleep(1.0)  # an answer costs the controller something
                return (await controller.get("kpis"))["stations_fresh"] > FRESH_MIN * stations

            began = time.monotonic()
            with suppress(AssertionError):  # then the figures below tell how far it came, and fail
                await until(connected, START_S, "answers of the stations")  # who connects still grows
            start["connected_after_s"] = round(time.monotonic() - began, 1)
            looks, cpu = await watch(pids, length["minutes"], length["minute_s"])
            kpis = await controller.get("kpis")
            record = await city.ask("record")
    grown = {name: round(growth(each), 4) for name, each in looks.items()}
    soak.record(
        stations=stations,
        minute_s=length["minute_s"],
        servers_at_start=start,
        rss_MB_by_minute={name: by_minute(each, length["minutes"]) for name, each in looks.items()},
        growth_from_middle_to_last_third=grown,
        cpu_s_by_minute=cpu,
        load_average=os.getloadavg(),
        kpis={
            key: kpis[key]
            for key in (
                "stations", "stations_fresh", "loops_driven", "loops_confirmed", "held", "polls", "polls_ok",
                "setpoints_sent", "setpoints_confirmed", "cycles", "loop_lag_p99_ms", "loop_lag_max_ms",
            )
        },
        frames=record["frames"],
        frames_out_of_contract=record["frames_out_of_contract"],
    )  # fmt: skip
    print(soak.figures)
    assert start["rss_MB"] <= SERVERS_MB_MAX
    assert start["cpu_s"] <= SERVERS_CPU_S_MAX
    assert kpis["stations"] == stations
    assert kpis["stations_fresh"] > FRESH_MIN * kpis["stations"]
    assert kpis["polls_ok"] > 0.95 * kpis["polls"]
    assert kpis["loops_confirmed"] > 0.97 * kpis["loops_driven"] > 0
    assert record["frames_out_of_contract"] == 0
    assert all(abs(share) < GROWTH_MAX for share in grown.values()), grown
