"""A station driver that does what a test has written down, and notes everything that was asked of it."""

from collections import deque

from stations.driver import DriverError
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, NotApplicable
from stations.model.reading import good


class Script:
    """What every driver of one station shares: answers by call, registers, and the log of calls.

    ``answers[call]`` is a queue of outcomes; one that is an exception is raised, one that is callable is
    called (and awaited, if it must be). An empty queue means that all goes well.
    """

    def __init__(self, clock, loops=(1,)):
        self.clock = clock
        self.answers = {
            name: deque()
            for name in ("connect", "read", "apply", "renew", "hand_back", "send_outdoor", "cap_flow")
        }
        self.calls = []
        self.drivers = []
        self.values = {Point(0, "T_supply_primary"): 90.0}
        for loop in loops:
            self.values |= {
                Point(loop, "T_supply_secondary"): 55.0,
                Point(loop, "remote_level"): 1.0,
                Point(loop, "T_supply_secondary_set_readback"): 50.0,
                Point(loop, "m_flow_secondary_set_readback"): 30.0,
            }
        self.takes_writes = True
        """Whether the registers show what was acknowledged."""

    def make(self):
        """Return a fresh driver, as a supervisor asks for one at every attempt."""
        driver = ScriptedDriver(self)
        self.drivers.append(driver)
        return driver

    def names(self):
        """The calls in order, without what they were given."""
        return [name for name, _ in self.calls]

    def given(self, name):
        """What each call of one name was given."""
        return [what for called, what in self.calls if called == name]

    async def answer(self, name, what=None, default=None):
        self.calls.append((name, what))
        queue = self.answers[name]
        outcome = queue.popleft() if queue else default
        if callable(outcome):
            outcome = outcome()
            if hasattr(outcome, "__await__"):
                outcome = await outcome
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def readings(self):
        now = self.clock.now()
        return {point: good(value, now) for point, value in self.values.items()}


class ScriptedDriver:
    """Implements stations.driver.StationDriver."""

    def __init__(self, script):
        self.script = script
        self.closed = 0

    async def connect(self):
        await self.script.answer("connect")

    async def read(self):
        readings = await self.script.answer("read")
        return self.script.readings() if readings is None else readings

    async def apply(self, command):
        outcome = await self.script.answer("apply", command, Acknowledged())
        if self.script.takes_writes and isinstance(outcome, Acknowledged):
            self.script.values |= {
                Point(command.loop, "T_supply_secondary_set_readback"): command.instruction.heat,
                Point(command.loop, "m_flow_secondary_set_readback"): command.instruction.circulation,
            }
        return outcome

    async def renew(self, beat):
        return await self.script.answer("renew", beat, Acknowledged())

    async def hand_back(self, loop):
        return await self.script.answer("hand_back", loop, Acknowledged())

    async def send_outdoor(self, T_outdoor_centre):
        return await self.script.answer("send_outdoor", T_outdoor_centre, NotApplicable())

    async def cap_flow(self, cap):
        return await self.script.answer("cap_flow", cap, Acknowledged())

    async def close(self):
        self.closed += 1


def fault(kind, why="scripted"):
    """An instance of one of the driver errors."""
    error = kind("S001", why)
    assert isinstance(error, DriverError)
    return error
