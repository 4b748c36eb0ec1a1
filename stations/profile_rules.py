"""Rules between the keys of a profile: what pydantic's field types cannot say. Every fault is a sentence."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from stations.model.points import POINTS, SETPOINTS
from stations.model.quantity import WIRE_UNITS
from stations.model.setpoint import CirculationChannel, HeatChannel, StationClass
from stations.profile_registers import modbus_faults

if TYPE_CHECKING:
    from stations.profile import DeadMan, Profile, ProfilePoint

_HEAT = frozenset(channel.value for channel in HeatChannel)
_CIRCULATION = frozenset(channel.value for channel in CirculationChannel)
_LEASE_WRITES = frozenset({"remote_level", "deadman_remaining"})
"""Protocol points that stand in a map of their own; token, sequence and heartbeat live in the lease block."""

_NODE = re.compile(r"s=.+|i=[0-9{}loop]+")


def profile_faults(profile: Profile) -> list[str]:
    """Return every fault of the profile as ``key: what is wrong, what is allowed``."""
    faults = [f"points: {name} stands {n} times" for name, n in _names(profile).items() if n > 1]
    for point in profile.points:
        faults += _point_faults(profile, point)
    known = [point for point in profile.points if point.name in POINTS]
    if len(known) == len(profile.points):
        faults += _channel_faults(profile) + _class_faults(profile)
        if profile.protocol == "modbus" and profile.modbus is not None and not faults:
            faults += modbus_faults(profile)
        if profile.protocol == "opcua" and not faults:
            faults += _shared_nodes(profile)
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
    if profile.deadman:
        faults += _deadman_faults(profile, profile.deadman)
    faults += _cap_faults(profile)
    needed = {
        StationClass.A: ["lease_token", "lease_sequence", "remote_level", "limit_word"],
        StationClass.T: ["remote_level", "deadman_remaining", "device_id"],
    }.get(cls, [])
    if profile.heat is not None:
        needed = [*needed, f"{profile.heat.value}_readback"]
    if profile.circulation is not None:
        needed = [*needed, f"{profile.circulation.value}_readback"]
    if profile.kind == "source":  # a head can not be told from flows: a take-over begins with what acts
        needed += [f"{c.value}_effective" for c in (profile.heat, profile.circulation) if c is not None]
    present = _names(profile)
    faults += [f"points: class {cls} needs {name} for verification" for name in needed if name not in present]
    if profile.expected_firmware is not None and "firmware" not in present:
        faults.append("expected_firmware: needs the point firmware")
    return faults + _hand_back_faults(profile)


def _cap_faults(profile: Profile) -> list[str]:
    """Check that a cap on primary flow stands under a lease, and that its register can be read back."""
    lease = profile.modbus_lease.cap_address if profile.modbus_lease else None
    method = profile.opcua_lease.cap_method if profile.opcua_lease else None
    faults = []
    if profile.caps_flow != (lease is not None or method is not None):
        faults.append(
            "points.m_flow_primary_max: writable goes with modbus_lease.cap_address or "
            "opcua_lease.cap_method, and only with it: a cap ends with the lease"
        )
    if profile.caps_flow and profile.point("m_flow_primary_max_readback") is None:
        faults.append("points: m_flow_primary_max needs m_flow_primary_max_readback for verification")
    return faults


def _hand_back_faults(profile: Profile) -> list[str]:
    """Check that the centre can write what hands a loop back: on OPC UA methods do it, on Modbus points."""
    if profile.protocol != "modbus":
        return []
    needed = {
        StationClass.A: ["remote_level"],
        StationClass.T: ["remote_level", "deadman_remaining"],
    }.get(profile.station_class, [])
    return [
        f"points.{point.name}.access: must be 'write' in class {profile.station_class}"
        for point in profile.points
        if point.name in needed and not point.writable
    ]


def _deadman_faults(profile: Profile, deadman: DeadMan) -> list[str]:
    faults = []
    if deadman.rewrite_at_s >= deadman.arm_s:
        faults.append("deadman.rewrite_at_s: must be below arm_s")
    timer = profile.point("deadman_remaining")
    if timer is None or timer.unit not in WIRE_UNITS[POINTS[timer.name].quantity] or not timer.resolution:
        return faults
    steps = (deadman.arm_s / timer.factor() - timer.offset) / timer.scale
    if abs(steps - round(steps)) > 1e-6:
        faults.append(
            f"deadman.arm_s: {deadman.arm_s:g} is not a whole number of the timer's steps of "
            f"{timer.resolution:g} s"
        )
    return faults


def _shared_nodes(profile: Profile) -> list[str]:
    """Refuse two points on one node in any loop; only a setpoint and its own read-back may share one."""
    faults: dict[str, None] = {}
    users: dict[str, str] = {}
    for point in profile.points:
        assert point.node is not None  # faults of single points are told first
        for loop in range(1, max(1, profile.max_loops) + 1) if point.per_loop else (1,):
            other = users.setdefault(point.node.replace("{loop}", str(loop)), point.name)
            pair = point.name == f"{other}_readback" or other == f"{point.name}_readback"
            if other != point.name and not pair:
                faults[f"points.{point.name}.node: {point.node!r} is the node of {other} already"] = None
    return list(faults)
