"""Tables of cases for leases, dead-man, level and offset: who decides, without any plant."""

import math

import pytest

from simulators.plc.authority import DeadMan, LoopLease, LoopLevel, LoopOffset, StationLease

NOW = 1_736_899_200.0


def _lease():
    return LoopLease(T_supply=50.0, m_flow=20.0)


@pytest.mark.parametrize(
    ("token", "sequence", "heat", "flow", "taken", "word"),
    [
        (7, 6, 51.0, 19.0, True, "next sequence"),
        (8, 1, 51.0, 19.0, True, "newer controller begins at one"),
        (7, 5, 51.0, 19.0, False, "the same again"),
        (7, 4, 51.0, 19.0, False, "a late one"),
        (6, 99, 51.0, 19.0, False, "an older controller"),
        (7, 6, math.nan, 19.0, False, "no number"),
        (7, 6, math.inf, 19.0, False, "infinite"),
        (7, 6, 51.0, math.nan, False, "flow no number"),
        (7, 6, 4.9, 19.0, False, "below belief"),
        (7, 6, 150.1, 19.0, False, "above belief"),
        (7, 6, 120.0, 19.0, True, "too hot is taken: the clamp answers for it"),
        (7, 6, 51.0, None, True, "no circulation given"),
    ],
)
def test_a_setpoint_block_is_fenced_by_token_and_sequence(token, sequence, heat, flow, taken, word):
    station, lease = StationLease(), _lease()
    assert lease.apply(7, 5, 52.0, 18.0, station, NOW)
    assert lease.apply(token, sequence, heat, flow, station, NOW + 10.0) is taken, word
    if not taken:
        assert (lease.token, lease.sequence, lease.T_supply, lease.m_flow) == (7, 5, 52.0, 18.0)
        assert lease.expires_at == NOW + 180.0


def test_a_block_without_circulation_keeps_the_last_one():
    lease = _lease()
    lease.apply(1, 1, 52.0, None, StationLease(), NOW)
    assert lease.m_flow == 20.0


def test_a_newer_token_on_one_loop_fences_the_old_controller_on_all():
    station, first, second = StationLease(), _lease(), _lease()
    assert first.apply(9, 1, 50.0, None, station, NOW)
    assert not second.apply(8, 100, 50.0, None, station, NOW)
    assert not station.beat(8, 1000, 180.0)


@pytest.mark.parametrize(
    ("token", "counter", "valid_for", "taken", "kept", "word"),
    [
        (7, 4, 180.0, True, 180.0, "next"),
        (7, 3, 180.0, False, 180.0, "repeated counter"),
        (7, 2, 180.0, False, 180.0, "late counter"),
        (6, 9, 180.0, False, 180.0, "old token"),
        (8, 0, 180.0, True, 180.0, "new controller counts from zero"),
        (7, 4, 10.0, True, 60.0, "too short is clamped"),
        (7, 4, 86_400.0, True, 600.0, "too long is clamped"),
        (7, 4, math.nan, False, 180.0, "no number"),
        (0, 4, 180.0, False, 180.0, "token zero is nobody"),
    ],
)
def test_heartbeats(token, counter, valid_for, taken, kept, word):
    station = StationLease(token=7, counter=3)
    assert station.beat(token, counter, valid_for) is taken, word
    assert station.valid_for_s == kept


def test_a_lease_lives_exactly_as_long_as_the_last_heartbeat_allowed():
    station, lease = StationLease(), _lease()
    lease.apply(1, 1, 50.0, None, station, NOW)
    station.beat(1, 1, 120.0)
    lease.renew(station, NOW + 30.0)
    assert not lease.expired(NOW + 150.0)
    assert lease.expired(NOW + 150.1)


@pytest.mark.parametrize(
    ("station_token", "at", "word"),
    [(2, NOW + 10.0, "the heartbeat of a newer controller"), (1, NOW + 181.0, "a heartbeat after the end")],
)
def test_some_heartbeats_renew_nothing(station_token, at, word):
    station, lease = StationLease(), _lease()
    lease.apply(1, 1, 50.0, None, station, NOW)
    station.beat(station_token, 1, 180.0)
    lease.renew(station, at)
    assert lease.expires_at == NOW + 180.0, word


@pytest.mark.parametrize(
    ("armed", "after", "remaining"),
    [
        (600.0, 0.0, 600.0),
        (600.0, 1.0, 600.0),
        (600.0, 61.0, 540.0),
        (659.0, 0.0, 600.0),
        (600.0, 600.0, 0.0),
        (59.0, 0.0, 0.0),
        (0.0, 0.0, 0.0),
        (math.nan, 0.0, 0.0),
    ],
)
def test_the_dead_man_counts_whole_minutes(armed, after, remaining):
    deadman = DeadMan()
    deadman.arm(armed, NOW)
    assert deadman.remaining_s(NOW + after) == remaining


def test_an_absolute_setpoint_takes_the_level_only_while_the_dead_man_runs():
    level, deadman = LoopLevel(T_supply=50.0), DeadMan()
    assert level.write_absolute(52.0, deadman, NOW)
    assert not level.remote
    level.write_level(True, deadman, NOW)
    assert not level.remote
    deadman.arm(600.0, NOW)
    assert level.write_absolute(53.0, deadman, NOW)
    assert level.remote
    level.write_level(False, deadman, NOW)
    assert not level.remote
    assert not level.write_absolute(math.nan, deadman, NOW)
    assert level.T_supply == 53.0


@pytest.mark.parametrize(
    ("dT", "taken"),
    [(-3.0, True), (5.0, True), (0.0, True), (-3.1, False), (5.1, False), (math.nan, False)],
)
def test_offsets_have_bounds(dT, taken):
    offset = LoopOffset(dT=1.5)
    assert offset.write(dT) is taken
    assert offset.dT == (dT if taken else 1.5)
