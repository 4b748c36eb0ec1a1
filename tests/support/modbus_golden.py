"""Plays literal Modbus TCP frames: each request must be these bytes, each gets exactly those."""

from contextlib import asynccontextmanager

import pytest

from stations.driver import Deadlines, ModbusAddress
from stations.drivers.modbus.driver import ModbusDriver
from stations.model.clock import ScaledClock
from stations.profile import builtin_profile
from tests.support.modbus_server import FakeModbusServer

FAST = ScaledClock(start_utc=1_736_899_200.0, anchor=0.0, factor=60.0)
"""Pauses of a device last a sixtieth."""


def frame(text):
    """Bytes of a frame written as hexadecimal lines, each with an optional comment after a #."""
    return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))


@asynccontextmanager
async def conversation(profile, n_loops, unit, *exchanges):
    """A connected driver; at the end it must have sent all requests of `exchanges` (request, answer)."""
    requests, answers = zip(*((frame(request), frame(answer)) for request, answer in exchanges), strict=True)
    unsent = list(answers)
    async with FakeModbusServer() as server:
        server.behave = lambda request, answer: [unsent.pop(0)] if unsent else []
        address = ModbusAddress(host="127.0.0.1", port=server.port, unit=unit)
        deadlines = Deadlines(connect_s=1.0, request_s=0.5)
        driver = ModbusDriver("S001", builtin_profile(profile), n_loops, address, FAST, deadlines)
        await driver.connect()
        yield driver
        await driver.close()
        assert [sent.hex(" ") for sent in server.frames] == [request.hex(" ") for request in requests]


def values(readings):
    """Value of each reading by "loop/name"; the reason where there is none."""
    return {
        str(point): reading.reason.value if reading.value is None else reading.value
        for point, reading in readings.items()
    }


def alike(expected, rel=1e-6):
    """The same table with numbers compared to `rel`, to compare with `values`."""
    return {
        key: value if isinstance(value, str) else pytest.approx(value, rel=rel)
        for key, value in expected.items()
    }
