"""Faults of the mobile link: late, lost, narrow, dead, refused."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import replace

from simulators.faults.library import Library
from simulators.faults.model import Choice, Facts, Family, Number, Settings, Target
from simulators.link_connection import Piece

LINK = Library(Family.LINK)


@LINK.fault(
    "L1",
    "every segment takes longer, each way, with jitter",
    "polls go on; time-outs follow the measured round trip; no station counts as lost",
    Number(key="one_way_ms", default=150.0, low=1.0, high=20_000.0, does="delay of each segment"),
    Number(key="jitter_ms", default=40.0, low=0.0, high=5_000.0, does="mean of what comes on top"),
)
def latency(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Let a segment take its delay and a random rest of at most four means."""
    one_way_s, jitter_s = settings.number("one_way_ms") / 1000.0, settings.number("jitter_ms") / 1000.0
    return target.overridden(
        lambda below: replace(
            below,
            base_s=(one_way_s, one_way_s),
            jitter_mean_s=jitter_s,
            delay_max_s=one_way_s + 4.0 * jitter_s,
        )
    )


@LINK.fault(
    "L2",
    "a share of the segments is held up for seconds, as TCP sees lost packets",
    "single late polls; no station counts as lost before three misses",
    Number(key="share_pct", default=5.0, low=0.1, high=100.0, does="share of segments"),
    Number(key="longest_s", default=3.0, low=0.1, high=60.0, does="longest stall; shortest: a third"),
)
def segment_stalls(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Hold segments up, those behind them wait as well."""
    share, longest = settings.number("share_pct") / 100.0, settings.number("longest_s")
    return target.overridden(
        lambda below: replace(below, stall_share=share, stall_s=(longest / 3.0, longest))
    )


@LINK.fault(
    "L3 L4 P16",
    "every byte vanishes both ways and nobody is told; connections that lost bytes are reset after",
    "last values age, the station counts as lost, its own watchdog puts it on its own curve; "
    "all back within 90 s after, live data first, no old setpoint sent again",
    duration_s=60.0,
)
@contextmanager
def outage(target: Target, settings: Settings) -> Iterator[None]:
    """Be a black hole beside all others that are one."""
    key = object()
    target.link.hold(key, True)
    try:
        yield
    finally:
        target.link.hold(key, False)


@LINK.fault(
    "L5",
    "the carrier forgets its address translation: open connections are dead without a word and "
    "stay so, new ones work",
    "found by the deadline of a request within 15 s; a new connection, no hung task",
    duration_s=60.0,
)
@contextmanager
def half_open(target: Target, settings: Settings) -> Iterator[None]:
    """Kill what is open now; nothing is left to end."""
    target.link.rebind()
    yield


@LINK.fault(
    "L6",
    "every connection is reset and connects are refused until the end, when all come back at once",
    "growing waits with jitter, at most 50 connects a second, all back within 120 s",
    duration_s=30.0,
)
@asynccontextmanager
async def reconnect_storm(target: Target, settings: Settings) -> AsyncIterator[None]:
    """Refuse first, so that nobody is back before the end."""
    await target.link.refuse(True)
    target.link.drop()
    try:
        yield
    finally:
        await target.link.refuse(False)


@LINK.fault(
    "L7",
    "each direction carries no more than its capacity",
    "polls fit: reads are merged into blocks",
    Number(key="kbit_per_s", default=64.0, low=0.1, high=100_000.0, does="capacity each way"),
)
def bandwidth_cap(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Give each byte its airtime."""
    bits_per_s = 1000.0 * settings.number("kbit_per_s")
    return target.overridden(lambda below: replace(below, bits_per_s=bits_per_s))


def _in_virtual_time(facts: Facts, settings: Settings) -> str | None:
    """Refuse where the controller's machine is a real one."""
    return (
        None
        if facts.centre
        else "the controller's machine asks for names: in virtual time only (`dhc world`)"
    )


@LINK.fault(
    "L8",
    "the controller's machine asks for a station's name and is not answered, or late; open connections stay",
    "who is connected is polled as ever; a connect costs its deadline and nobody else waits; back within "
    "90 s after",
    Choice(key="how", default="dead", choices=("dead", "slow"), does="not answered at all, or late"),
    Number(key="answer_s", default=10.0, low=0.1, high=600.0, does="time until it is given up, or answered"),
    duration_s=300.0,
    fits=_in_virtual_time,
)
@contextmanager
def name_service(target: Target, settings: Settings) -> Iterator[None]:
    """Spoil the station's name, and no other's."""
    assert target.centre is not None
    key, station = object(), target.facts.station
    found, after_s = settings.text("how") == "slow", settings.number("answer_s")
    target.centre.answer_name(key, station, after_s, found=found)
    try:
        yield
    finally:
        target.centre.answer_name(key, station, None, found=found)


@LINK.fault(
    "L9",
    "the station answers, much too late",
    "this station counts as lost, the polls of all others are not touched",
    Number(key="answer_s", default=30.0, low=0.1, high=600.0, does="time until each answer"),
)
def slow_station(target: Target, settings: Settings) -> AbstractContextManager[None]:
    """Hold each answer back."""
    answer_s = settings.number("answer_s")
    return target.edited(lambda data: [Piece(data, after_s=answer_s)])


FAULTS = tuple(LINK.faults)
