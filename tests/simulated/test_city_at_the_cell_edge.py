"""A whole city behind bad links, polled for minutes: stations answer, the simulators do not grow."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from stations.driver import Deadlines, DriverError
from stations.drivers.opcua.identity import ClientIdentity
from tests.support.fault_bench import driver_of
from tests.support.running_city import running_city

pytestmark = [pytest.mark.long, pytest.mark.soak, pytest.mark.slow, pytest.mark.timeout(1500)]

POLL_S = 10.0
DEADLINES = Deadlines(connect_s=20.0, request_s=10.0)


def resident(pid):
    """MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


class Polls:
    """What all pollers together have seen."""

    def __init__(self):
        self.answered = self.missed = 0
        self.latest = {}


async def poll(city, station, identity, polls, until):
    """Read a station every 10 s, on a new connection after each fault."""
    rng = random.Random(station.id)
    await asyncio.sleep(rng.uniform(0.0, POLL_S))
    driver = None
    while time.monotonic() < until:
        begin = time.monotonic()
        try:
            if driver is None:
                driver = driver_of(station, city.clock, identity, DEADLINES)
                await driver.connect()
            await driver.read()
            polls.answered += 1
            polls.latest[station.id] = time.monotonic()
        except DriverError:
            polls.missed += 1
            await driver.close()
            driver = None
        await asyncio.sleep(max(0.0, POLL_S - (time.monotonic() - begin)))
    if driver is not None:
        await driver.close()


async def test_a_city_at_the_cell_edge_answers_and_its_simulators_do_not_grow(tmp_path, soak):
    stations, wall_s = soak.pick(reduced=(200, 60.0), full=(1000, 600.0))
    with running_city(tmp_path / "city", stations=stations, speed=1.0, link="cell_edge") as city:
        identity = ClientIdentity.load_or_create(tmp_path / "c.der", tmp_path / "c.pem", "urn:dhc:controller")
        polls, until = Polls(), time.monotonic() + wall_s
        before = resident(city.pid)
        async with asyncio.TaskGroup() as group:
            for station in city.simulated().stations:
                group.create_task(poll(city, station, identity, polls, until))
            await asyncio.sleep(wall_s / 2.0)
            halfway = resident(city.pid)
        after = resident(city.pid)
        silent = [name for name, at in polls.latest.items() if until - at > 6 * POLL_S]
    soak.record(
        stations=stations,
        wall_s=wall_s,
        answered=polls.answered,
        missed=polls.missed,
        silent=len(silent),
        rss_MB={"start": before, "halfway": halfway, "end": after},
    )
    print(soak.figures)
    assert len(polls.latest) == stations
    assert silent == []
    assert polls.missed < 0.05 * polls.answered
    assert after < 1.03 * halfway + 2.0
