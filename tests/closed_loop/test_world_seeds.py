"""The controller among faults in virtual time: whatever the seed, what must always hold does."""

import pytest

from tests.support.worlds import broken, worlds


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(10_000)
@pytest.mark.parametrize("half", [0, 1])
def test_nothing_that_must_hold_is_broken_in_worlds_full_of_faults(soak, half):
    seeds, hours = soak.pick(reduced=4, full=100), soak.pick(reduced=2, full=24)
    outcomes = worlds("--seed", 1 + half * seeds, "--seeds", seeds, "--hours", hours)
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
