"""A supervisor as a task, over a scripted station, on a clock a hundred times faster than the wall's."""

import asyncio
import time

from controller.image import Link
from controller.pacing import ConnectGate
from controller.polling import FieldServices, Supervisor
from stations.model.clock import ScaledClock
from tests.support.field_world import STATION, FieldBench

FACTOR = 100.0
POLL_S = 10.0
LIMIT_S = 10.0
"""Wall seconds after which a condition will not come any more."""


class Slots:
    def __init__(self):
        self.answers = []

    def add(self, station, received_at, readings):
        self.answers.append((station, received_at, readings))


class Trusting:
    def check(self, readings, now):
        return dict(readings)


class FieldLoop:
    """A bench with its supervisor as a task."""

    def __init__(self, validator=None, loops=(1,), gate=None):
        clock = ScaledClock(start_utc=1_736_899_200.0, anchor=time.monotonic() - 10.0, factor=FACTOR)
        self.bench = FieldBench(clock, loops=loops)
        self.script, self.clock = self.bench.script, clock
        self.script.drivers.clear()
        self.slots = Slots()
        self.supervisor = Supervisor(
            STATION,
            self.script.make,
            validator or Trusting(),
            self.bench.dispatcher,
            self.bench.admission,
            FieldServices(
                clock=clock,
                image=self.bench.image,
                gate=gate or ConnectGate(clock),
                slots=self.slots,
            ),
            poll_s=POLL_S,
            phase_s=3.0,
        )

    @property
    def image(self):
        return self.bench.image[STATION]

    async def __aenter__(self):
        self.task = asyncio.create_task(self.supervisor.run(), name="field:S001")
        return self

    async def __aexit__(self, *exc):
        self.task.cancel()
        await asyncio.wait([self.task])
        assert all(driver.closed == 1 for driver in self.script.drivers)

    async def until(self, condition, why):
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert not self.task.done() or self.task.result() is None
            assert time.monotonic() < deadline, f"never: {why}; calls {self.script.calls[-20:]}"
            await asyncio.sleep(0.005)

    async def online(self):
        await self.until(lambda: self.image.link is Link.ONLINE, "online")
