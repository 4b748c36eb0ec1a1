"""The state of chosen points at chosen instants: a few slots of the journal, never a scan of it."""

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from controller.historian.block import Block, BlockDamaged
from controller.historian.sqlite import open_reading
from stations.model.identity import Point
from stations.model.reading import Reading

NEAR_S = 120.0
"""How far from an instant a slot may begin: a few polls of a slow modem, and little against an hour."""

Found = Mapping[tuple[str, Point], Reading]


def stored_span(path: Path) -> tuple[float, float] | None:
    """Return the begin of the oldest and of the newest slot, UTC seconds; None where nothing is stored."""
    with open_reading(path) as connection:
        try:
            first, last = connection.execute("SELECT min(start), max(start) FROM slots").fetchone()
        except sqlite3.DatabaseError:
            return None
    return None if first is None else (first, last)


def at_instants(
    path: Path, instants: Iterable[float], wanted: Mapping[str, Sequence[Point]]
) -> list[dict[tuple[str, Point], Reading]]:
    """Return, for each instant, the nearest reading with a value of each wanted point, where there is one.

    ``wanted`` names points by station. Slots are looked at from the nearest outwards, only until nothing is
    missing, so a healthy city costs one or two slots for each instant. Damaged slots are passed over.
    """
    return [_at(path, instant, wanted) for instant in instants]


def _at(
    path: Path, instant: float, wanted: Mapping[str, Sequence[Point]]
) -> dict[tuple[str, Point], Reading]:
    found: dict[tuple[str, Point], Reading] = {}
    missing = {station: list(points) for station, points in wanted.items() if points}
    # One short reading each: as long as a reader holds its snapshot the WAL can not be used afresh.
    with open_reading(path) as connection:
        try:
            rows = connection.execute(
                "SELECT CAST(block AS BLOB) FROM slots WHERE start BETWEEN ? AND ? ORDER BY abs(start - ?)",
                (instant - NEAR_S, instant + NEAR_S, instant),
            )
            for (content,) in rows:
                with contextlib.suppress(BlockDamaged):
                    _take(Block(content), missing, found)
                if not missing:
                    break
        except sqlite3.DatabaseError:
            # The rest of the file can not be read; what was found so far is true.
            return found
    return found


def _take(block: Block, missing: dict[str, list[Point]], found: dict[tuple[str, Point], Reading]) -> None:
    """Move what a block knows from ``missing`` to ``found``."""
    for station in missing.keys() & block.layout.places.keys():
        left = []
        for point in missing[station]:
            valued = [reading for reading in block.readings(station, point) if reading.value is not None]
            if valued:
                found[station, point] = valued[-1]
            else:
                left.append(point)
        if left:
            missing[station] = left
        else:
            del missing[station]
