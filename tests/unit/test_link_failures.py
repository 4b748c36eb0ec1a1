"""Links that fail on schedule: each failure of the profile reaches its link in its second, and ends."""

from dataclasses import replace

import pytest

from simulators.link_failures import LinkFailures
from simulators.link_profile import PROFILES, DisturbanceKind, cell_of

DAY_S = 86_400.0
OUTAGE = PROFILES["outage"]
NAMES = [f"S{number:03}" for number in range(1, 13)]


class Recorded:
    """A link that notes (second, what)."""

    def __init__(self, clock):
        self.clock, self.seen, self.held = clock, [], set()

    def hold(self, key, on, *, half_open=False):
        if on:
            self.held.add(key)
            self.seen.append((self.clock[0], "outage"))
        elif key in self.held:
            self.held.discard(key)
            self.seen.append((self.clock[0], "half open" if half_open else "back"))

    def rebind(self):
        self.seen.append((self.clock[0], "rebind"))

    def drop(self):
        self.seen.append((self.clock[0], "reset"))


def run(profile, days, seed=1, start=1000.0):
    clock = [start]
    failures, links = LinkFailures(seed), {name: Recorded(clock) for name in NAMES}
    for name, link in links.items():
        failures.follow(name, link, profile, start)
    while clock[0] < start + days * DAY_S:
        clock[0] += 10.0
        failures.advance(clock[0])
    return failures, links, clock


@pytest.fixture(scope="module")
def ten_days():
    return run(OUTAGE, 10.0)


def test_every_failure_of_the_schedule_comes_within_the_step_that_it_falls_into(ten_days):
    _, links, _ = ten_days
    for name, link in links.items():
        expected = []
        for one in OUTAGE.disturbances(1, name):
            if one.begin_s > 10.0 * DAY_S:
                break
            expected.append((one.begin_s, one.kind.value))
            if one.kind is DisturbanceKind.OUTAGE:
                expected.append((one.end_s, "half open" if one.half_open else "back"))
        expected = sorted(entry for entry in expected if entry[0] <= 10.0 * DAY_S)
        assert [what for _, what in sorted(link.seen)] == [what for _, what in expected]
        for (at, _), (wanted, _) in zip(sorted(link.seen), expected, strict=True):
            assert 0.0 <= at - 1000.0 - wanted <= 10.0


def test_a_gateway_that_restarts_is_a_storm_of_its_whole_cell_and_of_no_other(ten_days):
    _, links, _ = ten_days

    def resets(name):
        return [at for at, what in links[name].seen if what == "reset"]

    assert resets("S001")
    for name in NAMES:
        assert (resets(name) == resets("S001")) == (cell_of(name) == cell_of("S001"))


def test_a_link_that_changes_its_profile_is_back_at_once_and_fails_no_more():
    always = replace(OUTAGE, outage_every_s=60.0, outage_s=(3600.0, 7200.0))
    failures, links, clock = run(always, 0.5)
    link = next(link for link in links.values() if link.held)
    name = next(name for name, other in links.items() if other is link)
    failures.follow(name, link, PROFILES["good"], clock[0])
    assert not link.held
    before = len(link.seen)
    for _ in range(1000):
        clock[0] += 60.0
        failures.advance(clock[0])
    assert len(link.seen) == before


def test_links_without_failures_are_left_alone():
    _, links, _ = run(PROFILES["good"], 1.0)
    assert all(link.seen == [] for link in links.values())
