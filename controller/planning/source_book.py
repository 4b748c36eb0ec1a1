"""Orders to heat sources as they stand: issued, acknowledged, executed; kept over restarts.

Pure steps on one order, and the file of the data folder that keeps them. The controller issues and judges,
people acknowledge through the API, and sources that take setpoints by what is read back of them; each piece
of work is one transaction. Nothing is written to a source from here.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from controller.planning.source_advice import SourceOrder
from controller.smallstore import SmallStore

FILE = "source_orders.db"
SCHEMA = """
CREATE TABLE IF NOT EXISTS source_order (
    source TEXT NOT NULL, hour REAL NOT NULL, body TEXT NOT NULL, PRIMARY KEY (source, hour)
) STRICT;
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
"""
HOUR_S = 3600.0
KEPT_S = 31 * 86_400.0
LEAD_S = 1800.0
"""An order is not changed any more when its hour begins sooner than that."""
SAME_SHARE, SAME_K, SAME_KPA, SAME_FLOW = 0.02, 1.0, 10.0, 0.05
"""An order that differs by less stays as it is: of heat and flow a fraction."""
DONE_SHARE, DONE_OF_MOST, DONE_K = 0.05, 0.02, 2.0
"""Executed: hourly heat within the larger of 5 % and 2 % of what the source can give, supply within 2 K."""
READ_BACK = "read-back"
"""Who acknowledged an order that was written to the source: its own registers."""
KNOWN_BY = "acknowledged:"
"""Before a source's name: the note of who acknowledged its orders last."""
MEASURED_MIN = 30
"""Minutes of an hour that must be measured to judge it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a source did in an hour."""

    Q_flow: float
    """kW, mean."""
    T_supply: float | None
    Q_flow_max: float
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One order with what became of it."""

    order: SourceOrder
    issued_at: float
    revision: int = 1
    """Grows whenever its numbers change; then it is to be acknowledged anew."""
    acknowledged_at: float | None = None
    acknowledged_by: str | None = None
    day_ahead: SourceOrder | None = None
    """As the plan of the day before had it, frozen in the afternoon; the order may since have changed."""
    frozen_at: float | None = None
    outcome: str | None = None
    """``executed``, ``deviated`` or ``unmeasured``, once its hour is over."""
    measured: Measured | None = None

    @property
    def state(self) -> str:
        """``issued``, ``acknowledged``, or the outcome."""
        return self.outcome or ("issued" if self.acknowledged_at is None else "acknowledged")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersNow:
    """What stands in the book for the hour in which it was looked at."""

    standing: Mapping[str, Standing]
    """By source."""
    advised_at: float | None
    """UTC second of the newest advice."""


NO_ORDERS = OrdersNow(standing={}, advised_at=None)


def renewed(standing: Standing | None, order: SourceOrder, now: float) -> Standing:
    """Return the order as it stands after new advice at UTC second ``now``."""
    if standing is None:
        return Standing(order=order, issued_at=now)
    late = order.hour - now < LEAD_S
    if late or standing.outcome is not None or _same(standing.order, order):
        return standing
    return replace(
        standing,
        order=order,
        issued_at=now,
        revision=standing.revision + 1,
        acknowledged_at=None,
        acknowledged_by=None,
    )


def frozen(standing: Standing, now: float) -> Standing:
    """Return the order with its numbers kept as the plan of the day before; only the first time counts."""
    return standing if standing.day_ahead else replace(standing, day_ahead=standing.order, frozen_at=now)


def acknowledged(standing: Standing, who: str, seen: float, now: float) -> Standing:
    """Return the order acknowledged by ``who``, if it is open and as it was at UTC second ``seen``."""
    open_ = standing.outcome is None and standing.acknowledged_at is None
    if not open_ or standing.issued_at > seen or standing.order.hour + HOUR_S <= now:
        return standing
    return replace(standing, acknowledged_at=now, acknowledged_by=who)


def judged(standing: Standing, measured: Measured | None) -> Standing:
    """Return the order of an hour that is over, with what the source did."""
    if standing.outcome is not None:
        return standing
    if measured is None or measured.minutes < MEASURED_MIN:
        return replace(standing, outcome="unmeasured", measured=measured)
    order = standing.order
    allowed = max(DONE_SHARE * order.Q_flow, DONE_OF_MOST * measured.Q_flow_max)
    done = abs(measured.Q_flow - order.Q_flow) <= allowed
    if order.T_supply is not None and measured.T_supply is not None:
        done = done and abs(measured.T_supply - order.T_supply) <= DONE_K
    return replace(standing, outcome="executed" if done else "deviated", measured=measured)


def _same(a: SourceOrder, b: SourceOrder) -> bool:
    if a.phase != b.phase or abs(a.Q_flow - b.Q_flow) > SAME_SHARE * max(a.Q_flow, b.Q_flow):
        return False
    flow = SAME_FLOW * max(a.m_flow or 0.0, b.m_flow or 0.0)
    pairs = ((a.T_supply, b.T_supply, SAME_K), (a.dp, b.dp, SAME_KPA), (a.m_flow, b.m_flow, flow))
    return all(
        (x is None) == (y is None) and (x is None or y is None or abs(x - y) <= near) for x, y, near in pairs
    )


# ------------------------------------------------------------------------------------------------ the file


class SourceBook:
    """The file. May be used from any thread; raises OSError, sqlite3.Error."""

    def __init__(self, data: Path) -> None:
        """Open or create it in a folder that exists."""
        self._small = SmallStore(data / FILE, SCHEMA)

    def between(self, start: float, end: float) -> list[Standing]:
        """Return the orders of hours that begin in start <= hour < end, by source and hour."""
        with self._small.reading() as connection:
            return _rows(connection, start, end)

    def issue(self, orders: Iterable[SourceOrder], now: float) -> int:
        """Let new advice stand; return how many orders are new or changed."""
        with self._small.writing() as connection:
            changed = 0
            for order in orders:
                before = _one(connection, order.source, order.hour)
                after = renewed(before, order, now)
                if after is not before:
                    _put(connection, after)
                    changed += 1
            connection.execute("DELETE FROM source_order WHERE hour < ?", (now - KEPT_S,))
        return changed

    def freeze(self, start: float, end: float, now: float) -> int:
        """Keep the orders of a day as the plan of the day before; return how many there are."""
        with self._small.writing() as connection:
            rows = _rows(connection, start, end)
            for standing in rows:
                _put(connection, frozen(standing, now))
        return len(rows)

    def acknowledge(self, source: str, who: str, seen: float, now: float) -> list[Standing]:
        """Acknowledge what somebody has seen of a source's open orders; return those."""
        found = []
        with self._small.writing() as connection:
            for before in _rows(connection, now - HOUR_S, now + KEPT_S):
                after = acknowledged(before, who, seen, now) if before.order.source == source else before
                if after is not before:
                    _put(connection, after)
                    found.append(after)
            if found:  # the orders forget it when their numbers change
                told = json.dumps({"at": now, "by": who})
                connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (KNOWN_BY + source, told))
        return found

    def read_back(self, seen: Standing, now: float) -> Standing:
        """Acknowledge one order that a source's registers hold, unless it changed meanwhile; return it."""
        with self._small.writing() as connection:
            before = _one(connection, seen.order.source, seen.order.hour)
            if before is None or before.order != seen.order:
                return seen if before is None else before
            after = acknowledged(before, READ_BACK, now, now)
            _put(connection, after)
        return after

    def last_acknowledged(self, source: str) -> tuple[float, str] | None:
        """Return when and by whom a source's orders were last acknowledged, whatever they are now."""
        told = self.noted(KNOWN_BY + source)
        return (float(told["at"]), str(told["by"])) if isinstance(told, dict) else None

    def judge(self, measured: Mapping[tuple[str, float], Measured], now: float) -> int:
        """Judge the orders of hours that are over at UTC second ``now``; return how many."""
        with self._small.writing() as connection:
            over = [one for one in _rows(connection, now - KEPT_S, now - HOUR_S + 1e-3) if not one.outcome]
            for one in over:
                _put(connection, judged(one, measured.get((one.order.source, one.order.hour))))
        return len(over)

    def note(self, name: str, body: object) -> None:
        """Keep one thing under a name."""
        with self._small.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, json.dumps(body)))

    def noted(self, name: str) -> object:
        """Return what was kept under a name; None where nothing was."""
        with self._small.reading() as connection:
            row = connection.execute("SELECT body FROM note WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row["body"])


def _rows(connection: sqlite3.Connection, start: float, end: float) -> list[Standing]:
    sql = "SELECT body FROM source_order WHERE hour >= ? AND hour < ? ORDER BY source, hour"
    return [_restored(row["body"]) for row in connection.execute(sql, (start, end)).fetchall()]


def _one(connection: sqlite3.Connection, source: str, hour: float) -> Standing | None:
    sql = "SELECT body FROM source_order WHERE source = ? AND hour = ?"
    row = connection.execute(sql, (source, hour)).fetchone()
    return None if row is None else _restored(row["body"])


def _put(connection: sqlite3.Connection, standing: Standing) -> None:
    order = standing.order
    body = json.dumps(asdict(standing), allow_nan=False)
    sql = "INSERT OR REPLACE INTO source_order VALUES (?, ?, ?)"
    connection.execute(sql, (order.source, order.hour, body))


def _restored(body: str) -> Standing:
    plain = json.loads(body)
    day, measured = plain.pop("day_ahead"), plain.pop("measured")
    return Standing(
        **(plain | {"order": SourceOrder(**plain["order"])}),
        day_ahead=None if day is None else SourceOrder(**day),
        measured=None if measured is None else Measured(**measured),
    )
