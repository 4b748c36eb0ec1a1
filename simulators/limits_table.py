"""What a centre may write, by device type, written by hand from the devices' maps and the safety contract.

Nothing here is read from a profile or from the controller: the table is the second opinion by which the
simulators count contract breaks. Addresses are 0-based wire addresses. A new profile needs an entry here.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass

from simulators.adu import Request
from simulators.crc import crc16_modbus
from simulators.meaning import (
    Beat,
    DeadManTime,
    Forbidden,
    Harmless,
    Meaning,
    Offset,
    OutdoorCentre,
    PrimaryCap,
    Setpoint,
)

T_SUPPLY_MAX_degC = {"radiator": 85.0, "floor": 55.0, "source": 150.0}
T_SUPPLY_MIN_degC = 25.0
T_OWN_CURVE_BAND_K = 8.0
T_STEP_MAX_K = 1.0
T_15_MIN_MAX_K = 3.0
FLOW_MIN_SHARE = 0.30
FLOW_5_MIN_MAX_SHARE = 0.05
FLOW_15_MIN_MAX_SHARE = 0.10
FLOW_TURN_MIN_S = 1800.0
OFFSET_RANGE_K = (-3.0, 5.0)
DEADMAN_MAX_S = 600.0
VALID_FOR_RANGE_S = (60.0, 600.0)
OUTDOOR_RANGE_degC = (-50.0, 50.0)
OUTDOOR_MAX_K_PER_H = 3.0
OUTDOOR_VALID_S = 7200.0
"""After so long a station has forgotten what it was told: then any value is a first one."""
EEPROM_GAP_S = 900.0
EEPROM_CHANGES_PER_DAY = 48
VOLATILE_GAP_S = 60.0
CAP_MIN_SHARE = 0.4
"""A cap is never below this part of the most that the station drew in the hour before it was capped."""
CAP_STEP_MAX_SHARE = 0.25
"""A cap goes down by no more than this part of that at once."""
CAP_LIFTED_KG_PER_S = 500.0
"""No station draws so much: a cap from here on caps nothing."""

T_TOLERANCE_K = 0.06
"""Half a wire step of 0.1 K, which the coarsest device has."""
OWN_CURVE_TOLERANCE_K = 2.0
"""The centre counts with the city's outdoor temperature, a station that is not told it with its own sensor:
they differ by about 1 K, and curves are up to twice as steep."""
OUTDOOR_TOLERANCE_K = 0.5
"""It is told in steps of 0.3 K and travels in steps of 0.1 K; one that a link held up is a step late."""
FLOW_TOLERANCE_SHARE = 0.005
TAKEOVER_TOLERANCE_K = 0.3
"""The own curve moves between the poll that the centre saw and its first write."""
TAKEOVER_FLOW_TOLERANCE_SHARE = 0.02

_KG_PER_S_PER_T_PER_H = 1000.0 / 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRule:
    """One writable range of a Modbus device."""

    function: int
    address: int
    count: int
    read: Callable[[int, tuple[int, ...]], Meaning]
    """(loop, words) to what the write means."""
    loops: int = 1
    stride: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTable:
    """What may be sent to a device type."""

    functions: frozenset[int] = frozenset()
    """Modbus functions."""
    writes: tuple[WriteRule, ...] = ()
    fenced: bool = False
    """The device compares token and sequence."""
    eeprom: bool = False
    """Setpoints wear the memory (or it is not known that they do not)."""
    source: bool = False
    """A heat source."""
    circulation: str = "m_flow_secondary_set"
    """The setpoint by which it is told its circulation."""
    flow_of: Callable[[float], float] = float
    """What such a value, unit inside, is as a flow, on whatever scale the loop's limits are."""

    def meaning(self, request: Request) -> Meaning | None:
        """Return what a Modbus request means; None for a read."""
        if request.function not in self.functions:
            return Forbidden(
                what="function", value=request.function, limit=f"one of {sorted(self.functions)}"
            )
        if not request.well_formed:
            return Forbidden(what="malformed request", value=request.function, limit="consistent lengths")
        if request.function in (1, 2, 3, 4):
            return None
        for rule in self.writes:
            for loop in range(1, rule.loops + 1):
                at = rule.address + (loop - 1) * rule.stride
                if (request.function, request.address, len(request.words)) == (rule.function, at, rule.count):
                    return rule.read(loop, request.words)
        return Forbidden(what="register", value=request.address, limit="whitelisted ranges")


def _int16(word: int) -> int:
    return word - 0x10000 if word & 0x8000 else word


def _plc_a_block(loop: int, words: tuple[int, ...], flow_of: Callable[[float], float]) -> Meaning:
    """Token, sequence (low word first), 0.01 degC, float32 t/h, kPa or % (low word first), CRC."""
    crc = crc16_modbus(b"".join(word.to_bytes(2, "big") for word in words[:7]))
    if crc != words[7]:
        return Forbidden(what="checksum", value=words[7], limit=f"{crc}")
    circulation = struct.unpack(">f", words[6].to_bytes(2, "big") + words[5].to_bytes(2, "big"))[0]
    return Setpoint(
        loop=loop,
        T=_int16(words[4]) * 0.01,
        flow=flow_of(circulation),
        token=words[1] << 16 | words[0],
        sequence=words[3] << 16 | words[2],
    )


