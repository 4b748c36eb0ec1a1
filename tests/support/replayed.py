"""A replay station read as in service: driver, validator, journal. Time moves only from poll to poll."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from controller.historian.journal import Journal
from controller.historian.slot import Answer, Slot
from controller.validation import StationValidator
from simulators.replay.command import ReplayPlace, replaying
from simulators.replay.station import ReplayStation
from simulators.replay.table import read_table
from stations.driver import Deadlines, ModbusAddress, OpcUaAddress
from stations.drivers.memory import MemoryDriver
from stations.drivers.modbus.driver import ModbusDriver
from stations.drivers.opcua.driver import OpcUaDriver
from stations.model.quality import Quality
from stations.profile import builtin_profile
from tests.support.clocks import ManualClock

STATION = "replay"
SLOT_S = 600.0
"""Longer than in service: a test of weeks need not commit every ten seconds."""


class PollClock(ManualClock):
    """Stands still during a poll: a driver that pauses between two requests need not wait for the test."""

    async def sleep(self, scaled_s):
        await asyncio.sleep(0)


@dataclass
class Stored:
    """What the journal holds of a replay, and what was read from."""

    station: ReplayStation
    journal: Journal
    begin: float
    end: float
    read: dict = field(default_factory=dict)

    def samples(self, point):
        """Every stored sample of a point, read from the disk once."""
        if point in self.read:
            return self.read[point]
        series = self.journal.history(STATION, point, self.begin, self.end, max_points=10_000_000)
        assert series.damaged == ()
        assert series.bucket_s is None
        self.read[point] = series.samples
        return series.samples

    def doubted(self, point):
        """{reason: how many samples} of samples with a value and a doubt."""
        counts = {}
        for sample in self.samples(point):
            if sample.quality is Quality.UNCERTAIN:
                counts[sample.reason] = counts.get(sample.reason, 0) + 1
        return counts


@asynccontextmanager
async def driver_for(station, profile, clock, *, memory=False):
    """A connected driver to the station, through a real socket unless ``memory``."""
    declared = builtin_profile(profile)
    if memory:
        driver = MemoryDriver(STATION, declared, station.n_loops, station, clock)
        await driver.connect()
        yield driver
        return
    async with replaying(station, ReplayPlace(profile=profile, port=0), clock) as post:
        port, limits = post.link.port, Deadlines()
        if declared.protocol == "modbus":
            address = ModbusAddress(host="127.0.0.1", port=port, unit=1)
            driver = ModbusDriver(STATION, declared, station.n_loops, address, clock, limits)
        else:
            address = OpcUaAddress(
                url=f"opc.tcp://127.0.0.1:{port}/", security="none", server_certificate=None
            )
            driver = OpcUaDriver(STATION, declared, station.n_loops, address, clock, None, limits)
        try:
            await driver.connect()
            yield driver
        finally:
            await driver.close()


@asynccontextmanager
async def stored(folder, tables, *, profile, begin, end, poll_s=60.0, slot_s=SLOT_S, memory=False):
    """Poll a replay of ``tables`` from ``begin`` to ``end`` (UTC seconds) into a journal in ``folder``."""
    clock = PollClock(start_utc=begin)
    station = ReplayStation(builtin_profile(profile), tables, clock)
    validator = StationValidator(builtin_profile(profile), poll_s)
    journal = Journal.open(folder, keep_days=1000.0)
    try:
        async with driver_for(station, profile, clock, memory=memory) as driver:
            await _poll(clock, driver, validator, journal, end, poll_s, slot_s)
        yield Stored(station, journal, begin, end)
    finally:
        assert journal.close()


async def _poll(clock, driver, validator, journal, end, poll_s, slot_s):
    answers, slot = [], clock.now()
    waiting = []
    while clock.now() < end:
        readings = validator.check(await driver.read(), clock.now())
        answers.append(Answer(STATION, readings))
        clock.advance(poll_s)
        if clock.now() >= min(end, slot + slot_s):
            waiting.append(journal.append(Slot(start=slot, answers=tuple(answers))))
            answers, slot = [], clock.now()
        if len(waiting) == 8:
            assert all(saved.result(timeout=30) for saved in waiting)
            waiting = []
    assert all(saved.result(timeout=30) for saved in waiting)


def rows_between(path, folder, first, last, *, without=()):
    """Copy the lines of a CSV whose time (first cell) is in ``first`` <= time < ``last`` and not left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines[1:] if first <= line < last and line[:16] not in without]
    copy = folder / path.name
    copy.write_text("\n".join([lines[0], *kept]) + "\n", encoding="utf-8")
    return copy


def tables_of(*pairs):
    """Read (table, format) pairs."""
    return [read_table(table, layout) for table, layout in pairs]
