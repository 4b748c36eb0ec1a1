"""The forwarder: brings every slot of the journal to a server historian, in a thread of its own.

Control and polling never wait for it, and it holds one batch in memory: what the server does not take stays
in the journal. It begins after the cursor that the journal keeps, so nothing is left out when either side is
killed. Writing a line twice does no harm, therefore in doubt it is written twice.
"""

import logging
import random
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

import structlog

from controller.historian.block import Block, BlockDamaged
from controller.historian.cursor import Cursor, Progress, Refused, StoredSlot
from controller.historian.forwarder_batch import MAX_LINES, Delivery, deliver
from controller.historian.forwarder_faults import Fault
from controller.historian.forwarder_stats import ForwarderStats, Pace
from controller.historian.lines import LineEncoder

log = structlog.get_logger("influxdb")

READER = "influxdb"
SETTLE_S = 120.0
"""Wall seconds after which what was acknowledged counts as kept. VictoriaMetrics lost the last 5 s at a
kill -9; others write to their disk once a second, or when their system likes."""
MAX_SLOTS = 60
"""Slots of one batch, where they are small."""


class Server(Protocol):
    """What takes lines: ``controller.historian.forwarder.InfluxServer``, or a double."""

    @property
    def connections(self) -> int:
        """Number of connections made so far."""

    def write(self, lines: Sequence[str]) -> Fault | None:
        """Send lines at once; None when taken."""

    def renew(self) -> None:
        """Make a new connection next time."""


class Source(Protocol):
    """What the forwarder needs of the journal."""

    def follow(self, reader: str) -> Cursor:
        """Return where a reader stands."""

    def slots_after(self, number: int, most: int) -> list[StoredSlot]:
        """Return the slots that follow."""

    def note(self, reader: str, progress: Progress) -> None:
        """Keep how far a reader got."""


class Batch(NamedTuple):
    """Encoded slots on their way."""

    last: int
    """Number of its newest slot."""
    lines: list[str]
    full: bool
    """More slots may be waiting behind it."""


