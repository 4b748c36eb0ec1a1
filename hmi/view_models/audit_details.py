"""What an audit entry tells, on one line and in the language of the person; ids as they were written."""

import json
from collections.abc import Callable, Mapping, Sequence

from controller.api.order_schema import AuditEntry
from hmi.language import N_, Words
from hmi.terms import MODE, ROLE, STRATEGY, term

LONGEST = 300
SHOWN_WRITES = 6
HASH_SHOWN = 12
KEY: Mapping[str, str] = {
    "from": N_("from"),
    "user": N_("account"),
    "role": N_("role"),
    "districts": N_("zone"),
    "locked": N_("locked"),
    "site": N_("site"),
    "stations": N_("stations"),
    "station": N_("station"),
    "token": N_("token"),
    "config_sha256": N_("configuration"),
    "order": N_("order"),
    "kind": N_("kind"),
    "author": N_("author"),
    "reason": N_("reason"),
    "approved_by": N_("approved by"),
    "loop": N_("loop"),
    "back_to": N_("back to"),
    "alarm": N_("alarm"),
    "why": N_("reason"),
    "name": N_("name"),
    "as": N_("kept as"),
    "passed": N_("passed"),
    "by": N_("done by"),
    "proof": N_("proof"),
}
ORDER_KIND: Mapping[str, str] = {
    "setpoint": N_("setpoint"),
    "mode": N_("mode"),
    "strategy": N_("strategy"),
    "season": N_("season"),
    "mass_change": N_("mass change"),
    "undo": N_("undo"),
}


def details(entry: AuditEntry, words: Words) -> str:
    """Return what an entry tells beside who and what."""
    if entry.kind == "writes":
        text = _writes(entry.data, words)
    else:
        parts = [_part(key, value, words) for key, value in entry.data.items() if value not in (None, "")]
        text = " · ".join(part for part in parts if part)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _part(key: str, value: object, words: Words) -> str:
    if key == "changes":
        return _changes(value, words)
    label = words(KEY[key]) if key in KEY else key
    return f"{label} {_value(key, value, words)}"


def _value(key: str, value: object, words: Words) -> str:
    said: Mapping[str, Callable[[str], str]] = {
        "role": lambda text: term(words, ROLE, text),
        "kind": lambda text: words(ORDER_KIND[text]) if text in ORDER_KIND else text,
        "back_to": lambda text: term(words, MODE, text),
        "config_sha256": lambda text: text[:HASH_SHOWN],
    }
    if isinstance(value, bool):
        return words("yes") if value else words("no")
    if isinstance(value, str):
        return said[key](value) if key in said else value
    return json.dumps(value, ensure_ascii=False)


def _writes(data: Mapping[str, object], words: Words) -> str:
    """Return setpoints by loop: supply temperature, circulation, author."""
    rows = data.get("rows")
    if not isinstance(rows, Sequence):
        return ""
    told = [_write(row, words) for row in rows[:SHOWN_WRITES] if len(row) >= 6]
    more = len(rows) - SHOWN_WRITES
    return " · ".join([*told, *([words("and {count} more", count=more)] if more > 0 else [])])


def _write(row: Sequence[object], words: Words) -> str:
    _, station, loop, T_supply, m_flow, author = row[:6]
    wanted = [
        words.measured(value, unit)
        for value, unit in ((T_supply, "degC"), (m_flow, "kg/s"))
        if isinstance(value, int | float)
    ]
    who = str(author)
    if who.startswith("strategy:"):
        who = term(words, STRATEGY, who.removeprefix("strategy:"))
    return f"{station}/{loop} {' '.join(wanted)} ({who})"


def _changes(value: object, words: Words) -> str:
    """Return which loops, districts or seasons an order touches."""
    if not isinstance(value, Sequence) or not value:
        return ""
    names = [str(change[1]) for change in value if isinstance(change, Sequence) and len(change) > 1]
    shown = ", ".join(name for name in names[:SHOWN_WRITES] if name)
    more = len(names) - SHOWN_WRITES
    tail = f" {words('and {count} more', count=more)}" if more > 0 else ""
    return f"{words('changes')} {shown}{tail}" if shown else ""
