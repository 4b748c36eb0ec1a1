"""One plan from what a site's controller has laid down: for engineers, beside the controller or without it.

The same question, solver and instructions as in the service, at the moment of which the newest record is:
what sources give and stations have is what the journal read last, what loops bore and whether they drifted
stands in the data folder. What only lives in a running controller is not there: orders of people, and what
loops hold; so modes are those of the site file, and nothing is held back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from controller.config.model import SiteConfig
from controller.decisions import LoopKey, Mode, Proposal, Season
from controller.historian import journal, query
from controller.knowing.belief import Belief, to_rooms_s
from controller.knowing.gathered import QUARTER_S, Window
from controller.knowing.opened import begun
from controller.knowing.store import KnowingStore
from controller.knowing.watch import ROOMS
from controller.observe import LoopSituation, observe
from controller.outdoor import filtered_outdoor
from controller.planning.advice import advising, at_prices
from controller.planning.borne import Borne
from controller.planning.judging import sane
from controller.planning.published import Published
from controller.planning.question import Asked, question, times_of
from controller.planning.reaching import Waters
from controller.planning.seen import scene_of, source_seen
from controller.planning.shadow_days import ShadowBook, local_day
from controller.state import ControllerState
from controller.strategies import optimizer
from controller.strategies.inputs import StrategyInputs
from controller.weather.site import weather_feed
from controller.wiring import first_state, loop_traits, plan_rules, regulation_laws
from optimizer.forecast.weather import NoWeather
from optimizer.plan.solving import solve
from optimizer.plan.status import no_plan
from optimizer.reason import Reason
from stations.model.reading import Reading, good

if TYPE_CHECKING:
    from stations.model.identity import Point


class NothingStored(Exception):
    """No controller has laid down anything to plan from; the text says what to do."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """A clock that stands."""

    at: float
    factor: float = 1.0

    def now(self) -> float:
        """UTC second of the record."""
        return self.at

    def monotonic(self) -> float:
        """The same; any beginning will do."""
        return self.at

    def wall_monotonic(self) -> float:
        """The same."""
        return self.at

    async def sleep(self, scaled_s: float) -> None:
        """Nobody sleeps here; raises RuntimeError."""
        raise RuntimeError(f"a clock that stands was asked to sleep for {scaled_s} s")


class StoredPlan(NamedTuple):
    """A plan, and what each loop would be told by it now."""

    published: Published
    wishes: tuple[Proposal, ...]
    """In the order of the site; on the curve with the reason where a loop is not planned for."""


def plan_of_stored(site: SiteConfig) -> StoredPlan:
    """Return one plan. Raises NothingStored, and OSError or sqlite3.Error for files that can not be read."""
    traits, laws = loop_traits(site), regulation_laws(site)
    filters_s = {emitter: law.outdoor_filter_h * 3600.0 for emitter, law in site.regulation.items()}
    store = KnowingStore(site.data)
    at, window = store.last_quarter(), store.window(tuple(traits))
    if at is None:
        raise NothingStored("nothing gathered yet; a first quarter of an hour under `dhc run` must pass")
    rooms = store.noted(ROOMS)
    clock = _Moment(at if rooms is None else max(at, float(json.loads(rooms)["at"])))
    opened = begun(site, traits, None, clock)
    known = replace(opened.known, at=clock.at if opened.known.at is None else opened.known.at)
    filtered = _filtered(window, filters_s)
    rules = plan_rules(site, laws, filters_s)
    outlook = weather_feed(site, clock).outlook(times_of(clock.at))
    state = _state(site, clock)
    owed = Borne(store).after(None, known, clock.at)
    scene = scene_of(state, traits, filtered, owed, clock.at, clock.at)
    scene = replace(scene, waters=_waters(site, state, window, opened.keeper.beliefs, clock.at))
    if all(image.polled_at is None for image in state.image.freeze().values()):
        scene = replace(scene, lost=frozenset())  # no journal: nobody knows who answers
    source = source_seen(state.image.freeze(), clock.at)
    asked: Asked | Reason
    if isinstance(outlook, NoWeather):
        asked = outlook.reason
    else:
        asked = question(known, traits, outlook.series, source, rules, clock.at, scene)
    plan = no_plan(len(known), clock.at, 0.25, asked) if isinstance(asked, Reason) else solve(asked.problem)
    wrong = None if isinstance(asked, Reason) else sane(plan, asked)
    if wrong is not None:
        plan = no_plan(len(known), clock.at, plan.dt_h, wrong)
    excluded = {known.keys[each.loop]: each.why for each in plan.excluded}
    published = Published(
        made_at=clock.at,
        keys=known.keys,
        plan=plan,
        excluded=excluded | ({} if isinstance(asked, Reason) else dict(asked.excluded)),
        outlook=outlook,
        known=known,
        rules=rules,
        source=source,
        problem=None if isinstance(asked, Reason) else asked.problem,
        curve=None if isinstance(asked, Reason) else asked.curve,
        reach=None if isinstance(asked, Reason) else asked.reach,
        owed=owed,
        lost=scene.lost,
        to_rooms_s=to_rooms_s(known.keys, opened.keeper.beliefs),
    )
    if not isinstance(asked, Reason):
        advised = at_prices(asked, plan)
        answer = None if advised is None else solve(advised)
        published = replace(published, advice=advising(published, None, asked, answer))
    return StoredPlan(published, _told(site, published, filtered, state))


def _state(site: SiteConfig, clock: _Moment) -> ControllerState:
    """Return the city as the journal read it last, its loops in the modes of the site file."""
    state = first_state(site, clock)
    state.drifted = ShadowBook(site.data, site.planning.interval_s).drifted(
        local_day(clock.at, ZoneInfo(site.timezone))
    )
    if not (site.data / journal.FILE).exists():
        return state
    read: dict[str, dict[Point, Reading]] = {}
    for (station, point), reading in query.latest(site.data / journal.FILE).items():
        read.setdefault(station, {})[point] = reading
    for station, image in state.image.freeze().items():
        fresh = read.get(station, {})
        answers = [one.received_at for one in fresh.values() if one.value is not None]
        if answers:
            state.image.answered(station, {**image.readings, **fresh}, max(answers), rtt_s=0.0)
    return state


def _waters(
    site: SiteConfig, state: ControllerState, window: Window, beliefs: Mapping[LoopKey, Belief], now: float
) -> Waters | None:
    """Return what left the source; None where there is not one alone: the record holds that of the first."""
    T, at = window.city("T_source"), window.times + 0.5 * QUARTER_S
    there = np.isfinite(T) & (at <= now)
    if sum(station.kind == "source" for station in site.stations) != 1 or not there.any():
        return None
    return Waters(images=state.image.freeze(), beliefs=beliefs, sent_at=at[there], T_sent=T[there])


def _filtered(window: Window, filters_s: dict[str, float]) -> dict[str, float | None]:
    """Return the outdoor temperature that curves go by, run through the record."""
    found: dict[str, float | None] = dict.fromkeys(filters_s)
    series = window.city("T_outdoor")
    for T in series[np.isfinite(series)]:
        for emitter, filter_s in filters_s.items():
            found[emitter] = filtered_outdoor(found[emitter], good(float(T), 0.0), 900.0, filter_s)
    return found


def _told(
    site: SiteConfig, published: Published, filtered: dict[str, float | None], state: ControllerState
) -> tuple[Proposal, ...]:
    """Return what strategy ``optimizer`` asks of every loop in auto, nothing being held."""
    at, traits = published.made_at, loop_traits(site)
    situations = {
        key: LoopSituation(mode=status.mode, season=Season(site.season), readmitted=True)
        for key, status in state.loops.items()
    }
    images = state.image.freeze()
    outlook = published.outlook
    inputs = StrategyInputs(
        now=at,
        monotonic=at,
        laws=regulation_laws(site),
        T_outdoor=None if isinstance(outlook, NoWeather) else float(outlook.series.T_outdoor[0]),
        T_outdoor_filtered=filtered,
        observations=observe(images, traits, situations, at),
        readings={station: image.readings for station, image in images.items()},
        sent={},
        comfort=published.rules.comfort,
        published=published,
        known=published.known,
    )
    mine = [loop for key, loop in traits.items() if situations[key].mode is Mode.AUTO]
    return tuple(optimizer.propose(mine, inputs).proposals)
