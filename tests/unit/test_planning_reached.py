"""What loops show that they can reach, and what the planning loop sees of it."""

from dataclasses import replace

import pytest

from controller.decisions import LoopKey
from controller.planning.reached import PROBE_K, SETTLED_S, SHORT_K, bound_by
from controller.planning.seen import scene_of
from controller.wiring import first_state, loop_traits
from stations.model.clock import SystemClock
from stations.model.identity import Point
from stations.model.reading import good
from stations.model.setpoint import StationClass
from tests.support.guard_world import context
from tests.support.sites import site_config

KEY = LoopKey("S001", 1)


@pytest.mark.parametrize(
    ("T_reached", "T_told", "bound"),
    [
        (50.0, 50.0 + SHORT_K + 0.01, 50.0 + PROBE_K),
        (50.0, 50.0 + SHORT_K - 0.01, None),
        (55.0, 50.0, None),
        (None, 50.0, None),
        (50.0, None, None),
        (-1.0, 50.0, None),
    ],
)
def test_a_loop_is_bound_by_what_it_gives_only_where_it_stays_short(T_reached, T_told, bound):
    assert bound_by(T_reached, T_told) == bound


def test_the_bound_lies_above_what_counts_as_short_so_that_it_rises_with_what_arrives():
    assert SHORT_K < PROBE_K < 1.0


@pytest.mark.parametrize(
    ("written_s_ago", "age_s", "seen"),
    [
        (None, 5.0, {KEY: 52.0 + PROBE_K}),
        (SETTLED_S, 5.0, {KEY: 52.0 + PROBE_K}),
        (SETTLED_S - 1.0, 5.0, {}),
        (SETTLED_S, 3600.0, {}),
    ],
)
def test_a_plan_is_told_of_loops_that_had_time_and_are_short_still(tmp_path, written_s_ago, age_s, seen):
    site, clock = site_config(tmp_path), SystemClock()
    state, now = first_state(site, clock), clock.now()
    at = now - age_s
    image = state.image[KEY.station]
    told = {"T_supply_secondary": 52.0, "T_supply_secondary_set_effective": 57.0}
    readings = {**image.readings} | {Point(KEY.loop, name): good(T, at) for name, T in told.items()}
    state.image.put(replace(image, readings=readings, polled_at=at))
    if written_s_ago is not None:
        state.loops[KEY].written_at = clock.monotonic() - written_s_ago
    assert scene_of(state, loop_traits(site), {}, {}, now, clock.monotonic()).T_reached == seen


def test_an_offset_is_planned_all_the_way_down_only_while_the_guard_is_sure(tmp_path):
    site, clock = site_config(tmp_path), SystemClock()
    state, now = first_state(site, clock), clock.now()
    traits = {KEY: replace(loop_traits(site)[KEY], station_class=StationClass.B)}

    def far_down():
        return scene_of(state, traits, {}, {}, now, clock.monotonic()).far_down

    assert not far_down(), "no cycle has judged yet"
    for share, coldest, sure in ((1.0, -4.0, True), (0.9, -4.0, False), (1.0, -6.0, False)):
        state.context = context(link_availability_24h={KEY.station: share}, T_outdoor_forecast_min=coldest)
        assert far_down() == (frozenset((KEY,)) if sure else frozenset())
    traits = {KEY: loop_traits(site)[KEY]}
    state.context = context(link_availability_24h={KEY.station: 1.0}, T_outdoor_forecast_min=-4.0)
    assert not far_down(), "a station of another class has no offset"


def test_a_loop_that_does_not_show_both_its_waters_is_one_that_nobody_sees(tmp_path):
    site, clock = site_config(tmp_path), SystemClock()
    state, now = first_state(site, clock), clock.now()
    traits, image = loop_traits(site), state.image[KEY.station]
    assert KEY in scene_of(state, traits, {}, {}, now, clock.monotonic()).blind
    for name, blind in (("T_supply_secondary", True), ("T_return_secondary", False)):
        image = replace(
            image, readings={**image.readings, Point(KEY.loop, name): good(40.0, now)}, polled_at=now
        )
        state.image.put(image)
        assert (KEY in scene_of(state, traits, {}, {}, now, clock.monotonic()).blind) is blind
