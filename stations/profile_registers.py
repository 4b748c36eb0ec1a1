"""Rules of a profile on Modbus that depend on addresses: what is written where, and what else lies there."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from stations.model.points import SETPOINTS

if TYPE_CHECKING:
    from stations.profile import Profile

Range = tuple[int, int, str]
"""First register, how many, and the key of the profile that says so."""

_HEARTBEAT_REGISTERS = 5


def modbus_faults(profile: Profile) -> list[str]:
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
    return faults + _read_where_written(profile, writes) + _block_faults(profile)


def _strides(profile: Profile, per_loop: bool) -> list[int]:
    """Return by how many registers a point of loop 1 moves for each loop that the profile allows."""
    assert profile.modbus is not None
    return [loop * profile.modbus.loop_stride for loop in range(max(1, profile.max_loops) if per_loop else 1)]


def _lease_ranges(profile: Profile) -> tuple[list[str], list[Range]]:
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
    more, caps = _cap_range(profile)
    faults += more
    ranges = [
        (lease.setpoint_address + move, count, "modbus_lease.setpoint_address")
        for move in _strides(profile, per_loop=True)
    ]
    return faults, [
        *ranges,
        *caps,
        (lease.heartbeat_address, _HEARTBEAT_REGISTERS, "modbus_lease.heartbeat_address"),
    ]


def _cap_range(profile: Profile) -> tuple[list[str], list[Range]]:
    """Return faults of the block that caps the primary flow, and its registers."""
    from stations.profile import FLOW_CAP, REGISTERS  # profile imports this module

    lease, point = profile.modbus_lease, profile.point(FLOW_CAP)
    if lease is None or lease.cap_address is None or point is None:
        return [], []
    allowed = lease.cap_address + 4  # after token and sequence
    faults = []
    if point.address != allowed:
        faults.append(
            f"points.{FLOW_CAP}.address: {point.address} does not stand in the cap block, "
            f"allowed is {allowed}"
        )
    return faults, [(lease.cap_address, 5 + REGISTERS[point.type], "modbus_lease.cap_address")]


def _written_ranges(profile: Profile) -> list[Range]:
    """Return the registers that are written one point at a time, for every loop."""
    from stations.profile import FLOW_CAP, REGISTERS  # profile imports this module

    in_block = {c.value for c in (profile.heat, profile.circulation) if c} if profile.modbus_lease else set()
    if profile.modbus_lease is not None:
        in_block.add(FLOW_CAP)
    return [
        (point.address + move, REGISTERS[point.type], f"points.{point.name}.address")
        for point in profile.points
        if point.writable
        and point.type != "bool"
        and point.name not in in_block
        and point.address is not None
        for move in _strides(profile, point.per_loop)
    ]


def _read_where_written(profile: Profile, writes: list[Range]) -> list[str]:
    """Refuse a measurement in registers that the centre writes: one of the two addresses is wrong."""
    from stations.profile import REGISTERS  # profile imports this module

    assert profile.modbus is not None
    own = _own_places(profile)
    faults: dict[tuple[str, str], str] = {}
    for point in profile.points:
        if point.writable or (point.function or profile.modbus.function) != 3:
            continue
        assert point.address is not None
        for move in _strides(profile, point.per_loop):
            first, end = point.address + move, point.address + move + REGISTERS[point.type]
            for start, count, key in writes:
                if first < start + count and start < end and (first, point.name) not in own:
                    fault = (
                        f"{key}: {start}..{start + count - 1} is written, but {point.name} is read at {first}"
                    )
                    faults.setdefault((point.name, key), fault)
    return list(faults.values())


def _own_places(profile: Profile) -> set[tuple[int, str]]:
    """Return (register, name) of what may be read where it is written: read-backs, token and sequence."""
    places = {
        (point.address + move, f"{point.name}_readback")
        for point in profile.points
        if point.writable and point.address is not None
        for move in _strides(profile, point.per_loop)
    }
    if profile.modbus_lease is not None:
        for move in _strides(profile, per_loop=True):
            start = profile.modbus_lease.setpoint_address + move
            places |= {(start, "lease_token"), (start + 2, "lease_sequence")}
    return places


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
