"""The city as the screen knows it: immutable, shared by all sessions, replaced as a whole by the gateway."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from controller.api.alarm_schema import AlarmList, RuleMessage
from controller.api.order_schema import Modes
from controller.api.schema import CompactReading, Kpis, Snapshot, StationList, StationState, Traits

AlarmRule = RuleMessage

FROZEN_AFTER_PERIODS = 2.0
FROZEN_AFTER_S = 10.0
"""Wall seconds; the longer of both limits holds."""
ALARMS_MAY_LAG_S = 5.0
"""Alarms are asked for every few seconds; so much later than the stream they may fail before that shows."""
NO_SITE = StationList(
    site="", title_en="", title_zh="", timezone="UTC", simulation=False, districts={}, stations=[]
)
"""What is known before the controller has answered for the first time."""

_K = TypeVar("_K")
_V = TypeVar("_V")


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


class Feed(StrEnum):
    """How the shared stream from the controller stands."""

    STARTING = "starting"
    """Nothing was ever received."""
    LIVE = "live"
    REFUSED = "refused"
    """The controller answers but does not take our token."""
    GONE = "gone"
    """It does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """All that the controller told us, as of the last message."""

    stations: Mapping[str, StationState] = field(default_factory=_nothing)
    """In the order of their ids."""
    traits: Mapping[str, Traits] = field(default_factory=_nothing)
    site: StationList = NO_SITE
    kpis: Kpis | None = None
    alarms: AlarmList | None = None
    """The list on which alarms ask for a person."""
    rules: Mapping[str, AlarmRule] = field(default_factory=_nothing)
    modes: Modes | None = None
    T_outdoor_centre: CompactReading | None = None
    last_cycle_at: float | None = None
    now: float = 0.0
    """UTC second of the last message, on the controller's clock; 0 before the first."""
    speed: float = 1.0
    """Scaled seconds per wall second."""
    simulation: bool = False
    received: float = 0.0
    """Monotonic wall second of the last message of the stream."""
    polled: float = 0.0
    """Monotonic wall second at which alarms and indicators were last asked for and told."""
    version: int = 0
    """Grows with every change."""
    feed: Feed = Feed.STARTING

    @property
    def known(self) -> bool:
        """True once the controller has told us the city."""
        return self.now > 0.0

    def silent_s(self) -> float:
        """Return the wall seconds since the last message."""
        return max(0.0, time.monotonic() - self.received)

    def frozen(self) -> bool:
        """Tell whether what is shown may no longer be true; then nobody may write."""
        if self.feed is not Feed.LIVE:
            return True
        limit = max(FROZEN_AFTER_PERIODS * self.site.poll_s / self.speed, FROZEN_AFTER_S)
        return self.silent_s() > limit or time.monotonic() - self.polled > limit + ALARMS_MAY_LAG_S

    def clock(self) -> float:
        """Return the UTC second now on the controller's clock, as far as one can tell without it."""
        return self.now + self.silent_s() * self.speed

    def age_s(self, reading: CompactReading) -> float:
        """Return the age of a reading, scaled seconds; it grows also while the feed is silent."""
        return max(0.0, self.clock() - reading.measured_at)

    def reading(self, station: str, point: str) -> CompactReading | None:
        """Return a reading by its point, ``LOOP/NAME``; None where the station has no such point."""
        state = self.stations.get(station)
        return None if state is None else state.readings.get(point)

    def with_snapshot(self, snapshot: Snapshot, received: float) -> "City":
        """Return the city after a full snapshot or a delta."""
        news = {station.id: station for station in snapshot.stations}
        stations = news if snapshot.full else {**self.stations, **news}
        return replace(
            self,
            stations=frozen_by_id(stations),
            T_outdoor_centre=snapshot.T_outdoor_centre,
            last_cycle_at=snapshot.last_cycle_at,
            now=snapshot.now,
            speed=snapshot.speed,
            simulation=snapshot.simulation,
            received=received,
            version=self.version + 1,
            feed=Feed.LIVE,
        )


def frozen_by_id(entries: Mapping[_K, _V]) -> Mapping[_K, _V]:
    """Return the entries in the order of their keys, not to be changed."""
    return MappingProxyType({key: entries[key] for key in sorted(entries)})  # type: ignore[type-var]
