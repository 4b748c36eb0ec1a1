"""Faults of the mobile link: late, lost, narrow, dead, refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from simulators.faults.model import Family, Fault, Number, Settings, Target
from simulators.link_connection import Piece


@asynccontextmanager
async def _latency(target: Target, settings: Settings) -> AsyncIterator[None]:
    one_way_s, jitter_s = settings.number("one_way_ms") / 1000.0, settings.number("jitter_ms") / 1000.0
    with target.overridden(
        lambda below: replace(
            below,
            base_s=(one_way_s, one_way_s),
            jitter_mean_s=jitter_s,
            delay_max_s=one_way_s + 4.0 * jitter_s,
        )
    ):
        yield


@asynccontextmanager
async def _stalls(target: Target, settings: Settings) -> AsyncIterator[None]:
    share = settings.number("share_pct") / 100.0
    longest = settings.number("longest_s")
    with target.overridden(lambda below: replace(below, stall_share=share, stall_s=(longest / 3.0, longest))):
        yield


@asynccontextmanager
async def _bandwidth(target: Target, settings: Settings) -> AsyncIterator[None]:
    bits_per_s = 1000.0 * settings.number("kbit_per_s")
    with target.overridden(lambda below: replace(below, bits_per_s=bits_per_s)):
        yield


@asynccontextmanager
async def _outage(target: Target, settings: Settings) -> AsyncIterator[None]:
    key = object()
    target.link.hold(key, True)
    try:
        yield
    finally:
        target.link.hold(key, False)


@asynccontextmanager
async def _half_open(target: Target, settings: Settings) -> AsyncIterator[None]:
    target.link.rebind()
    yield


@asynccontextmanager
async def _storm(target: Target, settings: Settings) -> AsyncIterator[None]:
    await target.link.refuse(True)
    target.link.drop()
    try:
        yield
    finally:
        await target.link.refuse(False)


@asynccontextmanager
async def _slow(target: Target, settings: Settings) -> AsyncIterator[None]:
    answer_s = settings.number("answer_s")
    with target.edited(lambda data: [Piece(data, after_s=answer_s)]):
        yield


FAULTS = (
    Fault(
        name="latency",
        rows=("L1",),
        family=Family.LINK,
        does="every segment takes longer, each way, with jitter",
        expected="polls go on; time-outs follow the measured round trip; no station counts as lost",
        options=(
            Number(key="one_way_ms", default=150.0, low=1.0, high=20_000.0, does="delay of each segment"),
            Number(key="jitter_ms", default=40.0, low=0.0, high=5_000.0, does="mean of what comes on top"),
        ),
        run=_latency,
    ),
    Fault(
        name="segment_stalls",
        rows=("L2",),
        family=Family.LINK,
        does="a share of the segments is held up for seconds, as TCP sees lost packets",
        expected="single late polls; no station counts as lost before three misses",
        options=(
            Number(key="share_pct", default=5.0, low=0.1, high=100.0, does="share of segments"),
            Number(key="longest_s", default=3.0, low=0.1, high=60.0, does="longest stall; shortest: a third"),
        ),
        run=_stalls,
    ),
    Fault(
        name="outage",
        rows=("L3", "L4", "P16"),
        family=Family.LINK,
        does="every byte vanishes both ways and nobody is told; connections that lost bytes are reset after",
        expected="last values age, the station counts as lost, its own watchdog puts it on its own curve; "
        "all back within 90 s after, live data first, no old setpoint sent again",
        duration_s=60.0,
        run=_outage,
    ),
    Fault(
        name="half_open",
        rows=("L5",),
        family=Family.LINK,
        does="the carrier forgets its address translation: open connections are dead without a word and "
        "stay so, new ones work",
        expected="found by the deadline of a request within 15 s; a new connection, no hung task",
        duration_s=60.0,
        run=_half_open,
    ),
    Fault(
        name="reconnect_storm",
        rows=("L6",),
        family=Family.LINK,
        does="every connection is reset and connects are refused until the end, when all come back at once",
        expected="growing waits with jitter, at most 50 connects a second, all back within 120 s",
        duration_s=30.0,
        run=_storm,
    ),
    Fault(
        name="bandwidth_cap",
        rows=("L7",),
        family=Family.LINK,
        does="each direction carries no more than its capacity",
        expected="polls fit: reads are merged into blocks",
        options=(Number(key="kbit_per_s", default=64.0, low=0.1, high=100_000.0, does="capacity each way"),),
        run=_bandwidth,
    ),
    Fault(
        name="slow_station",
        rows=("L9",),
        family=Family.LINK,
        does="the station answers, much too late",
        expected="this station counts as lost, the polls of all others are not touched",
        options=(Number(key="answer_s", default=30.0, low=0.1, high=600.0, does="time until each answer"),),
        run=_slow,
    ),
)
