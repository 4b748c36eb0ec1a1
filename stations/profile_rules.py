"""Rules between the keys of a profile: what pydantic's field types cannot say. Every fault is a sentence."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from stations.model.points import POINTS, SETPOINTS
from stations.model.quantity import WIRE_UNITS
from stations.model.setpoint import CirculationChannel, HeatChannel, StationClass

if TYPE_CHECKING:
    from stations.profile import Profile, ProfilePoint

_HEAT = frozenset(channel.value for channel in HeatChannel)
_CIRCULATION = frozenset(channel.value for channel in CirculationChannel)
_LEASE_WRITES = frozenset({"remote_level", "deadman_remaining"})
"""Protocol points that stand in a map of their own; token, sequence and heartbeat live in the lease block."""

_NODE = re.compile(r"s=.+|i=[0-9{}loop]+")
_HEARTBEAT_REGISTERS = 5


def profile_faults(profile: Profile) -> list[str]:
    """Return every fault of the profile as ``key: what is wrong, what is allowed``."""
    faults = [f"points: {name} stands {n} times" for name, n in _names(profile).items() if n > 1]
    for point in profile.points:
        faults += _point_faults(profile, point)
    known = [point for point in profile.points if point.name in POINTS]
    if len(known) == len(profile.points):
        faults += _channel_faults(profile) + _class_faults(profile)
        if profile.protocol == "modbus" and profile.modbus is not None and not faults:
            faults += _modbus_faults(profile)
    if (profile.protocol == "modbus") != (profile.modbus is not None):
        faults.append("modbus: the section goes with protocol = 'modbus', and only with it")
    if (profile.protocol == "opcua") != (profile.opcua is not None):
        faults.append("opcua: the section goes with protocol = 'opcua', and only with it")
    return faults


def _names(profile: Profile) -> Counter[str]:
    return Counter(point.name for point in profile.points)


def _point_faults(profile: Profile, point: ProfilePoint) -> list[str]:
    key = f"points.{point.name}"
    if point.name not in POINTS:
        return [f"{key}: unknown point name; names are in docs/glossary.md"]
    faults = []
    units = WIRE_UNITS[POINTS[point.name].quantity]
    faults += [
        f"{key}.unit: {unit!r} is not a unit of {POINTS[point.name].quantity}; allowed: {', '.join(units)}"
        for unit in (point.unit_codes or (point.unit,))
        if unit not in units
    ]
    if (point.type == "split_decimal") != bool(point.unit_codes):
        faults.append(
            f"{key}.unit_codes: goes with split_decimal, whose unit the device names, and only with it"
        )
    if point.writable and point.type == "split_decimal":
        faults.append(f"{key}.access: a split_decimal is read only")
    if point.writable and point.name not in SETPOINTS and point.name not in _LEASE_WRITES:
        faults.append(f"{key}.access: only setpoints and {sorted(_LEASE_WRITES)} can be writable")
    if point.minimum is not None and point.maximum is not None and point.minimum >= point.maximum:
        faults.append(f"{key}.minimum: {point.minimum} must be below maximum {point.maximum}")
    if point.scale == 0:
        faults.append(f"{key}.scale: 0 is not a scale")
    return faults + (_register_faults if profile.protocol == "modbus" else _node_faults)(profile, point, key)


def _register_faults(profile: Profile, point: ProfilePoint, key: str) -> list[str]:
    faults = []
    if point.address is None:
        faults.append(f"{key}.address: missing")
    if point.type == "float64":
        faults.append(f"{key}.type: float64 exists on OPC UA only")
    if (point.type == "bool") != (point.function in (1, 2)):
        faults.append(
            f"{key}.function: 1 and 2 read a bool, and only they do (got {point.function}, {point.type})"
        )
    if not point.writable:
        if point.write_function is not None:
            faults.append(f"{key}.write_function: {point.write_function} on a point that is read only")
        return faults
    if (point.function or (profile.modbus and profile.modbus.function)) in (2, 4):
        faults.append(f"{key}.access: function {point.function or 4} is read only")
    allowed = {"bool": (5,), "int16": (6, 16), "uint16": (6, 16)}.get(point.type, (16,))
    if point.write_function not in allowed:
        faults.append(
            f"{key}.write_function: {point.write_function} does not write {point.type}; "
            f"allowed: {', '.join(map(str, allowed))}"
        )
    return faults


def _node_faults(profile: Profile, point: ProfilePoint, key: str) -> list[str]:
    if point.node is None:
        return [f"{key}.node: missing"]
    faults = []
    if not _NODE.fullmatch(point.node):
        faults.append(f"{key}.node: {point.node!r} is not of the form s=text or i=number")
    if point.per_loop and profile.max_loops > 1 and "{loop}" not in point.node:
        faults.append(f"{key}.node: {point.node!r} must contain {{loop}}, the profile has several loops")
    return faults


def _channel_faults(profile: Profile) -> list[str]:
    faults = []
    for kind, names, channel in (
        ("heat", _HEAT, profile.heat),
        ("circulation", _CIRCULATION, profile.circulation),
    ):
        writable = sorted(profile.writable_setpoints & names)
        if len(writable) > 1:
            faults.append(
                f"{kind}: two channels of one kind are writable, allowed is one: {', '.join(writable)}"
            )
        elif writable != ([channel.value] if channel else []):
            name = channel and channel.value
            faults.append(f"{kind}: channel is {name!r} but writable is {writable or 'none'}")
    return faults


def _class_faults(profile: Profile) -> list[str]:
    cls = profile.station_class
    modbus = profile.protocol == "modbus"
    faults = []
    if cls is StationClass.C and (writable := [p.name for p in profile.points if p.writable]):
        faults.append(f"station_class: C is read only, but writable are: {', '.join(writable)}")
    if cls.driven and profile.heat is None:
        faults.append(f"heat: class {cls} needs a heat channel")
    if (cls is StationClass.A and modbus) != (profile.modbus_lease is not None):
        faults.append("modbus_lease: goes with class A on Modbus, and only with it")
    if (cls is StationClass.A and not modbus) != (profile.opcua_lease is not None):
        faults.append("opcua_lease: goes with class A on OPC UA, and only with it")
    if (cls is StationClass.T) != (profile.deadman is not None):
        faults.append("deadman: goes with class T, and only with it")
    if (cls is StationClass.B) != (profile.offset is not None):
        faults.append("offset: goes with class B, and only with it")
    if (cls is StationClass.B) != (profile.heat is HeatChannel.DT_OFFSET):
        faults.append("heat: dT_supply_secondary_offset goes with class B, and only with it")
    if cls is StationClass.B and profile.circulation is not None:
        faults.append("circulation: class B takes no flow")
    if profile.offset and not profile.offset.lower <= profile.offset.neutral <= profile.offset.upper:
        faults.append(f"offset.neutral: {profile.offset.neutral} must lie between lower and upper")
    if profile.deadman and profile.deadman.rewrite_at_s >= profile.deadman.arm_s:
        faults.append("deadman.rewrite_at_s: must be below arm_s")
    needed = {
        StationClass.A: ["lease_token", "lease_sequence", "remote_level", "limit_word"],
        StationClass.T: ["remote_level", "deadman_remaining", "device_id"],
    }.get(cls, [])
    if profile.heat is not None:
        needed = [*needed, f"{profile.heat.value}_readback"]
    if profile.circulation is not None:
        needed = [*needed, f"{profile.circulation.value}_readback"]
    present = _names(profile)
    faults += [f"points: class {cls} needs {name} for verification" for name in needed if name not in present]
    return faults


def _modbus_faults(profile: Profile) -> list[str]:
    """Check what depends on addresses: the lease block, overlapping writes, loops, readable blocks."""
    assert profile.modbus is not None
    looped = any(point.per_loop for point in profile.points)
    if looped and profile.max_loops > 1 and profile.modbus.loop_stride == 0:
        return ["modbus.loop_stride: missing, the profile has several loops"]
    faults, writes = _lease_ranges(profile)
    writes += _written_ranges(profile)
    writes.sort()
    for (start, count, key), (next_start, _, next_key) in pairwise(writes):
        if start + count > next_start:
            faults.append(
                f"{next_key}: register {next_start} overlaps {key} ({start}..{start + count - 1}), "
                "both are writable"
            )
    return faults + _block_faults(profile)


def _strides(profile: Profile, per_loop: bool) -> list[int]:
    """Return by how many registers a point of loop 1 moves for each loop that the profile allows."""
    assert profile.modbus is not None
    return [loop * profile.modbus.loop_stride for loop in range(max(1, profile.max_loops) if per_loop else 1)]


def _lease_ranges(profile: Profile) -> tuple[list[str], list[tuple[int, int, str]]]:
    """Return faults of the class A setpoint block, and the registers that the lease writes."""
    from stations.profile import REGISTERS  # profile imports this module

    lease = profile.modbus_lease
    if lease is None:
        return [], []
    faults = []
    cursor = lease.setpoint_address + 4  # token and sequence, two registers each
    for channel in (profile.heat, profile.circulation):
        point = None if channel is None else profile.point(channel.value)
        if point is None:
            continue
        if point.address != cursor:
            faults.append(
                f"points.{point.name}.address: {point.address} does not stand in the setpoint block, "
                f"allowed is {cursor}"
            )
        cursor += REGISTERS[point.type]
    count = cursor + 1 - lease.setpoint_address  # with the CRC
    ranges = [
        (lease.setpoint_address + move, count, "modbus_lease.setpoint_address")
        for move in _strides(profile, per_loop=True)
    ]
    return faults, [
        *ranges,
        (lease.heartbeat_address, _HEARTBEAT_REGISTERS, "modbus_lease.heartbeat_address"),
    ]


def _written_ranges(profile: Profile) -> list[tuple[int, int, str]]:
    """Return the registers that are written one point at a time, for every loop."""
    from stations.profile import REGISTERS  # profile imports this module

    in_block = {c.value for c in (profile.heat, profile.circulation) if c} if profile.modbus_lease else set()
    return [
        (point.address + move, REGISTERS[point.type], f"points.{point.name}.address")
        for point in profile.points
        if point.writable
        and point.type != "bool"
        and point.name not in in_block
        and point.address is not None
        for move in _strides(profile, point.per_loop)
    ]


def _block_faults(profile: Profile) -> list[str]:
    """Check that every point that is read lies in one readable block and inside the address space."""
    from stations.profile import REGISTERS  # profile imports this module

    assert profile.modbus is not None
    faults = []
    for point in profile.points:
        assert point.address is not None
        last = point.address + REGISTERS[point.type] - 1
        if last + _strides(profile, point.per_loop)[-1] > 65535:
            faults.append(f"points.{point.name}.address: {point.address} ends beyond register 65535")
        if point.name in SETPOINTS or not profile.modbus.blocks:
            continue
        function = point.function or profile.modbus.function
        if not any(
            block.function == function and block.start <= point.address and last < block.start + block.count
            for block in profile.modbus.blocks
        ):
            faults.append(
                f"points.{point.name}.address: {point.address}..{last} (function {function}) lies in none of "
                "modbus.blocks"
            )
    return faults
