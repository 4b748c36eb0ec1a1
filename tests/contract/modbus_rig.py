"""A plc-a played by a hand-written Modbus server, for the contract suite and for what only Modbus has."""

import asyncio
import struct
import time

from stations.driver import Deadlines, ModbusAddress
from stations.drivers.modbus.driver import ModbusDriver
from stations.model.clock import ScaledClock
from stations.profile import builtin_profile
from tests.contract import driver_contract as contract
from tests.support import modbus_server as wire


def _int16(scale):
    return lambda value: [round(value / scale) & 0xFFFF]


def _float32_low_word_first(factor):
    def words(value):
        high, low = struct.unpack(">HH", struct.pack(">f", value * factor))
        return [low, high]

    return words


def _uint32_low_word_first(factor):
    def words(value):
        return [round(value * factor) & 0xFFFF, round(value * factor) >> 16]

    return words


# The map of plc-a as its manual has it: first register, and how a value inside becomes words.
SHOWN = {
    contract.T_PRIMARY: (0, _int16(0.01)),
    contract.FLOW_PRIMARY: (2, _float32_low_word_first(3.6)),
    contract.HEAT_PRIMARY: (8, _float32_low_word_first(1.0)),
    contract.ENERGY_PRIMARY: (10, _uint32_low_word_first(3.6 / 1000.0 / 0.01)),
    contract.T_LOOP_1: (40, _int16(0.01)),
    contract.T_LOOP_2: (80, _int16(0.01)),
    contract.INDOOR_1: (59, _int16(0.01)),
}
FIRST_SETPOINT_REGISTER = {72: 1, 112: 2}
REMOTE_LEVEL = {67: 1, 107: 2}


class ModbusRig:
    """plc-a played by a hand-written server."""

    def __init__(self, server):
        self.server = server
        self.profile = builtin_profile("plc-a")
        self.clock = ScaledClock(start_utc=1_736_899_200.0, anchor=time.monotonic(), factor=10.0)
        self.port = server.port

    def driver(self):
        return self._driver(self.port)

    def unreachable_driver(self):
        return self._driver(9)  # discard: nobody listens on loopback

    def _driver(self, port):
        address = ModbusAddress(host="127.0.0.1", port=port, unit=1)
        deadlines = Deadlines(connect_s=1.0, request_s=0.5)
        return ModbusDriver("S001", self.profile, contract.N_LOOPS, address, self.clock, deadlines)

    def show(self, values):
        for point, value in values.items():
            first, words = SHOWN[point]
            self.server.holding.update(enumerate([0x8000] if value is None else words(value), first))

    def written(self):
        return [self._meaning(*self.server.words(frame)) for frame in self.server.writes()]

    def _meaning(self, start, words):
        if start in FIRST_SETPOINT_REGISTER:
            token, sequence, flow = (
                words[0] | words[1] << 16,
                words[2] | words[3] << 16,
                words[6] << 16 | words[5],
            )
            t_h = struct.unpack(">f", flow.to_bytes(4, "big"))[0]
            return contract.Setpoint(
                FIRST_SETPOINT_REGISTER[start], token, sequence, words[4] * 0.01, t_h / 3.6
            )
        if start == 20:
            return contract.Beat(words[0] | words[1] << 16, words[2] | words[3] << 16, float(words[4]))
        if start == 32:
            token, sequence, flow = (
                words[0] | words[1] << 16,
                words[2] | words[3] << 16,
                words[5] << 16 | words[4],
            )
            return contract.Cap(token, sequence, struct.unpack(">f", flow.to_bytes(4, "big"))[0] / 3.6)
        if start == 30:
            return contract.Outdoor(struct.unpack(">h", words[0].to_bytes(2, "big"))[0] * 0.1)
        assert words == [0], "the only thing left to write is a zero to remote_level"
        return contract.HandBack(REMOTE_LEVEL[start])

    def fall_silent(self):
        self.server.behave = wire.silent

    def cut_at_next_request(self):
        self.server.behave = wire.cut

    def recover(self):
        self.server.behave = wire.proper


class StoppedClock:
    """A clock that stands where the test puts it."""

    factor = 1.0

    def __init__(self, read):
        self.now = self.monotonic = self.wall_monotonic = read

    async def sleep(self, scaled_s):
        await asyncio.sleep(0)


async def connected_to(server, profile, clock):
    """A connected driver of any profile; the server shows only what the test puts there."""
    deadlines = Deadlines(connect_s=1.0, request_s=0.5)
    address = ModbusAddress(host="127.0.0.1", port=server.port, unit=1)
    driver = ModbusDriver("S002", builtin_profile(profile), 1, address, clock, deadlines)
    await driver.connect()
    return driver


def asked(server):
    """Every request that came, as function, first register and words."""
    return [(frame[7], *server.words(frame)) for frame in server.frames]
