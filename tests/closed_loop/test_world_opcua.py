"""asyncua in virtual time: unchanged on both ends, and twice the same on whatever machine and day."""

import datetime
import os
import time

import asyncua.common.utils
import asyncua.server.address_space
import pytest

from simulators.world.opcua import machine_of_the_world
from tests.support.worlds import broken, worlds


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_seed_with_opcua_stations_does_the_same_under_another_hash_seed_and_beside_other_worlds():
    options = ("--hours", 0.25, "--stations", 2, "--opcua", 2)
    two = worlds("--seed", 3, "--seeds", 2, *options)
    alone = worlds("--seed", 4, *options, hash_seed="4711")
    assert broken(two) == []
    assert two[1]["digest"] == alone[0]["digest"] != two[0]["digest"]
    assert two[1]["intents"]["confirmed"] > 0


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.long
@pytest.mark.timeout(4000)
def test_nothing_that_must_hold_is_broken_in_days_with_opcua_stations(soak):
    hours, seeds = soak.pick(reduced=1, full=24), soak.pick(reduced=1, full=4)
    outcomes = worlds("--seed", 2001, "--seeds", seeds, "--hours", hours, "--opcua", 4)
    soak.record(hours=hours, seeds=seeds, cpu_s=[outcome["cpu_s"] for outcome in outcomes])
    assert broken(outcomes) == []
    assert all(outcome["intents"]["confirmed"] > 20 * hours for outcome in outcomes)


def test_the_library_sees_the_clock_and_the_random_bytes_of_the_world_and_the_machines_own_afterwards():
    class Rng:
        def randbytes(self, n):
            return b"x" * n

    library = asyncua.server.address_space
    with machine_of_the_world(lambda: 60.0, Rng()):
        assert library.datetime.now(datetime.UTC).isoformat() == "2026-01-15T00:01:00+00:00"
        assert isinstance(datetime.datetime.now(datetime.UTC), library.datetime)
        assert asyncua.common.utils.create_nonce(4) == b"xxxx"
    assert library.datetime is datetime.datetime
    assert asyncua.common.utils.os is os
    assert asyncua.server.internal_session.time is time
