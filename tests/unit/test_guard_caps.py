"""What the guard makes of caps on primary flow: it fails open, and takes no more than half."""

from dataclasses import replace

import pytest

from controller.decisions import Mode, Season
from controller.guard_caps import EVERY_S, FOUND_S, CapHeld, CapSeen, guard_caps
from stations.model.reading import good
from stations.model.setpoint import StationClass
from tests.support.guard_world import MONOTONIC, NOW, context, loop_traits, no_value, observation

CAPS = loop_traits(1, caps_flow=True)
FRESH = NOW - 5.0
DRAWN = 20.0


def seen(m_flow=DRAWN, cap=None):
    readback = no_value() if cap is None else good(cap, FRESH)
    return {"S001": CapSeen(m_flow=good(m_flow, FRESH), readback=readback)}


def capped(wish=18.0, *, primary=None, held=None, shortage=True, traits=CAPS, **changes):
    world = context([traits], [observation(1, **changes)])
    told = {} if held is None else {"S001": held}
    return guard_caps({"S001": wish}, primary or seen(), told, world, shortage=shortage)["S001"]


def held(m_flow_max=16.0, uncapped=DRAWN, ago_s=90.0):
    return CapHeld(m_flow_max=m_flow_max, uncapped=uncapped, at=MONOTONIC - ago_s)


def test_a_wish_within_all_limits_is_the_cap():
    assert capped(18.0) == CapHeld(m_flow_max=18.0, uncapped=DRAWN, at=MONOTONIC)


def test_a_cap_goes_down_by_a_fifth_at_once_and_never_below_half_of_what_was_drawn():
    assert capped(5.0).m_flow_max == pytest.approx(16.0)
    assert capped(5.0, held=held(16.0)).m_flow_max == pytest.approx(12.0)
    assert capped(5.0, held=held(12.0)).m_flow_max == pytest.approx(10.0)
    assert capped(5.0, held=held(10.0)) == held(10.0)
    assert capped(19.0, held=held(10.0)).m_flow_max == 19.0, "up at once"


def test_what_is_not_worth_a_write_and_what_comes_too_soon_stays():
    assert capped(16.5, held=held(16.0)) == held(16.0)
    soon = held(16.0, ago_s=EVERY_S - 1.0)
    assert capped(12.0, held=soon) == soon


@pytest.mark.parametrize(
    ("word", "changes"),
    [
        ("no shortage", {"shortage": False}),
        ("no number", {"wish": float("nan")}),
        ("no cap", {"wish": float("inf")}),
        ("closed", {"wish": 0.0}),
        ("flow unknown", {"primary": {"S001": CapSeen(m_flow=no_value(), readback=no_value())}}),
        ("nothing flows", {"primary": seen(0.0)}),
        ("on its own curve", {"remote": False}),
        ("cannot tell", {"remote": None}),
        ("returning", {"readmitted": False}),
        ("by hand", {"mode": Mode.MANUAL}),
        ("out of season", {"season": Season.OFF}),
        ("pump stands", {"pump_running": False}),
        ("near frost", {"T_return": good(14.9, FRESH)}),
        ("return unknown", {"T_return": no_value()}),
        ("return old", {"T_return": good(43.0, NOW - 130.0)}),
        ("silent", {"polled_at": NOW - 130.0}),
        ("not proven", {"traits": replace(CAPS, proven=False)}),
        ("takes none", {"traits": replace(CAPS, caps_flow=False)}),
        ("read only", {"traits": replace(CAPS, station_class=StationClass.C)}),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_whatever_is_missing_or_out_of_the_ordinary_lifts_the_cap(word, changes):
    assert capped(**changes) is None
    assert capped(**{"held": held(), **changes}) is None


def test_one_loop_of_a_station_that_is_not_calm_lifts_the_cap_of_all():
    other = replace(CAPS, key=CAPS.key._replace(loop=2))
    cold = replace(observation(1, T_return=good(10.0, FRESH)), key=other.key)
    world = context([CAPS, other], [observation(1), cold])
    assert guard_caps({"S001": 18.0}, seen(), {}, world, shortage=True) == {"S001": None}


def test_a_cap_that_is_not_read_back_counts_as_none_and_begins_anew_with_what_is_drawn():
    lost = held(12.0, ago_s=FOUND_S + 1.0)
    assert capped(10.0, primary=seen(18.0), held=lost).uncapped == 18.0
    there = capped(10.0, primary=seen(12.0, cap=12.0), held=lost)
    assert (there.uncapped, there.m_flow_max) == (DRAWN, pytest.approx(10.0))


def test_a_station_that_no_plan_wants_to_cap_has_none():
    assert guard_caps({}, seen(), {"S001": held()}, context([CAPS]), shortage=True) == {"S001": None}
