"""Is the audit as it was written? Recomputes the chain from the first entry to the last."""

from dataclasses import dataclass
from pathlib import Path

from controller.audit.entry import GENESIS, chained, event_of
from controller.audit.log import FILE
from controller.historian.sqlite import open_reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found."""

    entries: int
    """Entries that are sound, from the first on."""
    head: str
    """Hash of the last sound entry."""
    fault: str | None
    """The first thing that is wrong, or None."""


def verify(folder: Path, anchor: tuple[int, str] | None = None) -> Verification:
    """Check the chain; ``anchor`` is a (seq, hash) noted elsewhere, e.g. from the log stream.

    Finds an entry that was edited, deleted, added or moved. Cut-off newest entries leave a sound chain: only
    an anchor tells that. Raises sqlite3.Error where the file can not be read at all.
    """
    count, head = 0, GENESIS
    with open_reading(folder / FILE) as connection:
        for seq, key, text, digest in connection.execute(
            "SELECT seq, key, text, hash FROM entries ORDER BY seq"
        ):
            fault = _fault(count + 1, head, (seq, key, text, digest))
            if fault is not None:
                return Verification(entries=count, head=head, fault=fault)
            count, head = seq, digest
            if anchor is not None and seq == anchor[0] and digest != anchor[1]:
                return Verification(
                    entries=count, head=head, fault=f"entry {seq} is not the one that was noted elsewhere"
                )
    if anchor is not None and count < anchor[0]:
        fault = (
            f"the log ends at entry {count}, but entry {anchor[0]} was noted elsewhere: its end was cut off"
        )
        return Verification(entries=count, head=head, fault=fault)
    return Verification(entries=count, head=head, fault=None)


def _fault(expected: int, head: str, row: tuple[int, str, str, str]) -> str | None:
    seq, key, text, digest = row
    if seq != expected:
        return f"entry {expected} is missing; the next one is {seq}"
    if chained(head, text) != digest:
        return f"entry {seq} does not follow from the one before: it was changed, or entries were moved"
    try:
        told, event = event_of(text)
    except (ValueError, KeyError, TypeError):
        return f"entry {seq} is no entry"
    if (told, event.key) != (seq, key):
        return f"entry {seq} tells another number or key than its row"
    return None
