"""Orders and what stands by them, kept over restarts; a change and its audit event are one transaction."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from controller.audit import outbox
from controller.decisions import Mode, Season
from controller.modes import (
    LoopOrder,
    MassChangeOrder,
    PlanChoice,
    PlanOrder,
    SeasonOrder,
    Standing,
    StrategyOrder,
    Subject,
)
from controller.orders.model import Draft, Order, State
from controller.smallstore import SmallStore
from controller.words.phrase import Phrase

FILE = "orders.db"
SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY, author TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, at REAL NOT NULL,
    body TEXT NOT NULL, UNIQUE (author, key)
) STRICT;
CREATE TABLE IF NOT EXISTS standing (
    kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, name)
) STRICT;
"""
    + outbox.SCHEMA
)
_KINDS: Mapping[str, Callable[..., Standing]] = {
    "loop": LoopOrder,
    "season": SeasonOrder,
    "strategy": StrategyOrder,
    "mass_change": MassChangeOrder,
    "plan": PlanOrder,
}


def open_orders(data: Path) -> SmallStore:
    """Open or create the orders in a site's data folder."""
    return SmallStore(data / FILE, SCHEMA)


# -------------------------------------------------------------------------------------------------- orders


def expire_prepared(connection: sqlite3.Connection, at: float) -> None:
    """Void what an earlier run left prepared: nobody looks at those previews any more."""
    for row in connection.execute("SELECT * FROM orders WHERE state IN ('prepared', 'approved')").fetchall():
        put(
            connection,
            row["key"],
            replace(_order(row), state=State.EXPIRED),
            at,
            "order_expired",
            "controller",
        )


def next_id(connection: sqlite3.Connection) -> int:
    """Return the first number that was never used."""
    (number,) = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM orders").fetchone()
    return int(number)


def get(connection: sqlite3.Connection, number: int) -> Order | None:
    """Return one order."""
    row = connection.execute("SELECT * FROM orders WHERE id = ?", (number,)).fetchone()
    return None if row is None else _order(row)


def by_key(connection: sqlite3.Connection, author: str, key: str) -> Order | None:
    """Return the order that an author made under an idempotency key."""
    row = connection.execute("SELECT * FROM orders WHERE author = ? AND key = ?", (author, key)).fetchone()
    return None if row is None else _order(row)


def newest(connection: sqlite3.Connection, limit: int) -> list[Order]:
    """Return the newest orders, newest first."""
    rows = connection.execute("SELECT * FROM orders ORDER BY id DESC LIMIT ?", (limit,))
    return [_order(row) for row in rows]


def put(
    connection: sqlite3.Connection, key: str | None, order: Order, at: float, kind: str, actor: str
) -> None:
    """Write an order (``key`` None: that of the row there is) and the event that tells of this step."""
    if key is None:
        (key,) = connection.execute("SELECT key FROM orders WHERE id = ?", (order.id,)).fetchone()
    connection.execute(
        "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?)",
        (order.id, order.author, key, order.state.value, order.prepared_at, _body(order)),
    )
    outbox.leave(connection, at, kind, actor, told(order))


def told(order: Order) -> dict[str, object]:
    """Return what the audit remembers of an order: who, why, and each change with old and new."""
    return {
        "order": order.id,
        "kind": order.kind,
        "undoes": order.draft.preview.get("undoes"),
        "author": order.author,
        "reason": order.reason,
        "approved_by": order.approved_by,
        "changes": [
            [subject.kind, subject.name, _plain(before), _plain(after)]
            for subject, (before, after) in order.draft.subjects.items()
        ],
    }


# ------------------------------------------------------------------------------------------------ standing


def stand(connection: sqlite3.Connection, subject: Subject, order: Standing) -> None:
    """Let an order stand."""
    text = json.dumps(_plain(order), ensure_ascii=False, allow_nan=False)
    connection.execute("INSERT OR REPLACE INTO standing VALUES (?, ?, ?)", (*subject, text))


def fall(connection: sqlite3.Connection, subject: Subject, at: float) -> None:
    """Forget an order that the site file has overtaken."""
    connection.execute("DELETE FROM standing WHERE kind = ? AND name = ?", tuple(subject))
    outbox.leave(
        connection, at, "order_overtaken", "controller", {"kind": subject.kind, "name": subject.name}
    )


def all_standing(connection: sqlite3.Connection) -> dict[Subject, Standing]:
    """Return what stands."""
    return {
        Subject(row["kind"], row["name"]): _standing(row["kind"], json.loads(row["body"]))
        for row in connection.execute("SELECT * FROM standing")
    }


# -------------------------------------------------------------------------------------------------- as text


def _plain(standing: Standing) -> dict[str, object]:
    return asdict(standing)


def _standing(kind: str, fields: Mapping[str, object]) -> Standing:
    typed: dict[str, object] = dict(fields)
    for name in ("mode", "base", "configured") if kind == "loop" else ():
        typed[name] = Mode(str(fields[name]))
    for name in ("season", "configured") if kind == "season" else ():
        typed[name] = Season(str(fields[name]))
    if kind == "plan":
        typed["choice"] = PlanChoice(str(fields["choice"]))
    return _KINDS[kind](**typed)


def _body(order: Order) -> str:
    fields = {
        "kind": order.kind,
        "reason": order.reason,
        "expires_at": order.expires_at,
        "approved_by": order.approved_by,
        "committed_at": order.committed_at,
        "undone_by": order.undone_by,
        "wish_digest": order.wish_digest,
        "seen": dict(order.seen),
        "subjects": [
            [*subject, _plain(before), _plain(after)]
            for subject, (before, after) in order.draft.subjects.items()
        ],
        "districts": sorted(order.draft.districts),
        "preview": dict(order.draft.preview),
        "second": [[reason.id, dict(reason.params)] for reason in order.draft.second],
    }
    return json.dumps(fields, ensure_ascii=False, allow_nan=False)


def _order(row: sqlite3.Row) -> Order:
    fields = json.loads(row["body"])
    draft = Draft(
        subjects={
            Subject(kind, name): (_standing(kind, before), _standing(kind, after))
            for kind, name, before, after in fields["subjects"]
        },
        districts=frozenset(fields["districts"]),
        preview=fields["preview"],
        second=tuple(Phrase(id=name, params=params) for name, params in fields["second"]),
    )
    return Order(
        id=row["id"],
        kind=fields["kind"],
        author=row["author"],
        reason=fields["reason"],
        state=State(row["state"]),
        prepared_at=row["at"],
        expires_at=fields["expires_at"],
        approved_by=fields["approved_by"],
        committed_at=fields["committed_at"],
        undone_by=fields["undone_by"],
        wish_digest=fields["wish_digest"],
        draft=draft,
        seen=fields["seen"],
    )
