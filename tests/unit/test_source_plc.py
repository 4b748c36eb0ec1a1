"""The simulated source's PLC: what it takes, where it stops, and how it goes back to its own curve."""

import pytest

from simulators.plc.limits import Limit
from simulators.plc.source import OwnHold, SourcePlc

OWN = OwnHold(T_supply=90.0, dp=320.0, T_outdoor=-3.0)


def plc(**order):
    """A PLC that was told so much under token 5."""
    made = SourcePlc(OWN)
    assert made.write_block(1, 5, 1, order.get("T", 90.0), order.get("dp", 320.0), 0.0)
    return made


def run(made, until, start=0.0, own=OWN):
    for second in range(int(start) + 5, int(until) + 1, 5):
        made.step(own, float(second), 5.0)
    return made


def test_a_step_of_a_kelvin_acts_at_once_a_jump_is_stretched_and_the_head_follows_its_pump():
    assert run(plc(T=91.0), 5).T_effective == 91.0
    jump = run(plc(T=100.0, dp=300.0), 60)
    assert jump.T_effective == pytest.approx(92.0)
    assert jump.dp_effective == pytest.approx(320.0 - 6.4)
    assert Limit.RAMP in jump.limits


@pytest.mark.parametrize(
    ("order", "T", "dp", "limit"),
    [
        ({"T": 149.0}, 130.0, 320.0, Limit.T_MAX),
        ({"T": 10.0}, 50.0, 320.0, Limit.T_MIN),
        ({"dp": 1000.0}, 90.0, 480.0, Limit.FLOW),
        ({"dp": 1.0}, 90.0, 80.0, Limit.FLOW),
    ],
)
def test_whatever_a_centre_writes_stays_within_the_sources_own_limits(order, T, dp, limit):
    made = plc(**order)
    for second in range(5, 9000, 5):
        if second % 100 == 0:
            made.heartbeat(5, second, 600.0, float(second))
        made.step(OWN, float(second), 5.0)
    assert (made.T_effective, made.dp_effective) == (pytest.approx(T), pytest.approx(dp))
    assert limit in made.limits


@pytest.mark.parametrize(
    ("loop", "token", "sequence", "heat", "dp"),
    [(2, 5, 2, 90.0, 300.0), (1, 4, 9, 90.0, 300.0), (1, 5, 1, 90.0, 300.0), (1, 5, 2, float("nan"), 300.0),
     (1, 5, 2, 90.0, float("nan")), (1, 5, 2, 90.0, -1.0)],
    ids=["no such loop", "older token", "old sequence", "no number", "no head", "head below zero"],
)  # fmt: skip
def test_what_is_fenced_off_or_no_setpoint_is_refused(loop, token, sequence, heat, dp):
    made = plc(T=91.0)
    assert not made.write_block(loop, token, sequence, heat, dp, 10.0)
    assert (made.lease.T_supply, made.lease.m_flow) == (91.0, 320.0)


def test_without_a_heartbeat_it_goes_back_at_the_agreed_pace_and_follows_its_curve_again():
    made = plc(T=91.0, dp=300.0)
    assert made.heartbeat(5, 1, 60.0, 0.0)
    assert run(made, 60).remote
    run(made, 180, 60)
    assert (made.remote, made.events[-1].why) == (False, "watchdog")
    assert made.T_effective == pytest.approx(91.0 - 0.2 * 115.0 / 60.0, abs=0.05)
    run(made, 600, 180)
    assert (made.T_effective, made.dp_effective, made.limits) == (90.0, pytest.approx(320.0), 0)
    colder = OwnHold(T_supply=95.0, dp=320.0, T_outdoor=-6.0)
    made.step(colder, 605.0, 5.0)
    assert made.T_effective == 95.0


def test_handed_back_it_takes_no_late_heartbeat_for_a_new_lease():
    made = run(plc(T=91.0), 60)
    made.hand_back(60.0)
    assert made.heartbeat(5, 7, 600.0, 61.0)
    assert not run(made, 70, 60).remote
    assert made.write_block(1, 5, 2, 90.5, 320.0, 71.0)
    assert made.remote
