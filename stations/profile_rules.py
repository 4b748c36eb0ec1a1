"""Rules between the keys of a profile: what pydantic's field types cannot say. Every fault is a sentence."""

from __future__ import annotations

from collections import Counter
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
    if point.type == "split_decimal" and not point.unit_codes:
        faults.append(f"{key}.unit_codes: missing; split_decimal reads its unit from the device")
    if point.writable and point.name not in SETPOINTS and point.name not in _LEASE_WRITES:
        faults.append(f"{key}.access: only setpoints and {sorted(_LEASE_WRITES)} can be writable")
    if point.minimum is not None and point.maximum is not None and point.minimum >= point.maximum:
        faults.append(f"{key}.minimum: {point.minimum} must be below maximum {point.maximum}")
    if point.scale == 0:
        faults.append(f"{key}.scale: 0 is not a scale")
    if profile.protocol == "modbus":
        if point.address is None:
            faults.append(f"{key}.address: missing")
        if point.type == "float64":
            faults.append(f"{key}.type: float64 exists on OPC UA only")
        if point.type == "bool" and point.function not in (1, 2):
            faults.append(f"{key}.function: a bool is read with function 1 or 2")
        if point.writable and point.function in (2, 4):
            faults.append(f"{key}.access: function {point.function} is read only")
        if point.write_function == 5 and point.type != "bool":
            faults.append(f"{key}.write_function: 5 writes a coil, the point is {point.type}")
    elif point.node is None:
        faults.append(f"{key}.node: missing")
    elif point.per_loop and profile.max_loops > 1 and "{loop}" not in point.node:
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
            faults.append(f"{kind}: two channels of one kind are writable: {', '.join(writable)}; allowed is one")
        elif writable != ([channel.value] if channel else []):
            faults.append(f"{kind}: channel is {channel and channel.value!r} but writable is {writable or 'none'}")
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
    """Check that the lease block fits its points and that no two writable ranges overlap."""
    from stations.profile import REGISTERS  # profile imports this module

    assert profile.modbus is not None
    faults = []
    ranges: list[tuple[int, int, str]] = []
    in_block = {channel.value for channel in (profile.heat, profile.circulation) if channel is not None}
    if profile.modbus_lease is not None:
        cursor = profile.modbus_lease.setpoint_address + 4
        for channel in (profile.heat, profile.circulation):
            point = None if channel is None else profile.point(channel.value)
            if point is None:
                continue
            if point.address != cursor:
                faults.append(
                    f"points.{point.name}.address: {point.address} does not stand in the setpoint block at {cursor}"
                )
            cursor += REGISTERS[point.type]
        start = profile.modbus_lease.setpoint_address
        ranges.append((start, cursor - start + 1, "modbus_lease.setpoint_address"))
        ranges.append((profile.modbus_lease.heartbeat_address, 5, "modbus_lease.heartbeat_address"))
    for point in profile.points:
        if point.writable and point.type != "bool" and not (profile.modbus_lease and point.name in in_block):
            assert point.address is not None
            ranges.append((point.address, REGISTERS[point.type], f"points.{point.name}.address"))
    ranges.sort()
    for (start, count, key), (next_start, _, next_key) in zip(ranges, ranges[1:], strict=False):
        if start + count > next_start:
            faults.append(
                f"{next_key}: register {next_start} overlaps {key} ({start}..{start + count - 1}), both writable"
            )
    return faults
