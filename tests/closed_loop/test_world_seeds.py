"""The controller among faults in virtual time: whatever the seed, what must always hold does."""

import pytest

from tests.support.worlds import broken, worlds

PARTS = 5
"""A part is a process: where one seed breaks something, the others are played nevertheless."""


@pytest.mark.slow(minutes=3)
@pytest.mark.soak
@pytest.mark.timeout(10_000)
@pytest.mark.parametrize("part", range(PARTS))
def test_nothing_that_must_hold_is_broken_in_worlds_full_of_faults(soak, part):
    seeds, hours = soak.pick(reduced=20, full=200) // PARTS, soak.pick(reduced=2, full=24)
    outcomes = worlds("--seed", 1 + part * seeds, "--seeds", seeds, "--hours", hours)
    soak.record(
        seeds=seeds,
        hours=hours,
        faults=sum(outcome["faults"] for outcome in outcomes),
        starts=sum(outcome["starts"] for outcome in outcomes),
        reads=sum(outcome["polls"] for outcome in outcomes),
        cpu_s=round(sum(outcome["cpu_s"] for outcome in outcomes), 1),
    )
    assert len(outcomes) == seeds
    assert broken(outcomes) == []
    assert all(outcome["polls"] > 2000 * hours and outcome["faults"] > 4 * hours for outcome in outcomes)
