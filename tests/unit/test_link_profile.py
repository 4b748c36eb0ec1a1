"""The mobile link as pure draws: ranges of delay, order, capacity, and a schedule of failures by seed."""

import random
from itertools import islice, pairwise

import pytest

from simulators.link_profile import (
    PROFILES,
    Disturbance,
    DisturbanceKind,
    Lane,
    LinkProfile,
    cell_of,
)

DAY_S = 86_400.0
OUTAGE = PROFILES["outage"]


def failures(profile, seed, station, days=60.0):
    found = []
    for one in profile.disturbances(seed, station):
        if one.begin_s > days * DAY_S:
            return found
        found.append(one)
    return found


@pytest.mark.parametrize("name", ["good", "cell_edge", "congested", "outage"])
def test_without_a_stall_no_segment_of_a_profile_is_later_than_300_ms(name):
    profile = PROFILES[name]
    rng = random.Random(name)
    base = profile.base_delay_s(rng)
    delays = [profile.delay_s(base, rng) for _ in range(5_000)]
    calm = [delay for delay in delays if delay <= 0.3]
    assert profile.base_s[0] <= base <= profile.base_s[1]
    assert min(delays) >= base
    assert 1.0 - len(calm) / len(delays) == pytest.approx(profile.stall_share, abs=0.01)
    longest = 0.3 + profile.stall_s[1]
    assert max(delays) <= longest


def test_profiles_differ_in_what_they_are_named_for():
    def mean_round_trip(name):
        rng, profile = random.Random(1), PROFILES[name]
        return 2.0 * sum(profile.delay_s(profile.base_delay_s(rng), rng) for _ in range(4_000)) / 4_000

    assert mean_round_trip("none") == 0.0
    assert 0.03 < mean_round_trip("good") < 0.05
    assert 0.1 < mean_round_trip("congested") < 0.3
    assert mean_round_trip("cell_edge") > mean_round_trip("congested")
    assert PROFILES["congested"].bits_per_s < PROFILES["cell_edge"].bits_per_s
    assert not failures(PROFILES["good"], 1, "S001")
    kinds = {one.kind for one in failures(OUTAGE, 1, "S001")}
    assert kinds == set(DisturbanceKind)


def test_a_lane_keeps_the_order_of_what_was_sent():
    lane = Lane(PROFILES["cell_edge"], 0.05, random.Random(1))
    arrivals = [lane.arrival(0.001 * n, 200) for n in range(2_000)]
    assert all(later >= earlier for earlier, later in pairwise(arrivals))


def test_a_lane_carries_no_more_than_its_capacity():
    capped = LinkProfile(base_s=(0.0, 0.0), jitter_mean_s=0.0, bits_per_s=64_000.0)
    lane = Lane(capped, 0.0, random.Random(1))
    arrivals = [lane.arrival(10.0, 1_000) for _ in range(16)]
    assert arrivals[0] == pytest.approx(10.0 + 0.125)
    assert arrivals[-1] == pytest.approx(10.0 + 16 * 0.125)
    assert lane.arrival(100.0, 8) == pytest.approx(100.001)  # an idle lane saves nothing up


def test_a_lane_that_changes_its_profile_does_not_overtake_what_is_on_the_way():
    slow = LinkProfile(base_s=(0.2, 0.2), jitter_mean_s=0.0)
    lane = Lane(slow, 0.2, random.Random(1))
    first = lane.arrival(0.0, 10)
    lane.change(PROFILES["none"], 0.0)
    assert lane.arrival(0.01, 10) == first
    assert lane.arrival(1.0, 10) == 1.0


def test_one_seed_gives_one_station_one_schedule_and_another_seed_another():
    assert failures(OUTAGE, 7, "S001") == failures(OUTAGE, 7, "S001")
    assert failures(OUTAGE, 7, "S001") != failures(OUTAGE, 8, "S001")
    assert failures(OUTAGE, 7, "S001") != failures(OUTAGE, 7, "S002")


def test_stations_of_a_cell_fail_together_and_those_of_another_cell_do_not():
    names = [f"S{number:03}" for number in range(1, 60)]
    together = [name for name in names if cell_of(name) == cell_of("S001")][:3]
    apart = next(name for name in names if cell_of(name) != cell_of("S001"))

    def resets(name):
        return [one for one in failures(OUTAGE, 3, name) if one.kind is DisturbanceKind.RESET]

    assert resets("S001") == resets(together[1]) == resets(together[2]) != resets(apart)


def test_outages_last_60_s_to_6_h_most_of_them_short_and_never_overlap():
    outages = [one for one in failures(OUTAGE, 5, "S001", 400) if one.kind is DisturbanceKind.OUTAGE]
    lasts = sorted(one.end_s - one.begin_s for one in outages)
    assert 60.0 <= lasts[0] < 120.0
    assert 4 * 3600.0 < lasts[-1] <= 6 * 3600.0
    assert lasts[len(lasts) // 2] < 3600.0
    assert all(later.begin_s >= earlier.end_s for earlier, later in pairwise(outages))
    assert 400 * 2.0 < len(outages) < 400 * 4.0
    assert {one.half_open for one in outages} == {True, False}


def test_failures_come_in_order_and_moments_last_no_time():
    first = list(islice(OUTAGE.disturbances(9, "S009"), 300))
    assert all(later.begin_s >= earlier.begin_s for earlier, later in pairwise(first))
    assert all(isinstance(one, Disturbance) and one.end_s >= one.begin_s for one in first)
    moments = [one for one in first if one.kind is not DisturbanceKind.OUTAGE]
    assert all(one.begin_s == one.end_s for one in moments)
