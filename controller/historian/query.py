"""The read side of the journal: trends, and the last state of a city. Callable from any thread; blocks."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from controller.historian.block import Block, BlockDamaged, Table
from controller.historian.slot import Sample, Series
from controller.historian.sqlite import open_reading
from stations.model.identity import Point
from stations.model.reading import Reading

MAX_POINTS = 2000
"""Samples that a screen can show; more are down-sampled."""
EARLY_S = 60.0
"""How much earlier than its slot begins a reading's slot is looked for: a slot's length and a fast clock."""
LATE_S = 900.0
"""How much later than it was measured a reading's slot is looked for; later ones are stored, not charted."""
LATEST_S = 900.0
"""How far back the last state is rebuilt at a start."""
SAMPLES_PER_BUCKET = 3
"""Lowest, highest, and a gap."""


def history(
    path: Path, station: str, point: Point, start: float, end: float, max_points: int = MAX_POINTS
) -> Series:
    """Return the trend of one point over ``start <= measured_at < end``, UTC seconds.

    Readings with the same ``measured_at`` count once, the last received wins. ``max_points`` is at least 3.
    """
    if not start < end:
        raise ValueError(f"start {start} must be before end {end}")
    if max_points < SAMPLES_PER_BUCKET:
        raise ValueError(f"max_points {max_points} must be at least {SAMPLES_PER_BUCKET}")
    found: dict[float, Sample] = {}
    damaged: list[tuple[float, float]] = []
    last_sound = start
    hurt = False
    for block in _blocks(path, start - EARLY_S, end + LATE_S):
        readings = None if block is None else _readings(block, station, point)
        if block is None or readings is None:
            hurt = True
            continue
        if hurt:
            damaged.append((last_sound, block.start))
        last_sound, hurt = max(start, block.start), False
        for reading in readings:
            if start <= reading.measured_at < end:
                found[reading.measured_at] = Sample(
                    reading.measured_at, reading.value, reading.quality, reading.reason
                )
    if hurt:
        damaged.append((last_sound, end))
    samples = [found[at] for at in sorted(found)]
    bucket_s = None
    stored = len(samples)
    if stored > max_points:
        buckets = max_points // SAMPLES_PER_BUCKET
        bucket_s = (end - start) / buckets
        samples = down_sample(samples, start, bucket_s, buckets)
    return Series(
        station=station,
        point=point,
        start=start,
        end=end,
        samples=tuple(samples),
        bucket_s=bucket_s,
        stored=stored,
        damaged=tuple((first, min(last, end)) for first, last in damaged if first < min(last, end)),
    )


def down_sample(samples: list[Sample], start: float, bucket_s: float, buckets: int) -> list[Sample]:
    """Keep, of each of ``buckets`` buckets, lowest and highest value and the first gap, in their order."""
    kept: list[Sample] = []
    bucket: list[Sample] = []
    number = -1
    for sample in samples:
        current = min(int((sample.measured_at - start) // bucket_s), buckets - 1)
        if current != number:
            kept += _extremes(bucket)
            bucket, number = [], current
        bucket.append(sample)
    return kept + _extremes(bucket)


def _extremes(bucket: list[Sample]) -> list[Sample]:
    values = [(sample.value, number) for number, sample in enumerate(bucket) if sample.value is not None]
    gaps = [number for number, sample in enumerate(bucket) if sample.value is None]
    wanted = set(gaps[:1])
    if values:
        wanted |= {min(values)[1], max(values)[1]}
    return [bucket[number] for number in sorted(wanted)]


def latest(path: Path) -> dict[tuple[str, Point], Reading]:
    """Return the newest reading of each point of the last 15 minutes stored; damage is passed over."""
    state: dict[tuple[str, Point], Reading] = {}
    done: set[tuple[str, Table]] = set()
    with open_reading(path) as connection:
        try:
            (newest,) = connection.execute("SELECT max(start) FROM slots").fetchone()
            if newest is None:
                return state
            rows = connection.execute(
                "SELECT CAST(block AS BLOB) FROM slots WHERE start >= ? ORDER BY id DESC",
                (newest - LATEST_S,),
            )
            for (content,) in rows:
                with contextlib.suppress(BlockDamaged):
                    _add_older(state, done, Block(content))
        except sqlite3.DatabaseError:
            # The rest of the file can not be read; what is known so far is true.
            return state
    return state


def _add_older(state: dict[tuple[str, Point], Reading], done: set[tuple[str, Table]], block: Block) -> None:
    """Add what ``state`` does not know yet; what ``done`` names holds nothing new and is not unpacked."""
    fresh: dict[tuple[str, Point], Reading] = {}
    seen: set[tuple[str, Table]] = set()
    for station, places in block.layout.places.items():
        for table, row in places:
            if (station, table) in done:
                continue
            seen.add((station, table))
            for point, reading in block.answer(table, row).items():
                known = fresh.get((station, point))
                if known is None or known.received_at <= reading.received_at:
                    fresh[station, point] = reading
    for key, reading in fresh.items():
        state.setdefault(key, reading)
    done |= seen


def _readings(block: Block, station: str, point: Point) -> list[Reading] | None:
    """Return the point's readings of a slot in order of arrival; None where their bytes are damaged."""
    try:
        return block.readings(station, point)
    except BlockDamaged:
        return None


def _blocks(path: Path, first: float, last: float) -> Iterator[Block | None]:
    """Yield the slots that begin in ``first..last`` in order of arrival; None for each damaged or lost one.

    Numbers of slots have no gaps (old ones go from the front), so a slot that is missing was lost.
    """
    with open_reading(path) as connection:
        expected: int | None = None
        try:
            low, high = connection.execute(
                "SELECT min(id), max(id) FROM slots WHERE start BETWEEN ? AND ?", (first, last)
            ).fetchone()
            rows = connection.execute(
                "SELECT id, start, CAST(block AS BLOB) FROM slots WHERE id BETWEEN ? AND ? ORDER BY id",
                (low, high),
            )
            expected = low
            for number, start, content in rows:
                if number != expected:
                    yield None
                expected = number + 1
                yield _checked(start, content)
            if expected is not None and expected != high + 1:
                yield None
        except sqlite3.DatabaseError:
            yield None


def _checked(start: object, content: bytes) -> Block | None:
    try:
        block = Block(content)
    except BlockDamaged:
        return None
    return block if block.start == start else None
