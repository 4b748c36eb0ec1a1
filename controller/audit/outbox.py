"""Events on their way into the audit, kept in the store that they happened in.

A change and the event that tells of it are one transaction there; the controller carries events over and then
marks them. Killed in between, it carries them again, and the audit knows them by their key. So nothing that
happened is missing in the audit, and nothing is told twice. It also brings in what the command line did to
accounts while no controller ran.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from controller.audit.entry import Event
from controller.audit.log import AuditLog
from controller.smallstore import SmallStore

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,
    data TEXT NOT NULL, carried INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS events_waiting ON events (id) WHERE carried = 0;
CREATE TABLE IF NOT EXISTS identity (name TEXT NOT NULL) STRICT;
INSERT INTO identity SELECT lower(hex(randomblob(8))) WHERE NOT EXISTS (SELECT 1 FROM identity);
"""
"""The identity keeps events of a store that was deleted and begun anew apart from those before."""
BATCH = 500
KEPT = 5000
"""Carried events that stay for a look; the audit has them all."""


def leave(
    connection: sqlite3.Connection, at: float, kind: str, actor: str, data: Mapping[str, object]
) -> None:
    """Put an event into the outbox, within the transaction of what it tells of."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    connection.execute(
        "INSERT INTO events (at, kind, actor, data) VALUES (?, ?, ?, ?)", (at, kind, actor, text)
    )


async def carry(store: SmallStore, audit: AuditLog) -> int:
    """Bring waiting events of a store into the audit; return how many. Raises AuditError, sqlite3.Error."""
    waiting = await store.read(lambda connection: _waiting(connection, store.path))
    if waiting:
        await audit.append([event for _, event in waiting])
        await store.write(lambda connection: _mark(connection, [number for number, _ in waiting]))
    return len(waiting)


def _waiting(connection: sqlite3.Connection, path: Path) -> list[tuple[int, Event]]:
    (identity,) = connection.execute("SELECT name FROM identity").fetchone()
    rows = connection.execute("SELECT * FROM events WHERE carried = 0 ORDER BY id LIMIT ?", (BATCH,))
    return [
        (
            row["id"],
            Event(
                key=f"{path.stem}:{identity}:{row['id']}",
                at=row["at"],
                kind=row["kind"],
                actor=row["actor"],
                data=json.loads(row["data"]),
            ),
        )
        for row in rows
    ]


def _mark(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    connection.executemany("UPDATE events SET carried = 1 WHERE id = ?", [(n,) for n in numbers])
    newest = numbers[-1]
    connection.execute("DELETE FROM events WHERE carried = 1 AND id <= ?", (newest - KEPT,))
