"""The controller under judgement: its own reading, cycle, guard, strategies and dispatchers, in virtual time.

What service and supervisors do with tasks is done here in turn: poll every station, run one cycle, write,
renew leases. Only three things are doubles: the clock, the wire (memory drivers) and the command log, which
keeps nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, cast

from controller.admission import Admission
from controller.cycle import CycleParts, run_cycle
from controller.deciding import Rules
from controller.dispatch import CYCLE_LICENCE_S, Dispatcher, DispatchServices
from controller.image import Link
from controller.knowing.known import first_known
from controller.knowing.opened import loop_kinds
from controller.memory import ControlMemory
from controller.outbox import Outbox
from controller.planning.loop import Believed, PlanningLoop
from controller.planning.port import InlinePlanner
from controller.planning.question import times_of
from controller.planning.source_book import SourceBook
from controller.planning.source_orders import SourceOrders
from controller.recorder import TransitionRecorder
from controller.validation import StationValidator
from controller.weather.watch import known_ahead
from controller.wiring import first_state, loop_traits, plan_rules, source_traits
from controller.words.phrase import said
from optimizer.forecast.weather import NoWeather
from optimizer.plan.interior import Effort
from simulators.evaluate.door import Door, polled_profile
from simulators.evaluate.learning import Learning
from simulators.evaluate.quick_driver import QuickDriver
from stations.model.quality import Reason
from stations.model.reading import bad

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from controller.config.model import SiteConfig, StationConfig
    from controller.decisions import LoopKey
    from controller.historian.command_log import CommandLog
    from controller.historian.records import Intent, RegisterWrite, Transition
    from controller.knowing.known import Known
    from optimizer.regulation import RegulationLaw
    from simulators.evaluate.foresight import Foresight
    from simulators.evaluate.troubles import JudgedLink
    from simulators.evaluate.virtual_clock import VirtualClock

TOKEN = 1
EFFORT = Effort()
"""Iterations of a plan: in virtual time nothing may hang on how fast this machine is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreSettings:
    """How one judged controller is set up."""

    strategy: str
    """Name in the controller's registry, for all districts."""
    laws: Mapping[str, RegulationLaw]
    outdoor_filter_s: Mapping[str, float]
    cycle_s: float
    heartbeat_s: float
    watchdog_s: float
    believed: Callable[[Known], Known] | None = None
    """Makes of what is believed of the houses at first something else; None: it stays."""


@dataclass(slots=True)
class _Field:
    """What the controller has for one station."""

    driver: QuickDriver
    validator: StationValidator
    dispatcher: Dispatcher
    admission: Admission


class _NoCommandLog:
    """Takes intents and transitions as the command log does, and keeps none."""

    def __init__(self) -> None:
        self._next = 1

    def next_ids(self, count: int) -> range:
        """Return fresh ids."""
        self._next += count
        return range(self._next - count, self._next)

    async def commit(self, intents: Sequence[Intent]) -> None:
        """Do nothing: nothing can be lost here."""

    async def record(self, transitions: Sequence[Transition], writes: Sequence[RegisterWrite] = ()) -> None:
        """Do nothing."""


