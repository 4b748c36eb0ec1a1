"""One entry of the audit: who did what, from where, and the hash that chains it to the one before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

GENESIS = "0" * 64
"""The hash before the first entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that shall be remembered for ever, before it has its place in the chain."""

    key: str
    """Unique name of this event; a second one of the same key is the same event told again."""
    at: float
    """UTC seconds of the system clock."""
    kind: str
    """A word such as ``login``, ``order_committed``, ``writes``."""
    actor: str
    """User name, ``service``, ``console`` (the command line on this machine) or ``controller``."""
    data: Mapping[str, object]
    """Plain values for JSON: numbers finite, no secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event in its place."""

    seq: int
    """1, 2, 3 … without a gap."""
    event: Event
    hash: str
    """SHA-256 over the hash before and this entry's text, hexadecimal."""


def canonical(seq: int, event: Event) -> str:
    """Return the one text of an entry that is hashed: JSON, sorted, no spaces; raises ValueError for NaN."""
    fields = {
        "seq": seq,
        "key": event.key,
        "at": event.at,
        "kind": event.kind,
        "actor": event.actor,
        "data": event.data,
    }
    return json.dumps(fields, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def chained(previous: str, text: str) -> str:
    """Return the hash of an entry's text after the hash ``previous``."""
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def event_of(text: str) -> tuple[int, Event]:
    """Return (seq, event) of an entry's text; raises ValueError or KeyError where it is none."""
    fields = json.loads(text)
    event = Event(
        key=fields["key"], at=fields["at"], kind=fields["kind"], actor=fields["actor"], data=fields["data"]
    )
    return fields["seq"], event
