"""What a driver refuses before the wire, the same for every protocol: the last clamp, which never clips.

By the time a command comes here the guard has clipped it, so a refusal is a bug upstream or a wrong profile,
and it must not reach a station.
"""

from stations.decoding import to_raw
from stations.model.outcome import Rejected
from stations.model.setpoint import FlowCap, Heartbeat, LoopCommand
from stations.profile import FLOW_CAP, Profile

UINT32_MAX = 2**32 - 1
VALID_FOR_MIN_S, VALID_FOR_MAX_S = 60.0, 600.0
"""What a class A station takes as its watchdog; docs/safety-contract.md."""
IDENTITY_TOLERANCE = 1e-6
"""A firmware of 2.62 travels as 262 steps of 0.01."""

TAKE_OVER_K = 1.2
"""How far from what it holds by itself a loop may be taken over: one step of 1 K (docs/safety-contract.md),
and what an own curve creeps between a poll and the write."""


def refuse_loop(profile: Profile, n_loops: int, loop: int) -> Rejected | None:
    """Refuse a loop that the station does not have."""
    return None if loop in profile.loops(n_loops) else Rejected(f"there is no loop {loop}; not written")


def refuse_command(profile: Profile, n_loops: int, command: LoopCommand) -> Rejected | None:
    """Refuse what the station's class does not take or what lies outside the profile's bounds."""
    if profile.heat is None:
        return Rejected(f"{profile.name} is read only; not written")
    if (unknown := refuse_loop(profile, n_loops, command.loop)) is not None:
        return unknown
    instruction = command.instruction
    if (instruction.circulation is None) != (profile.circulation is None):
        channel = profile.circulation and profile.circulation.value
        return Rejected(
            f"circulation {instruction.circulation} does not go with channel {channel}; not written"
        )
    if profile.offset is not None and not profile.offset.lower <= instruction.heat <= profile.offset.upper:
        allowed = f"{profile.offset.lower}..{profile.offset.upper}"
        return Rejected(f"offset {instruction.heat} K is outside {allowed}; not written")
    for channel, value in ((profile.heat, instruction.heat), (profile.circulation, instruction.circulation)):
        point = None if channel is None else profile.point(channel.value)
        if point is None or value is None:
            continue
        try:
            to_raw(point, value)
        except ValueError as error:
            return Rejected(str(error))
    return _refuse_numbers(command.token, command.sequence)


def refuse_stranger(name: str, found: float | None, expected: float) -> Rejected | None:
    """Refuse a device whose ``device_id`` or ``firmware`` is not that of the profile: its map is another."""
    if found is not None and abs(found - expected) <= IDENTITY_TOLERANCE:
        return None
    return Rejected(f"{name} is {found}, expected {expected:g}; nothing is written to a strange device")


def refuse_jump(heat: float, holds: float | None) -> Rejected | None:
    """Refuse to take over with ``heat`` degC a loop that holds something else by itself; None: not told."""
    if holds is None or abs(heat - holds) <= TAKE_OVER_K:
        return None
    why = f"on its own curve the loop holds {holds:.1f} degC now, not {heat:.1f}; not written"
    return Rejected(why, jump=(holds, heat))


def refuse_cap(profile: Profile, cap: FlowCap) -> Rejected | None:
    """Refuse a cap outside the bounds of its point; the profile takes caps."""
    point = profile.point(FLOW_CAP)
    assert point is not None
    try:
        to_raw(point, cap.m_flow_max)
    except ValueError as error:
        return Rejected(str(error))
    return _refuse_numbers(cap.token, cap.sequence)


def refuse_beat(beat: Heartbeat) -> Rejected | None:
    """Refuse a heartbeat that no class A station would take."""
    if not VALID_FOR_MIN_S <= beat.valid_for_s <= VALID_FOR_MAX_S:
        allowed = f"{VALID_FOR_MIN_S}..{VALID_FOR_MAX_S}"
        return Rejected(f"valid_for {beat.valid_for_s} s is outside {allowed}; not written")
    return _refuse_numbers(beat.token, beat.counter)


def _refuse_numbers(token: int, second: int) -> Rejected | None:
    if 0 <= token <= UINT32_MAX and 0 <= second <= UINT32_MAX:
        return None
    return Rejected(f"token {token} or number {second} does not fit uint32; not written")
