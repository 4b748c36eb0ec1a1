"""A fault of values without a socket: what it makes of values that a test gives it."""

import random
from contextlib import asynccontextmanager

from simulators.faults.model import Facts, Target
from simulators.faults.registry import find
from simulators.servers.misbehaviour import Misbehaviour
from stations.profile import builtin_profile


@asynccontextmanager
async def spoilt(name, *, begins, profile="plc-a", **options):
    """One fault on; yields a function (values by Point, UTC second) that spoils them in place."""
    fault, device = find(name), Misbehaviour()
    settings, wrong = fault.settings(options)
    assert not wrong
    facts = Facts(station="S01", kind="station", profile=builtin_profile(profile), n_loops=1, secured=False)
    target = Target(
        facts=facts,
        link=None,
        server=None,
        device=device,
        plant=None,
        rng=random.Random(1),
        now=lambda: begins,
    )
    async with fault.at(target, settings):
        yield device.spoil