class Forwarder:
    """One thread between journal and server. ``stats`` may be read from any thread."""

    def __init__(
        self, journal: Source, server: Server, encoder: LineEncoder, pace: Pace | None = None
    ) -> None:
        """Start; what goes wrong from here on stands in ``stats``."""
        self._journal, self._server, self._encoder = journal, server, encoder
        self._pace = pace or Pace()
        self._acked = self._settled = self._position = 0
        self._acks: deque[tuple[float, int]] = deque()
        self._connections = 0
        self._taken_at = time.monotonic()
        self._doubt_from: float | None = None
        """Since then the server may have begun anew; the time of the last write before. None: it has not."""
        self._fell = False
        """It certainly was away: a write failed."""
        self._rewound_at = time.monotonic()
        self._noted, self._noted_at = Cursor(), 0.0
        self._per_slot = MAX_LINES
        self._back_off_s = 0.0
        self._stats = ForwarderStats()
        self._stop = threading.Event()
        # A daemon: a server that hangs must not keep the controller from ending.
        self._thread = threading.Thread(target=self._run, name="influxdb", daemon=True)
        self._thread.start()

    @property
    def stats(self) -> ForwarderStats:
        """What was done so far."""
        return self._stats

    def close(self, timeout_s: float = 2.0) -> bool:
        """Stop after the request under way; return whether it ended within ``timeout_s`` wall seconds.

        What is not acknowledged then is sent after the next start.
        """
        self._stop.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # ---------------------------------------------------------------- in the thread

    def _run(self) -> None:
        try:
            self._forward()
        except Exception as error:
            # A bug here must neither end control nor pass unseen: it stands in stats and raises an alarm.
            log.exception("forwarder_failed")
            self._stats = replace(self._stats, failure=f"{type(error).__name__}: {error}")

    def _forward(self) -> None:
        while not self._begin():
            if self._stop.wait(self._pace.back_off_s[1]):
                return
        batch: Batch | None = None
        while not self._stop.is_set():
            begin = time.thread_time()
            if batch is None:
                self._rewind(time.monotonic())
                batch = self._next()
            if batch is None:
                self._note(force=True)
                self._stop.wait(self._pace.idle_s)
                continue
            delivery = deliver(batch.lines, self._server.write)
            self._count(delivery)
            if delivery.fault is not None:
                self._failed(delivery.fault)
                continue
            self._taken(batch, delivery)
            if batch.full:
                busy_s = time.thread_time() - begin
                self._stop.wait(busy_s * (1.0 / self._pace.cpu_share - 1.0))
            batch = None
        self._note(force=True)

    def _begin(self) -> bool:
        """Learn where the server stands; return whether the journal could tell."""
        try:
            self._noted = self._journal.follow(READER)
        except sqlite3.Error as error:
            self._unreadable(error)
            return False
        self._acked, self._settled = self._noted
        self._position = self._settled
        return True

    def _unreadable(self, error: sqlite3.Error) -> None:
        failure = f"the journal can not be read: {error}"
        if self._stats.failure != failure:
            log.warning("journal_unreadable", why=str(error))
            self._stats = replace(self._stats, failure=failure)

    def _next(self) -> Batch | None:
        """Return the next slots as lines; None when there are none, or they can not be read now."""
        most = max(1, min(MAX_SLOTS, MAX_LINES // max(1, self._per_slot)))
        try:
            slots = self._journal.slots_after(self._position, most)
        except sqlite3.Error as error:
            self._unreadable(error)
            return None
        if self._stats.failure is not None:
            self._stats = replace(self._stats, failure=None)
        if not slots:
            self._stats = replace(self._stats, unsent_since=None)
            return None
        self._miss(slots[0].number)
        lines = [line for slot in slots for line in self._lines(slot)]
        self._per_slot = len(lines) // len(slots)
        if slots[-1].number > self._acked:
            first = next(slot.start for slot in slots if slot.number > self._acked)
            self._stats = replace(self._stats, unsent_since=first)
        return Batch(slots[-1].number, lines, full=len(slots) == most)

    def _lines(self, slot: StoredSlot) -> list[str]:
        try:
            encoded = self._encoder.encode(Block(slot.block))
        except BlockDamaged as error:
            log.warning("slot_damaged", slot=slot.number, why=error.why)
            self._stats = replace(self._stats, slots_damaged=self._stats.slots_damaged + 1)
            return []
        if encoded.damaged:
            log.warning("slot_damaged", slot=slot.number, answers=encoded.damaged)
            self._stats = replace(self._stats, slots_damaged=self._stats.slots_damaged + 1)
        return encoded.lines

    def _miss(self, first: int) -> None:
        """Count slots that retention, or a damaged file, took before they were sent."""
        missed = first - max(self._position, self._acked) - 1
        if missed > 0 and self._acked:
            log.error("slots_never_sent", count=missed)
            self._stats = replace(self._stats, slots_missed=self._stats.slots_missed + missed)

    def _count(self, delivery: Delivery) -> None:
        stats = self._stats
        self._stats = replace(
            stats,
            lines_sent=stats.lines_sent + delivery.sent,
            requests=stats.requests + delivery.requests,
            outdated_lines=stats.outdated_lines + delivery.outdated,
        )

    def _failed(self, fault: Fault) -> None:
        """Say once what is wrong, and wait."""
        stats, known = self._stats, self._stats.fault
        if known is None or known.kind is not fault.kind:
            log.warning("influxdb_lost", fault=fault.kind.value, why=fault.text_en)
        since = stats.fault_since if known is not None else time.time()
        self._stats = replace(stats, faults=stats.faults + 1, fault=fault, fault_since=since)
        self._fell = True
        self._doubt_from = self._taken_at if self._doubt_from is None else self._doubt_from
        self._server.renew()
        self._note(force=True)
        first, longest = self._pace.back_off_s
        self._back_off_s = min(longest, max(first, 2.0 * self._back_off_s))
        # Several sites may forward to one server: they should not all come back at the same moment.
        wait_s = max(self._back_off_s * random.uniform(0.8, 1.2), min(fault.retry_after_s, 10.0 * longest))
        self._stop.wait(wait_s)

    def _taken(self, batch: Batch, delivery: Delivery) -> None:
        now = time.monotonic()
        stats = self._stats
        if stats.fault is not None and stats.fault_since is not None:
            log.info("influxdb_back", after_s=round(time.time() - stats.fault_since), waiting=batch.full)
        self._back_off_s = 0.0
        self._stats = replace(self._stats, fault=None, fault_since=None)
        if self._server.connections != self._connections:
            # The only sign of a server that began anew between two writes.
            if self._connections and self._doubt_from is None:
                self._doubt_from = self._taken_at
            self._connections = self._server.connections
        self._position, self._taken_at = batch.last, now
        self._acked = max(self._acked, batch.last)
        if not self._acks or batch.last > self._acks[-1][1]:
            self._acks.append((now, batch.last))
        self._settle(now if self._doubt_from is None else self._doubt_from)
        self._note(refused=delivery.refused)

    def _settle(self, alive_until: float) -> None:
        """Believe in what was acknowledged ``SETTLE_S`` before the last moment the server surely lived."""
        acks = self._acks
        while acks and acks[0][0] <= alive_until - SETTLE_S and acks[0][1] <= self._position:
            self._settled = max(self._settled, acks.popleft()[1])

    def _rewind(self, now: float) -> None:
        """Go back to what is settled, where the server may have begun anew.

        After a fault the two minutes begin again with what is sent now: a server that falls every minute
        keeps nothing. A new connection alone is weaker: some servers and proxies end theirs as a habit, so
        what was acknowledged once before is not held back any longer for that.
        """
        if self._doubt_from is None or now - self._rewound_at < self._pace.rewind_s:
            return
        if self._fell:
            self._acks.clear()
        if self._settled < self._position:
            log.log(
                logging.INFO if self._fell else logging.DEBUG,
                "sending_again",
                slots=self._position - self._settled,
            )
            self._position = self._settled
            self._stats = replace(self._stats, rewinds=self._stats.rewinds + 1)
        self._doubt_from, self._fell, self._rewound_at = None, False, now

    def _note(self, *, refused: Sequence[tuple[str, str]] = (), force: bool = False) -> None:
        """Hand the cursor to the journal, with lines that the server will never take."""
        if refused:
            log.warning("points_refused", count=len(refused), line=refused[0][0], why=refused[0][1])
            self._stats = replace(
                self._stats, refused=self._stats.refused + len(refused), last_refused=refused[-1][1]
            )
        now = time.monotonic()
        cursor = Cursor(self._acked, self._settled)
        if refused or force or now - self._noted_at >= self._pace.note_s:
            if refused or cursor != self._noted:
                kept = tuple(Refused(time.time(), line, why) for line, why in refused)
                self._journal.note(READER, Progress(cursor, kept))
                self._noted = cursor
            self._noted_at = now
