"""Which instructions the audit tells of, so that none that was committed is missing from it.

The command log and the audit are two files. A controller that dies after the one and before the other has
written leaves instructions that no entry tells of; the next one finds them here.
"""

from controller.audit.entry import Event
from controller.audit.log import AuditLog
from controller.historian.records import Intent

KIND = "writes"
PAGE = 500
"""Entries that are read at once."""
Number = tuple[int, int]
"""(token, id) of an intent: grows over all runs, and over a command log that was lost in between."""


def number_of(intent: Intent) -> Number:
    """Return what names an intent in the audit."""
    return intent.token, intent.id


def told_since(audit: AuditLog, first: Number) -> set[Number]:
    """Return the intents from ``first`` on that entries tell of. Blocks; reads from the newest entry back.

    Raises ValueError or KeyError at an entry that is none, sqlite3.Error where the file can not be read.
    """
    known: set[Number] = set()
    before: int | None = None
    while entries := audit.newest(PAGE, before):
        for entry in entries:
            told = told_in(entry.event)
            known |= told
            if told and max(told) < first:
                return known
        before = entries[-1].seq
    return known


def told_in(event: Event) -> set[Number]:
    """Return the intents that an event tells of: those of an entry ``writes``."""
    token, rows = event.data.get("token"), event.data.get("rows")
    if event.kind != KIND or not isinstance(token, int) or not isinstance(rows, list):
        return set()
    return {(token, row[0]) for row in rows if isinstance(row, list) and row and isinstance(row[0], int)}
