"""Rows of the command log: their tables, their checksums, and the way to records and back.

Each row carries a CRC-32 over all it says, because a flipped bit in a database page changes an answer more
often than SQLite's own check notices. The fixed part of an intent and its state have one each, so that a
transition need not read the row it changes. Each row of ``transitions`` is numbered without gaps, so that a
row which vanishes is missed.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from controller.historian.records import Intent, Register, State, Transition, Wear
from stations.model.setpoint import CirculationChannel, HeatChannel, StationChannel

SCHEMA = """
CREATE TABLE IF NOT EXISTS intents (
    id INTEGER PRIMARY KEY, at REAL, station TEXT, loop INTEGER, token INTEGER, sequence INTEGER,
    T_supply_set REAL, m_flow_set REAL, heat_channel TEXT, heat_value REAL,
    circulation_channel TEXT, circulation_value REAL, author TEXT, reason TEXT,
    previous_T_supply_set REAL, previous_m_flow_set REAL, valid_until REAL, checksum INTEGER,
    state TEXT, state_at REAL, detail TEXT, state_checksum INTEGER
);
CREATE INDEX IF NOT EXISTS intents_by_loop ON intents (station, loop, id);
CREATE INDEX IF NOT EXISTS intents_open ON intents (id) WHERE state IN ('requested', 'sent', 'acknowledged');
CREATE TABLE IF NOT EXISTS transitions (
    n INTEGER PRIMARY KEY, intent INTEGER, at REAL, state TEXT, detail TEXT, checksum INTEGER
);
CREATE INDEX IF NOT EXISTS transitions_by_intent ON transitions (intent);
CREATE TABLE IF NOT EXISTS wear (
    station TEXT, loop INTEGER, point TEXT, season TEXT, writes INTEGER, last_at REAL, checksum INTEGER,
    PRIMARY KEY (station, loop, point, season)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reserve (filler BLOB);
"""
_OF_STATIONS = frozenset(channel.value for channel in StationChannel)
OPEN = "state IN ('requested', 'sent', 'acknowledged')"
FIXED = 17
"""Columns of an intent before its checksum."""

Cell = int | float | str | None
Row = tuple[Any, ...]
"""What sqlite3 hands over; a matching checksum vouches for the types."""


def checksum(cells: Iterable[Cell]) -> int:
    """Return the CRC-32 of what a row says, exact to the last bit of each number."""
    return zlib.crc32(repr(tuple(cells)).encode())


def intent_row(intent: Intent) -> tuple[Cell, ...]:
    """Return all cells of an intent's row."""
    fixed: tuple[Cell, ...] = (
        intent.id,
        float(intent.at),
        intent.station,
        intent.loop,
        intent.token,
        intent.sequence,
        _real(intent.T_supply_set),
        _real(intent.m_flow_set),
        intent.heat_channel.value,
        float(intent.heat_value),
        None if intent.circulation_channel is None else intent.circulation_channel.value,
        _real(intent.circulation_value),
        _text(intent.author),
        _told(intent),
        _real(intent.previous_T_supply_set),
        _real(intent.previous_m_flow_set),
        float(intent.valid_until),
    )
    return (*fixed, checksum(fixed), *state_cells(intent.id, intent.state, intent.state_at, intent.detail))


def _told(intent: Intent) -> str:
    """Return cuts and sentences of an intent as one cell."""
    if not intent.why:
        return json.dumps(intent.reason)
    return json.dumps({"cuts": intent.reason, "why": intent.why})


def _heard(cell: str) -> dict[str, tuple[str, ...]]:
    """Return what ``_told`` made the cell of; rows of earlier versions hold the cuts alone."""
    told = json.loads(cell)
    if isinstance(told, list):
        return {"reason": tuple(told), "why": ()}
    return {"reason": tuple(told["cuts"]), "why": tuple(told["why"])}


def state_cells(intent_id: int, state: State, at: float, detail: str) -> tuple[Cell, ...]:
    """Return the cells that say where an intent stands, with their own checksum."""
    cells = (state.value, float(at), _text(detail))
    return (*cells, checksum((intent_id, *cells)))


def to_intent(row: Row) -> Intent | None:
    """Return the intent of a row, or None where a checksum does not match."""
    fixed, own, state, state_own = row[:FIXED], row[FIXED], row[FIXED + 1 : -1], row[-1]
    if checksum(fixed) != own or checksum((row[0], *state)) != state_own:
        return None
    values = dict(zip(_FIELDS, (*fixed, *state), strict=True))
    circulation = values["circulation_channel"]
    return Intent(
        **values
        | {
            "heat_channel": _channel(values["heat_channel"]),
            "circulation_channel": None if circulation is None else CirculationChannel(circulation),
            **_heard(values["reason"]),
            "state": State(values["state"]),
        }
    )


def _channel(name: str) -> HeatChannel | StationChannel:
    return StationChannel(name) if name in _OF_STATIONS else HeatChannel(name)


def transition_row(number: int, step: Transition) -> tuple[Cell, ...]:
    """Return all cells of a transition's row."""
    cells = (number, step.intent_id, float(step.at), step.state.value, _text(step.detail))
    return (*cells, checksum(cells))


def to_transition(row: Row) -> Transition | None:
    """Return the transition of a row, or None where the checksum does not match."""
    _, intent_id, at, state, detail, own = row
    if checksum(row[:-1]) != own:
        return None
    return Transition(intent_id=intent_id, at=at, state=State(state), detail=detail)


def wear_row(register: Register, wear: Wear) -> tuple[Cell, ...]:
    """Return all cells of a register's row."""
    cells = (*register, wear.writes, float(wear.last_at))
    return (*cells, checksum(cells))


def to_wear(row: Row) -> tuple[Register, Wear] | None:
    """Return what a row says of a register, or None where the checksum does not match."""
    station, loop, point, season, writes, last_at, own = row
    if checksum(row[:-1]) != own:
        return None
    return Register(station, loop, point, season), Wear(writes=writes, last_at=last_at)


def faults(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield, in words, everything in the log that is not as it was written; reads all of it."""
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"database: {line}"
    states: dict[int, str] = {}
    for row in connection.execute("SELECT * FROM intents NOT INDEXED ORDER BY id"):
        states[row[0]] = row[FIXED + 1]
        if to_intent(row) is None:
            yield f"intent {row[0]}: checksum does not match"
    yield from _transition_faults(connection, states)
    for row in connection.execute("SELECT * FROM wear"):
        if to_wear(row) is None:
            yield f"register {row[:4]}: checksum does not match"


def read_intents(rows: Iterable[Row]) -> Iterator[Intent]:
    """Yield the intents of sound rows; ``faults`` names the others."""
    for row in rows:
        intent = to_intent(row)
        if intent is not None:
            yield intent


def _transition_faults(connection: sqlite3.Connection, states: dict[int, str]) -> Iterator[str]:
    expected: int | None = None
    last: dict[int, str] = {}
    for row in connection.execute("SELECT * FROM transitions NOT INDEXED ORDER BY n"):
        number, intent_id, _, state = row[:4]
        if expected is not None and number != expected:
            yield f"transition {expected}: missing"
        expected = number + 1
        if to_transition(row) is None:
            yield f"transition {number}: checksum does not match"
        else:
            last[intent_id] = state
    oldest = min(states, default=0)
    for intent_id, state in last.items():
        if intent_id >= oldest and states.get(intent_id) != state:
            yield f"intent {intent_id}: is {states.get(intent_id)}, its last transition says {state}"
    for intent_id in states.keys() - last.keys():
        yield f"intent {intent_id}: has no transition"


def _text(text: str) -> str:
    # What a device or a user wrote may hold half of a surrogate pair, which SQLite can not take.
    return text.encode("utf-8", "backslashreplace").decode()


def _real(number: float | None) -> float | None:
    return None if number is None else float(number)


_FIELDS = (
    *("id", "at", "station", "loop", "token", "sequence", "T_supply_set", "m_flow_set"),
    *("heat_channel", "heat_value", "circulation_channel", "circulation_value", "author", "reason"),
    *("previous_T_supply_set", "previous_m_flow_set", "valid_until", "state", "state_at", "detail"),
)
