"""What the centre has gathered and found out of its loops, in one file of the data folder.

Written by the running controller, by its nightly identification and by ``dhc identify``: each piece of work
is one transaction of a moment. 1,000 loops take about 30 MB. A damaged file is set aside and begun anew: a
city is heated without it, as on its first day.
"""

import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import structlog

from controller.decisions import LoopKey
from controller.knowing.belief import (
    Belief,
    Introduced,
    restored,
    restored_building,
    stored,
    stored_building,
)
from controller.knowing.gathered import KEPT_DAYS, QUARTER_S, SERIES, SHARED, Quarter, Window, window
from controller.smallstore import SmallStore

log = structlog.get_logger("knowing")

FILE = "knowing.db"
SCHEMA = """
CREATE TABLE IF NOT EXISTS layout (id INTEGER PRIMARY KEY, loops TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS quarter (
    at INTEGER PRIMARY KEY, layout INTEGER NOT NULL REFERENCES layout (id), body BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS loop (
    station TEXT NOT NULL, loop INTEGER NOT NULL, at REAL NOT NULL, alone INTEGER NOT NULL,
    prior TEXT NOT NULL, PRIMARY KEY (station, loop)
) STRICT;
CREATE TABLE IF NOT EXISTS belief (
    id INTEGER PRIMARY KEY, station TEXT NOT NULL, loop INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS belief_of ON belief (station, loop, id);
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
"""
BELIEFS_KEPT = 60
"""Of each loop: how its numbers went over two months."""


class KnowingStore:
    """The file. May be used from any thread and from several processes; raises OSError, sqlite3.Error."""

    def __init__(self, data: Path) -> None:
        """Open or create it in a folder that exists."""
        self.path = data / FILE
        self._small = SmallStore(self.path, SCHEMA)
        if self._small.set_aside is not None:
            log.error("knowing_lost", set_aside=self._small.set_aside)

    # ------------------------------------------------------------------------------------------ the record

    def add(self, keys: Sequence[LoopKey], *quarters: Quarter) -> None:
        """Keep quarters of the same loops, the newest last, and forget what is too old or yet to come."""
        loops, newest = json.dumps([list(key) for key in keys]), quarters[-1].at
        with self._small.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO layout (loops) VALUES (?)", (loops,))
            (layout,) = connection.execute("SELECT id FROM layout WHERE loops = ?", (loops,)).fetchone()
            connection.executemany(
                "INSERT OR REPLACE INTO quarter VALUES (?, ?, ?)",
                [
                    (one.at, layout, zlib.compress(one.loops.tobytes() + one.shared.tobytes(), 1))
                    for one in quarters
                ],
            )
            connection.execute(
                "DELETE FROM quarter WHERE at <= ? OR at > ?", (newest - KEPT_DAYS * 86_400, newest)
            )
            connection.execute("DELETE FROM layout WHERE id NOT IN (SELECT layout FROM quarter)")

    def window(self, keys: Sequence[LoopKey]) -> Window:
        """Return all that is kept of these loops; a block that can not be read is left out."""
        with self._small.reading() as connection:
            layouts = {
                row["id"]: tuple(LoopKey(*pair) for pair in json.loads(row["loops"]))
                for row in connection.execute("SELECT * FROM layout")
            }
            rows = connection.execute("SELECT * FROM quarter ORDER BY at").fetchall()
        kept = []
        for row in rows:
            then = layouts[row["layout"]]
            quarter = _quarter(row["at"], row["body"], len(then))
            if quarter is not None:
                kept.append((then, quarter))
        return window(keys, kept)

    def last_quarter(self) -> float | None:
        """Return the UTC second at which the newest quarter ended; None without any."""
        with self._small.reading() as connection:
            (at,) = connection.execute("SELECT max(at) FROM quarter").fetchone()
        return None if at is None else float(at) + QUARTER_S

    # ------------------------------------------------------------------------------------------- the loops

    def introduce(self, loops: Mapping[LoopKey, Introduced]) -> None:
        """Lay down what each loop begins with; when it was first seen stays."""
        with self._small.writing() as connection:
            connection.executemany(
                "INSERT INTO loop VALUES (?, ?, ?, ?, ?) ON CONFLICT (station, loop) DO UPDATE"
                " SET alone = excluded.alone, prior = excluded.prior",
                [
                    (*key, one.at, int(one.alone), json.dumps(stored_building(one.prior)))
                    for key, one in loops.items()
                ],
            )

    def introduced(self) -> dict[LoopKey, Introduced]:
        """Return every loop that was ever introduced."""
        with self._small.reading() as connection:
            rows = connection.execute("SELECT * FROM loop ORDER BY station, loop").fetchall()
        return {
            LoopKey(row["station"], row["loop"]): Introduced(
                row["at"], restored_building(json.loads(row["prior"])), bool(row["alone"])
            )
            for row in rows
        }

    def believe(self, beliefs: Sequence[Belief], unless_after: int | None = None) -> None:
        """Lay down what was found, but not of loops that have a belief newer than number ``unless_after``."""
        with self._small.writing() as connection:
            for one in beliefs:
                if unless_after is not None and self._known_after(connection, one.key, unless_after):
                    continue
                connection.execute(
                    "INSERT INTO belief (station, loop, body) VALUES (?, ?, ?)", (*one.key, stored(one))
                )
                connection.execute(
                    "DELETE FROM belief WHERE station = ? AND loop = ? AND id <= (SELECT id FROM belief"
                    " WHERE station = ? AND loop = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                    (*one.key, *one.key, BELIEFS_KEPT),
                )

    @staticmethod
    def _known_after(connection: sqlite3.Connection, key: LoopKey, number: int) -> bool:
        newer = "SELECT 1 FROM belief WHERE station = ? AND loop = ? AND id > ?"
        return connection.execute(newer, (*key, number)).fetchone() is not None

    def believed(self) -> tuple[dict[LoopKey, Belief], int]:
        """Return the newest belief of every loop that has one, and a number that grows with each."""
        with self._small.reading() as connection:
            # the number first: what comes in between counts as newer than it
            (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM belief").fetchone()
            rows = connection.execute(
                "SELECT body FROM belief WHERE id IN (SELECT max(id) FROM belief GROUP BY station, loop)"
            ).fetchall()
        beliefs = {}
        for row in rows:
            try:
                one = restored(row["body"])
            except (ValueError, KeyError, TypeError) as error:
                # of another version of the program: the loop is identified anew
                log.warning("belief_not_read", why=str(error))
                continue
            beliefs[one.key] = one
        return beliefs, int(newest)

    def newest(self) -> int:
        """Return the number of the newest belief; 0 without any."""
        with self._small.reading() as connection:
            (number,) = connection.execute("SELECT coalesce(max(id), 0) FROM belief").fetchone()
        return int(number)

    # ------------------------------------------------------------------------------------------- small notes

    def note(self, name: str, body: str) -> None:
        """Keep a text under a name."""
        with self._small.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, body))

    def noted(self, name: str) -> str | None:
        """Return the text under a name."""
        with self._small.reading() as connection:
            row = connection.execute("SELECT body FROM note WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row["body"])


def _quarter(at: int, body: bytes, loops: int) -> Quarter | None:
    try:
        values = np.frombuffer(zlib.decompress(body), dtype=np.float16)
    except (zlib.error, ValueError):
        return None
    if len(values) != loops * len(SERIES) + len(SHARED):
        return None
    return Quarter(at, values[: -len(SHARED)].reshape(loops, len(SERIES)), values[-len(SHARED) :])
