"""What an audit entry tells, on one line, in the language of who reads; what people wrote as it is."""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from controller.api.order_schema import AuditEntry
from hmi.city import City
from hmi.language import N_, Words
from hmi.terms import MODE, PLAN_CHOICE, ROLE, STRATEGY, term
from hmi.view_models import alarms as alarm_model

LONGEST = 300
SHOWN_WRITES = 3
"""Setpoints, loops or districts that stand in a cell; all of them are searched."""
HASH_SHOWN = 12
KEY: Mapping[str, str] = {
    "from": N_("from"),
    "browser_told": N_("browser, as the screen tells,"),
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
    "undoes": N_("takes back order"),
    "author": N_("author"),
    "reason": N_("reason"),
    "approved_by": N_("approved by"),
    "loop": N_("loop"),
    "back_to": N_("back to"),
    "choice": N_("use of plans"),
    "alarm": N_("alarm"),
    "why": N_("reason"),
    "name": N_("name"),
    "as": N_("kept as"),
    "source": N_("heat source"),
    "orders": N_("orders"),
    "from_hour": N_("first hour"),
    "to_hour": N_("last hour"),
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
    "plan": N_("use of plans"),
    "undo": N_("undo"),
}
ACTOR: Mapping[str, str] = {
    "controller": N_("controller"),
    "console": N_("console"),
    "service": N_("service"),
    "demo": N_("demo"),
    "(nobody)": N_("nobody"),
    "(unknown)": N_("unknown name"),
}
NOWHERE = City()
_SHELVED = re.compile(r"(\d+) s: (.*)", re.DOTALL)
"""How the controller notes a shelf: for how long, and why."""


def details(entry: AuditEntry, words: Words, city: City = NOWHERE, *, whole: bool = False) -> str:
    """Return what an entry tells beside who and what; ``whole`` leaves nothing out, for a search."""
    most = len(str(entry.data)) if whole else SHOWN_WRITES
    if entry.kind == "writes":
        text = _writes(entry.data, words, most)
    else:
        parts = [
            _part(key, value, words, city, most)
            for key, value in entry.data.items()
            if value not in (None, "")
        ]
        text = " · ".join(part for part in parts if part)
    return text if whole or len(text) <= LONGEST else f"{text[:LONGEST]}…"


def actor(name: str, words: Words) -> str:
    """Return who acted; a part of the system by its name in words, a person as the account is called."""
    who = name.removeprefix("operator:")
    if who.startswith("strategy:"):
        return term(words, STRATEGY, who.removeprefix("strategy:"))
    return words(ACTOR[who]) if who in ACTOR else who


def _part(key: str, value: object, words: Words, city: City, most: int) -> str:
    if key == "changes":
        return _changes(value, words, city, most)
    label = words(KEY[key]) if key in KEY else key
    return f"{label} {_value(key, value, words, city)}"


def _value(key: str, value: object, words: Words, city: City) -> str:
    said: Mapping[str, Callable[[str], str]] = {
        "role": lambda text: term(words, ROLE, text),
        "kind": lambda text: words(ORDER_KIND[text]) if text in ORDER_KIND else text,
        "back_to": lambda text: term(words, MODE, text),
        "choice": lambda text: term(words, PLAN_CHOICE, text),
        "config_sha256": lambda text: text[:HASH_SHOWN],
        "alarm": lambda text: _alarm(text, words, city),
        "site": lambda text: words.site_title(city.site) if text == city.site.site else text,
        "reason": words.quoted,
        "why": lambda text: _why(text, words),
        "author": lambda text: actor(text, words),
        "user": lambda text: actor(text, words),
    }
    if key in ("from_hour", "to_hour") and isinstance(value, int | float):
        return words.datetime(value)
    if isinstance(value, bool):
        return words("yes") if value else words("no")
    if isinstance(value, str):
        return said[key](value) if key in said else value
    if key == "districts" and isinstance(value, Sequence):
        return ", ".join(words.district(city.site, str(district)) for district in value)
    return json.dumps(value, ensure_ascii=False)


def _alarm(alarm: str, words: Words, city: City) -> str:
    """Return what an alarm is called and where it is; its id where this city does not know it."""
    rule = city.rules.get(alarm.partition(":")[0])
    if rule is None:
        return alarm
    return f"{alarm_model.place(words, city, alarm)} {words.either(rule.title_zh, rule.title_en)}"


def _why(text: str, words: Words) -> str:
    shelved = _SHELVED.fullmatch(text)
    if shelved is None:
        return words.quoted(text)
    return f"{words.quoted(shelved[2])} ({words.span(float(shelved[1]))})"


def _writes(data: Mapping[str, object], words: Words, most: int) -> str:
    """Return setpoints by loop: supply temperature, circulation, author."""
    rows = data.get("rows")
    if not isinstance(rows, Sequence):
        return ""
    told = [_write(row, words) for row in rows[:most] if len(row) >= 6]
    more = len(rows) - most
    return " · ".join([*told, *([words("and {count} more", count=more)] if more > 0 else [])])


def _write(row: Sequence[object], words: Words) -> str:
    _, station, loop, T_supply, m_flow, author = row[:6]
    wanted = [
        words.measured(value, unit)
        for value, unit in ((T_supply, "degC"), (m_flow, "kg/s"))
        if isinstance(value, int | float)
    ]
    return f"{station}/{loop} {' '.join(wanted)} ({actor(str(author), words)})"


def _changes(value: object, words: Words, city: City, most: int) -> str:
    """Return which loops, districts or seasons an order touches."""
    if not isinstance(value, Sequence) or not value:
        return ""
    known = [change for change in value if isinstance(change, Sequence) and len(change) > 1 and change[1]]
    names = [_subject(str(kind), str(name), words, city) for kind, name, *_ in known]
    more = len(names) - most
    tail = f" {words('and {count} more', count=more)}" if more > 0 else ""
    return f"{words('changes')} {', '.join(names[:most])}{tail}" if names else ""


def _subject(kind: str, name: str, words: Words, city: City) -> str:
    return words.district(city.site, name) if kind == "strategy" else name
