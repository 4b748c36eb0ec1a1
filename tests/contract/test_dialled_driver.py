"""The Modbus driver behind a DTU that calls keeps the contract, and what only such lines can get wrong."""

import asyncio
import contextlib
from contextlib import asynccontextmanager

import pytest

from stations.driver import Deadlines, DialInAddress, LinkLost, NoAnswer
from stations.drivers.modbus import dialin
from stations.drivers.modbus.dialin import DialInPort, DialInPortError
from stations.drivers.modbus.driver import ModbusDriver
from stations.model.outcome import Rejected, Unknown
from tests.contract import driver_contract as contract
from tests.contract.modbus_rig import ModbusRig
from tests.support import modbus_server as wire
from tests.support.dtu import FakeDtu
from tests.support.polling import until

NAMES = {"S001": b"DTU-S001", "S009": b"DTU-S009"}
"""S009 never calls."""


class DialledRig(ModbusRig):
    """The rig of plc-a, reached on the calls of its DTU."""

    def __init__(self, server, port):
        super().__init__(server)
        self.calls = port

    def driver(self, station="S001", **deadlines):
        limits = Deadlines(**{"connect_s": 1.0, "request_s": 0.5, **deadlines})
        address = DialInAddress(registration=NAMES[station], unit=1)
        return ModbusDriver(station, self.profile, contract.N_LOOPS, address, self.clock, limits, self.calls)

    def unreachable_driver(self):
        return self.driver("S009", connect_s=0.2)


@asynccontextmanager
async def dialled(**how):
    """A server, a port and a DTU between them; yields (rig, DTU)."""
    port = DialInPort(NAMES)
    number = await port.open("127.0.0.1", 0)
    try:
        async with wire.FakeModbusServer() as server, FakeDtu(server.port, number, **how) as dtu:
            rig = DialledRig(server, port)
            rig.number = number
            yield rig, dtu
    finally:
        await port.close()


async def hung_up(reader):
    """Wait until the other side has ended the connection without a word."""
    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""


@pytest.fixture
async def rig():
    async with dialled() as (rig, _):
        yield rig


class TestDialledDriver(contract.DriverContract, contract.SocketDriverContract):
    """The shared suite."""


@pytest.mark.parametrize(
    "how",
    [
        {"beat": b"\xfe"},
        {"beat": b"\x01\x03\x02"},  # looks like the head of an answer
        {"before_frames": b"DTU-S001"},
        {"beat": b"\x01\x83\x02", "before_frames": b"DTU-S001"},
    ],
    ids=["heartbeat", "heartbeat like an answer", "registration", "both"],
)
async def test_what_a_dtu_sends_around_an_answer_is_not_taken_for_one(how):
    async with dialled(**how) as (rig, _):
        driver = await contract.connected(rig)
        for T in (61.0, 62.5, 44.0):
            rig.show({contract.T_LOOP_1: T})
            assert (await driver.read())[contract.T_LOOP_1].value == pytest.approx(T)
        assert rig.server.frames
        await driver.close()


async def test_after_silence_the_line_is_hung_up_and_a_late_answer_meets_nobody(rig):
    late = []

    def hold_first(request, answer):
        late.append(answer)
        return [] if len(late) == 1 else [answer]

    rig.server.behave = hold_first
    rig.show({contract.T_LOOP_1: 33.0})
    driver = await contract.connected(rig)
    with pytest.raises(NoAnswer):
        await driver.read()
    with pytest.raises(LinkLost):
        await driver.read()
    await driver.close()
    rig.show({contract.T_LOOP_1: 55.0})
    again = rig.driver(connect_s=3.0)
    await again.connect()
    assert (await again.read())[contract.T_LOOP_1].value == pytest.approx(55.0)
    await again.close()


@pytest.mark.parametrize(("code", "outcome"), [(2, Rejected), (6, Unknown)])
async def test_an_exception_to_a_write_is_a_refusal_or_leaves_it_open(rig, code, outcome):
    rig.server.behave = wire.exception(code)
    driver = await contract.connected(rig)
    result = await driver.apply(contract.command())
    await driver.close()
    assert isinstance(result, outcome)
    assert f"exception {code}" in result.why


async def test_the_newest_call_of_a_station_is_the_right_one():
    async with dialled() as (rig, first):
        driver = await contract.connected(rig)
        await driver.read()
        async with FakeDtu(rig.server.port, rig.number) as second:
            await until(lambda: second.calls > 0 and first.calls > 1, 5.0, "calls that push each other out")
            with pytest.raises(LinkLost):
                await driver.read()
            await driver.close()
        again = rig.driver(connect_s=3.0)
        await again.connect()
        assert await again.read()
        await again.close()


async def test_who_says_no_known_name_is_hung_up_and_counted(rig, monkeypatch):
    monkeypatch.setattr(dialin, "REGISTER_S", 0.1)
    for said in (b"", b"DTU-S777", b"DTU-S00"):
        reader, writer = await asyncio.open_connection("127.0.0.1", rig.number)
        writer.write(said)
        async with asyncio.timeout(3.0):
            await hung_up(reader)
        writer.close()
    await until(lambda: rig.calls.refused == 3, 3.0, "three that were refused")


async def test_so_many_without_a_name_and_no_more_are_kept(rig, monkeypatch):
    monkeypatch.setattr(dialin, "STRANGERS_MAX", 3)
    open_ones = [await asyncio.open_connection("127.0.0.1", rig.number) for _ in range(6)]
    await until(lambda: rig.calls.refused == 3, 3.0, "three that are too many")
    for _, writer in open_ones:
        writer.close()


async def test_a_name_may_come_in_pieces(rig):
    driver = rig.driver("S009", connect_s=3.0)
    reader, writer = await asyncio.open_connection("127.0.0.1", rig.number)
    connecting = asyncio.create_task(driver.connect())
    for piece in (b"DTU", b"-S0", b"09"):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.02)
    await connecting
    await driver.close()
    await hung_up(reader)
    writer.close()


async def test_a_port_that_is_taken_is_told_with_what_to_do(rig):
    with pytest.raises(DialInPortError, match=rf"127\.0\.0\.1:{rig.number}.*a running controller does"):
        await DialInPort(NAMES).open("127.0.0.1", rig.number)
