"""Alarms of one controller run put together: the book, its store and its watch, opened and closed as one."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import structlog

from controller.alarms.book import AlarmBook
from controller.alarms.model import Transition
from controller.alarms.scene import Storage
from controller.alarms.store import AlarmStore
from controller.alarms.watch import AlarmWatch
from controller.config.model import SiteConfig
from controller.historian.forwarder_stats import ForwarderStats
from controller.historian.records import CommandLogStats
from controller.historian.slot import JournalStats
from controller.state import ControllerState
from controller.wiring import loop_traits, source_traits
from stations.model.clock import Clock

log = structlog.get_logger("alarms")


@dataclass(slots=True)
class AlarmDesk:
    """What the API sees of alarms; without a store nothing outlives the run and the journal is empty."""

    book: AlarmBook = field(default_factory=AlarmBook)
    store: AlarmStore | None = None

    def journal(self, start: float, end: float, limit: int) -> list[Transition]:
        """Return the newest steps of a span, oldest first. Reads the disk: call it in a thread."""
        return [] if self.store is None else self.store.journal(start, end, limit)


@contextlib.contextmanager
def opened_alarms(
    site: SiteConfig,
    state: ControllerState,
    clock: Clock,
    journal_stats: Callable[[], JournalStats],
    command_log_stats: Callable[[], CommandLogStats],
    forwarder_stats: Callable[[], ForwarderStats | None] = lambda: None,
) -> Iterator[tuple[AlarmDesk, AlarmWatch]]:
    """Open the alarm journal in the site's data folder, let earlier alarms stand, and close it at the end.

    Raises sqlite3.Error, OSError where the data folder can not be used.
    """
    store = AlarmStore(site.data)
    try:
        if store.set_aside is not None:
            log.error("store_damaged", renamed=store.set_aside)
        desk = AlarmDesk(AlarmBook(store, store.standing()), store)

        def storage() -> Storage:
            store.retry()
            return Storage(
                journal=journal_stats(),
                command_log=command_log_stats(),
                forwarder=forwarder_stats(),
                alarm_store=store.last_error,
                set_aside=store.set_aside,
            )

        watch = AlarmWatch(
            site=site,
            traits=loop_traits(site) | source_traits(site),
            state=state,
            clock=clock,
            book=desk.book,
            storage=storage,
            hours=store.hours(),
            keep_hours=store.take_hours,
        )
        yield desk, watch
    finally:
        store.close()
