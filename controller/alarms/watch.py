"""Looks at the city every few seconds and tells the alarm book what is wrong."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from controller.alarms.book import AlarmBook, Sight
from controller.alarms.certificates import CertificateWatch
from controller.alarms.fouling import fouling_findings
from controller.alarms.links import (
    Group,
    gateway_of,
    group_findings,
    link_findings,
    link_groups,
    silent_stations,
)
from controller.alarms.machine import (
    ClockWatch,
    cycle_findings,
    forwarder_findings,
    outdoor_findings,
    plan_findings,
    storage_findings,
)
from controller.alarms.model import AlarmKey, Finding
from controller.alarms.plant import clock_findings, source_findings
from controller.alarms.process import (
    CurveMemory,
    curve_findings,
    frost_findings,
    heat_findings,
    pump_findings,
    station_findings,
    supply_findings,
)
from controller.alarms.scene import LoopCase, Scene, StationCase, Storage
from controller.alarms.sensors import SensorMemory, sensor_findings
from controller.alarms.setpoints import SetpointMemory, setpoint_findings
from controller.alarms.shortage import ShortageMemory, one_shortage
from controller.alarms.water import HourMean, WaterMemory, water_findings
from controller.config.model import SiteConfig
from controller.decisions import LoopKey, LoopTraits, Season
from controller.state import ControllerState
from stations.model.clock import Clock

log = structlog.get_logger("alarms")

LOOK_S = 10.0
"""Scaled seconds between two looks: the shortest delay of an alarm that has one is 30 s."""
LOOK_WALL_S = 1.0
"""A fast demo is not looked at more often than this: 40 stations cost 4 ms, 1,000 cost 0.1 s."""
SLICE = 10
"""Stations judged (about a millisecond) before the field loop gets its turn."""


@dataclass(slots=True, kw_only=True)
class AlarmWatch:
    """Rules with their memories. Owner of the memories; the book belongs to it and to the API."""

    site: SiteConfig
    traits: Mapping[LoopKey, LoopTraits]
    state: ControllerState
    clock: Clock
    book: AlarmBook
    storage: Callable[[], Storage] = Storage
    hours: Sequence[HourMean] = ()
    """Hourly make-up of earlier runs, oldest first."""
    keep_hours: Callable[[Sequence[HourMean]], None] = lambda _: None
    wall: Callable[[], float] = time.time
    """Real UTC seconds, for certificates."""
    _groups: list[Group] = field(init=False)
    _certificates: CertificateWatch = field(init=False)
    _water: WaterMemory = field(init=False)
    _sensors: SensorMemory = field(default_factory=SensorMemory, init=False)
    _setpoints: SetpointMemory = field(default_factory=SetpointMemory, init=False)
    _curves: CurveMemory = field(default_factory=CurveMemory, init=False)
    _shortage: ShortageMemory = field(default_factory=ShortageMemory, init=False)
    _clock_watch: ClockWatch = field(default_factory=ClockWatch, init=False)
    _unjudged: set[str] = field(default_factory=set, init=False)
    """Stations at which a rule met a bug of ours."""
    _district_of: dict[str, str] = field(init=False)
    _gateway_of: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Gather what does not change of the site."""
        self._groups = link_groups(self.site)
        self._certificates = CertificateWatch.of_site(self.site)
        self._water = WaterMemory(self.hours)
        self._district_of = {station.id: station.district for station in self.site.stations}
        self._gateway_of = gateway_of(self.site)

    async def run(self) -> None:
        """Look for ever; cancel to stop."""
        while True:
            if self._certificates.due(self.wall()):
                await asyncio.to_thread(self._certificates.look, self.wall())
            scene, findings = self._scene(), list[Finding]()
            for number, station in enumerate(self.site.stations, 1):
                findings += self._judged(scene.case(station))
                if number % SLICE == 0:
                    await asyncio.sleep(0)
            self._tell(scene, findings)
            await self.clock.sleep(max(LOOK_S, LOOK_WALL_S * self.clock.factor))

    def look(self) -> None:
        """Look once without giving anybody else a turn: for tests and simulated time."""
        scene = self._scene()
        self._tell(scene, [f for station in self.site.stations for f in self._judged(scene.case(station))])

    def _scene(self) -> Scene:
        return Scene(
            now=self.clock.now(),
            monotonic=self.clock.monotonic(),
            wall=self.wall(),
            site=self.site,
            traits=self.traits,
            state=self.state,
            images=self.state.image.freeze(),
            storage=self.storage(),
            standing=self.book.standing,
        )

    def _judged(self, case: StationCase) -> list[Finding]:
        """Judge one station; a bug met there sets that station's alarms aside, and no others."""
        name = case.config.id
        try:
            findings = list(self._station(case))
        except Exception as error:  # one station's odd values must neither end control nor silence the rest
            why = f"{type(error).__name__}: {error}"
            if name not in self._unjudged:
                log.exception("station_unjudged", station=name)
            self._unjudged.add(name)
            return [Finding(key=AlarmKey("station_unjudged", name), params={"why": why})]
        self._unjudged.discard(name)
        return findings

    def _station(self, case: StationCase) -> Iterator[Finding]:
        yield from link_findings(case)
        if not case.online:
            self._setpoints.forget(case.config.id)
            return
        yield from sensor_findings(case, self._sensors)
        if case.config.kind == "source":
            yield from source_findings(case)
            for control in case.written():
                yield from setpoint_findings(control, self._setpoints)
            return
        yield from station_findings(case)
        for loop in case.loops():
            yield from self._loop(loop)

    def _loop(self, loop: LoopCase) -> Iterator[Finding]:
        yield from frost_findings(loop)
        yield from supply_findings(loop)
        yield from pump_findings(loop)
        yield from heat_findings(loop)
        yield from curve_findings(loop, self._curves)
        yield from water_findings(loop, self._water)
        yield from setpoint_findings(loop, self._setpoints)
        yield from fouling_findings(loop)

    def _tell(self, scene: Scene, findings: list[Finding]) -> None:
        """Add what belongs to the whole site and to several stations, and write it into the book."""
        findings = [*findings, *self._of_site(scene), *self._in_common(scene, findings)]
        told = one_shortage(findings, scene, self._shortage)
        self.book.update(told, self._sight(scene), scene.now, scene.monotonic)
        if hours := self._water.taken_hours():
            self.keep_hours(hours)

    def _of_site(self, scene: Scene) -> Iterator[Finding]:
        yield from cycle_findings(scene)
        yield from plan_findings(scene)
        yield from outdoor_findings(scene)
        yield from storage_findings(scene)
        yield from forwarder_findings(scene)
        yield from self._certificates.findings()
        yield from self._clock_watch.findings(scene)

    def _in_common(self, scene: Scene, findings: Sequence[Finding]) -> Iterator[Finding]:
        skewed = [f for f in findings if f.key.rule == "station_clock" and not f.unknown]
        lost = [f for f in findings if f.key.rule == "station_lost"]
        silent = {f.key.name: f for f in lost if not f.unknown or self.book.standing(f.key)}
        yield from group_findings(self._groups, silent)
        yield from clock_findings(scene, {f.key.name: f for f in skewed})

    def _sight(self, scene: Scene) -> Sight:
        seasons = {key.station: status.season for key, status in scene.state.loops.items()}
        return Sight(
            blind=silent_stations(scene) | self._unjudged,
            district_of=self._district_of,
            gateway_of=self._gateway_of,
            out_of_season=frozenset(s for s, season in seasons.items() if not season.accepts_setpoints),
            in_maintenance=frozenset(s for s, season in seasons.items() if season is Season.MAINTENANCE),
            site_in_season=any(season.accepts_setpoints for season in seasons.values()),
        )
