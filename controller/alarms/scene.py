"""What rules look at: the controller's state at one moment, one station at a time. Read only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller.alarms.definitions import Definition, definitions
from controller.alarms.model import AlarmKey
from controller.config.model import SiteConfig, StationConfig
from controller.decisions import LoopKey, LoopObservation, LoopTraits
from controller.historian.forwarder_stats import ForwarderStats
from controller.historian.records import CommandLogStats
from controller.historian.slot import JournalStats
from controller.image import Link, StationImage
from controller.observe import LoopSituation, observe
from controller.state import ControllerState, LoopStatus
from stations.model.identity import Point
from stations.model.reading import Reading

FRESH_POLLS = 3.0
FRESH_S = 120.0
"""A value may be three polls or two minutes old, whichever is longer; older ones prove nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How the stores are; None where a controller runs without one (tests, evaluation)."""

    journal: JournalStats | None = None
    command_log: CommandLogStats | None = None
    forwarder: ForwarderStats | None = None
    alarm_store: str | None = None
    """Why the alarm journal can not be written now."""
    set_aside: str | None = None
    """Name under which a damaged alarm journal was put aside at the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One look at everything. Times: ``now`` UTC seconds, ``monotonic`` scaled, ``wall`` real UTC seconds."""

    now: float
    monotonic: float
    wall: float
    site: SiteConfig
    traits: Mapping[LoopKey, LoopTraits]
    state: ControllerState
    images: Mapping[str, StationImage]
    storage: Storage
    standing: Callable[[AlarmKey], bool]
    """Whether an alarm holds now: dead-bands depend on it."""

    def fresh_s(self, station: StationConfig) -> float:
        """Return the oldest age of a station's value that a rule may judge."""
        return max(FRESH_POLLS * self.site.poll_s_of(station), FRESH_S)

    def case(self, station: StationConfig) -> "StationCase":
        """Return one station of this look."""
        return StationCase(scene=self, config=station, image=self.images[station.id])

    def beyond(self, key: AlarmKey, value: float, *, rising: bool = True, above: float = 0.0) -> bool:
        """Tell whether a value is past its rule's limit (plus ``above``), with dead-band while it stands."""
        limit = self.rule(key).threshold(standing=self.standing(key), rising=rising)
        return value > above + limit if rising else value < above + limit

    def rule(self, key: AlarmKey) -> Definition:
        """Return the definition of a key's rule."""
        return definitions()[key.rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class StationCase:
    """One station at one look."""

    scene: Scene
    config: StationConfig
    image: StationImage

    @property
    def online(self) -> bool:
        """Tell whether the station answers; of one that does not, nothing else is judged."""
        return self.image.link is Link.ONLINE

    def reading(self, loop: int, name: str) -> Reading | None:
        """Return a reading whatever its quality; None where the station has no such point."""
        return self.image.readings.get(Point(loop, name))

    def good(self, loop: int, name: str) -> float | None:
        """Return a value that is undoubted and fresh; None otherwise."""
        reading = self.reading(loop, name)
        if reading is None or not reading.usable(self.scene.now, self.scene.fresh_s(self.config)):
            return None
        return reading.value

    def loops(self) -> list["LoopCase"]:
        """Return the station's secondary loops as the control cycle observes them."""
        return self._cases([LoopKey(self.config.id, loop.loop) for loop in self.config.loops])

    def written(self) -> list["LoopCase"]:
        """Return the controller of a heat source whose orders are written to it, as a loop; else nothing."""
        return self._cases([LoopKey(self.config.id, self.config.n_loops)] if self.config.writes else [])

    def _cases(self, keys: list[LoopKey]) -> list["LoopCase"]:
        state, scene = self.scene.state, self.scene
        mine = {key: scene.traits[key] for key in keys}
        situations = {
            key: LoopSituation(mode=state.loops[key].mode, season=state.loops[key].season, readmitted=True)
            for key in mine
        }
        seen = observe({self.config.id: self.image}, mine, situations, scene.now)
        return [
            LoopCase(station=self, key=key, traits=mine[key], status=state.loops[key], seen=seen[key])
            for key in mine
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopCase:
    """One secondary loop at one look."""

    station: StationCase
    key: LoopKey
    traits: LoopTraits
    status: LoopStatus
    seen: LoopObservation

    @property
    def wanted(self) -> bool:
        """Tell whether the centre means to drive this loop: then it must be able to."""
        return (
            self.traits.station_class.driven
            and self.traits.proven
            and self.traits.emitter != "dhw"
            and self.status.mode.value != "local"
            and self.status.season.accepts_setpoints
        )

    def good(self, name: str) -> float | None:
        """Return an undoubted, fresh value of this loop; None otherwise."""
        return self.station.good(self.key.loop, name)

    def alarm(self, rule: str) -> AlarmKey:
        """Return the key of a rule at this loop."""
        return AlarmKey(rule, self.key.station, self.key.loop)