class Centre:
    """One controller of the whole city."""

    def __init__(
        self,
        site: SiteConfig,
        clock: VirtualClock,
        doors: Mapping[str, Door],
        settings: CentreSettings,
        links: Mapping[str, JudgedLink] | None = None,
        foresight: Foresight | None = None,
    ) -> None:
        """Links that are not given never break; without ``foresight`` nothing is planned."""
        self._clock, self._links = clock, links or {}
        self._heat_stations = [station for station in site.stations if station.id in doors]
        self.state = first_state(site, clock)
        self.state.token = TOKEN
        self.traits = loop_traits(site)
        """Of the loops; those of heat sources that take setpoints stand beside them for control alone."""
        every = self._every = self.traits | source_traits(site)
        outbox = Outbox(station.id for station in site.stations)
        log = cast("CommandLog", _NoCommandLog())
        self._recorder = TransitionRecorder(log, clock, self.state)
        admissions = {station.id: Admission() for station in site.stations}
        services = DispatchServices(
            clock=clock,
            state=self.state,
            outbox=outbox,
            record=self._recorder.note,
            heartbeat_s=settings.heartbeat_s,
            watchdog_s=settings.watchdog_s,
            licensed=self._licensed,
        )
        self.parts = CycleParts(
            clock=clock,
            rules=Rules(
                traits=every,
                strategy_of=dict.fromkeys(site.districts, settings.strategy),
                laws=settings.laws,
                outdoor_filter_s=settings.outdoor_filter_s,
                poll_s=settings.cycle_s,
            ),
            state=self.state,
            memory=ControlMemory(every, {}),
            outbox=outbox,
            command_log=log,
            recorder=self._recorder,
            admissions=admissions,
            takes_outdoor=tuple(s.id for s in site.stations if s.profile.takes_outdoor),
        )
        self.learning: Learning | None = None
        self.planning = None if foresight is None else self._planned(site, settings, foresight)
        self._orders = None if foresight is None else self._ordered(site, foresight)
        self._field = {
            station.id: self._station(station, doors[station.id], admissions[station.id], services, settings)
            for station in self._heat_stations
        }

    def _planned(self, site: SiteConfig, settings: CentreSettings, foresight: Foresight) -> PlanningLoop:
        """Return the planning loop as the service has it, with its solver at hand."""
        memory, clock = self.parts.memory, self._clock
        self.parts.ahead = lambda now: known_ahead(foresight(times_of(now)), now)
        first = first_known(self.traits, self._mean_outdoor(foresight), kinds=loop_kinds(site))
        memory.known = first if settings.believed is None else settings.believed(first)
        self.learning = Learning(memory.known, self.traits, clock.now(), site.timezone)
        self.state.beliefs = self.learning.keeper.beliefs
        return PlanningLoop(
            InlinePlanner(EFFORT),
            clock,
            self.state,
            self.traits,
            plan_rules(site, settings.laws, settings.outdoor_filter_s),
            believed=lambda: Believed(known=memory.known, T_outdoor_filtered=memory.T_outdoor_filtered),
            forecast=foresight,
        )

    def _ordered(self, site: SiteConfig, foresight: Foresight) -> SourceOrders | None:
        """Return what orders the heat sources as the service has it, where one of them takes orders."""
        if len(self._every) == len(self.traits):
            return None
        book = SourceBook(Path(mkdtemp(dir=site.folder)))  # contestants share their town
        assert self.learning is not None
        keeper = self.learning.keeper
        return SourceOrders(
            site, self._clock, self.state, book, beliefs=lambda: keeper.beliefs, forecast=foresight
        )

    def _mean_outdoor(self, foresight: Foresight) -> float | None:
        expected = foresight(times_of(self._clock.now()))
        return None if isinstance(expected, NoWeather) else float(expected.series.T_outdoor.mean())

    def _station(
        self,
        station: StationConfig,
        door: Door,
        admission: Admission,
        services: DispatchServices,
        settings: CentreSettings,
    ) -> _Field:
        profile = polled_profile(
            station.profile.name, of_primary=station.kind == "station" and self._orders is not None
        )
        own = {key.loop: traits for key, traits in self._every.items() if key.station == station.id}
        return _Field(
            driver=QuickDriver(station.id, profile, station.n_loops, door, self._clock),
            validator=StationValidator(profile, settings.cycle_s),
            dispatcher=Dispatcher(station.id, profile, own, admission, services),
            admission=admission,
        )

    async def connect(self) -> None:
        """Open all links."""
        for field in self._field.values():
            await field.driver.connect()
            field.dispatcher.connected()

    async def turn(self) -> None:
        """One turn: poll every station, run the control cycle, write what it decided, renew the leases."""
        for station, field in self._field.items():
            if self._up(station):
                await self._poll(station, field)
            else:
                self._missed(station, field)
        await self._plan_if_due()
        if self._orders is not None:
            await self._orders.look()
        await run_cycle(self.parts)
        if self.learning is not None:
            self.learning.turn(self.parts)
        for station, field in self._field.items():
            if not self._up(station):
                continue
            if self.parts.outbox.box(station).wake.is_set():
                await field.dispatcher.write_pending(field.driver)
            await field.dispatcher.renew_if_due(field.driver)
        await self._recorder.drain()

    async def _plan_if_due(self) -> None:
        if self.planning is None or not self.planning.due():
            return
        await self.planning.turn()
        published = self.state.published
        if published is not None and published.plan.why is not None and published.plan.why.id == "plan.bug":
            raise RuntimeError(f"planning failed: {published.plan.why.params}")  # a judge hides no bug

    def instructed(self) -> dict[LoopKey, tuple[float | None, float | None]]:
        """Return what each loop that holds an instruction was told: (degC, kg/s)."""
        return {
            key: (status.T_supply_set, None if self.traits[key].circulation is None else status.m_flow_set)
            for key, status in self.state.loops.items()
            if status.held and key in self.traits
        }

    async def _poll(self, station: str, field: _Field) -> None:
        now = self._clock.now()
        readings = field.validator.check(await field.driver.read(), now)
        field.admission.answered(self._clock.monotonic())
        if self.state.image[station].link is Link.LOST:
            field.dispatcher.connected()
        self.state.image.answered(station, readings, now, 0.0)
        field.dispatcher.verify(readings)

    def _missed(self, station: str, field: _Field) -> None:
        """Count a station as lost, as its supervisor would long before the next poll of the judge."""
        before = self.state.image[station]
        if before.link is Link.ONLINE:
            field.admission.dropped(self._clock.monotonic())
            field.dispatcher.link_lost()
        now = self._clock.now()
        self.state.image.put(
            replace(
                before,
                link=Link.LOST,
                link_since=before.link_since if before.link is Link.LOST else now,
                link_why=said("link.no_answer", detail="the link is down"),
                readings={point: bad(Reason.LINK_DOWN, now) for point in before.readings},
                polls=before.polls + 1,
            )
        )

    def _up(self, station: str) -> bool:
        return station not in self._links or self._links[station].up

    def _licensed(self) -> bool:
        completed = self.state.last_cycle_monotonic
        return completed is not None and self._clock.monotonic() - completed <= CYCLE_LICENCE_S