def _plc_a_cap(_loop: int, words: tuple[int, ...]) -> Meaning:
    """Token, sequence (low word first), float32 t/h (low word first), CRC."""
    crc = crc16_modbus(b"".join(word.to_bytes(2, "big") for word in words[:6]))
    if crc != words[6]:
        return Forbidden(what="checksum", value=words[6], limit=f"{crc}")
    flow = struct.unpack(">f", words[5].to_bytes(2, "big") + words[4].to_bytes(2, "big"))[0]
    return PrimaryCap(
        m_flow_max=flow * _KG_PER_S_PER_T_PER_H,
        token=words[1] << 16 | words[0],
        sequence=words[3] << 16 | words[2],
    )


def _plc_a_heartbeat(_loop: int, words: tuple[int, ...]) -> Meaning:
    return Beat(token=words[1] << 16 | words[0], valid_for_s=float(words[4]))


def _plc_a_level(_loop: int, words: tuple[int, ...]) -> Meaning:
    if words[0] != 0:
        return Forbidden(what="level", value=words[0], limit="0 (hand back)")
    return Harmless()


def _trovis_level(_loop: int, words: tuple[int, ...]) -> Meaning:
    if words[0] not in (0x0000, 0xFF00):
        return Forbidden(what="coil value", value=words[0], limit="0x0000 or 0xFF00")
    return Harmless()


def flow_of_head(dp: float) -> float:
    """Return the flow that a head of ``dp`` kPa drives, in units that drop out of every share of flow."""
    return math.sqrt(dp) if dp > 0.0 else 0.0


def _plc_a(circulation: str, unit: float, flow_of: Callable[[float], float] = float) -> DeviceTable:
    """Return the table of a PLC of this map; ``unit`` is that of its circulation register, unit inside."""
    return DeviceTable(
        functions=frozenset({3, 6, 16}),
        fenced=True,
        circulation=circulation,
        flow_of=flow_of,
        writes=(
            WriteRule(
                function=16,
                address=72,
                count=8,
                read=lambda loop, words: _plc_a_block(loop, words, lambda told: flow_of(told * unit)),
                loops=4,
                stride=40,
            ),
            WriteRule(function=16, address=20, count=5, read=_plc_a_heartbeat),
            WriteRule(function=16, address=32, count=7, read=_plc_a_cap),
            WriteRule(
                function=6,
                address=30,
                count=1,
                read=lambda _, words: OutdoorCentre(T=_int16(words[0]) * 0.1),
            ),
            WriteRule(function=6, address=67, count=1, read=_plc_a_level, loops=4, stride=40),
        ),
    )


DEVICES: dict[str, DeviceTable] = {
    "plc-a": _plc_a("m_flow_secondary_set", _KG_PER_S_PER_T_PER_H),
    "plc-d": _plc_a("dp_secondary_set", 1.0, flow_of_head),
    "plc-e": _plc_a("y_pump_secondary_set", 0.01),
    "plc-b": DeviceTable(
        functions=frozenset({3, 4, 6}),
        eeprom=True,
        writes=(
            WriteRule(
                function=6,
                address=512,
                count=1,
                read=lambda loop, words: Offset(loop=loop, dT=_int16(words[0]) * 0.1),
            ),
        ),
    ),
    "trovis-5578": DeviceTable(
        functions=frozenset({1, 3, 5, 6}),
        eeprom=True,
        writes=(
            WriteRule(
                function=6,
                address=999,
                count=1,
                read=lambda loop, words: Setpoint(loop=loop, T=_int16(words[0]) * 0.1),
            ),
            WriteRule(
                function=6, address=77, count=1, read=lambda _, words: DeadManTime(seconds=words[0] * 60.0)
            ),
            WriteRule(function=5, address=115, count=1, read=_trovis_level),
        ),
    ),
    "ecl-310": DeviceTable(functions=frozenset({3, 4})),
    "multical-603": DeviceTable(functions=frozenset({3, 4})),
    "opcua-substation": DeviceTable(fenced=True),
    "source-opcua": DeviceTable(),
    "source-opcua-lease": DeviceTable(
        fenced=True, source=True, circulation="dp_source_set", flow_of=flow_of_head
    ),
}


def method_meaning(device: str, method: str, loop: int, arguments: list[float]) -> Meaning:
    """Return what an OPC UA method call means; circulation travels in t/h, to a heat source a head in kPa."""
    if device not in ("opcua-substation", "source-opcua-lease"):
        return Forbidden(what=f"method {method}", value=0.0, limit="none")
    match method, arguments:
        case "ApplySetpoint", [token, sequence, heat, circulation]:
            table = DEVICES[device]
            flow = table.flow_of(circulation * (1.0 if table.source else _KG_PER_S_PER_T_PER_H))
            return Setpoint(loop=loop, T=heat, flow=flow, token=int(token), sequence=int(sequence))
        case "Heartbeat", [token, _, valid_for_s]:
            return Beat(token=int(token), valid_for_s=valid_for_s)
        case "CapPrimaryFlow", [token, sequence, flow]:
            return PrimaryCap(
                m_flow_max=flow * _KG_PER_S_PER_T_PER_H, token=int(token), sequence=int(sequence)
            )
        case "Release", [_]:
            return Harmless()
        case _:
            return Forbidden(what=f"arguments of {method}", value=float(len(arguments)), limit="the method's")


def node_meaning(device: str, node: str, raw: float) -> Meaning:
    """Return what an OPC UA Write means; the only writable variable is the centre's outdoor temperature."""
    if (device, node) == ("opcua-substation", "Station.T_outdoor_centre"):
        return OutdoorCentre(T=raw)
    return Forbidden(what=f"write to {node}", value=raw, limit="Station.T_outdoor_centre")
