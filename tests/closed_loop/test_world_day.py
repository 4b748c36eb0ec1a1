"""A day in virtual time, and twice the same: a seed is all that it takes to see a run again."""

import pytest

from tests.support.worlds import broken, worlds


@pytest.mark.slow(minutes=2)
@pytest.mark.timeout(2000)
def test_nothing_that_must_hold_is_broken_in_a_day_of_ten_stations():
    (outcome,) = worlds("--seed", 1001, "--hours", 24)
    print("CPU seconds of a day:", outcome["cpu_s"])
    assert broken([outcome]) == []
    assert outcome["intents"]["confirmed"] > 20 * 24


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_seed_does_the_same_byte_for_byte_under_another_hash_seed_and_another_seed_does_not():
    first = worlds("--seed", 7, "--seeds", 2, "--hours", 0.5)
    second = worlds("--seed", 7, "--seeds", 2, "--hours", 0.5, hash_seed="4711")
    assert [outcome["digest"] for outcome in first] == [outcome["digest"] for outcome in second]
    assert first[0]["digest"] != first[1]["digest"]
