"""One plan from what a site's controller has laid down: for engineers, beside the controller or without it.

The same question, solver and instructions as in the service, at the moment of which the newest record is.
What only lives in a running controller is not there: what the source can give now, orders of people, and what
loops hold; so the source counts as unlimited, modes are those of the site file, and nothing is held back.
"""

import json
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from controller.config.model import SiteConfig
from controller.decisions import Mode, Proposal, Season
from controller.knowing.belief import to_rooms_s
from controller.knowing.gathered import Window
from controller.knowing.opened import begun
from controller.knowing.store import KnowingStore
from controller.knowing.watch import ROOMS
from controller.observe import LoopSituation, observe
from controller.outdoor import filtered_outdoor
from controller.planning.advice import advising, at_prices
from controller.planning.judging import sane
from controller.planning.published import Published
from controller.planning.question import Asked, Scene, question, times_of
from controller.planning.rules import NO_SOURCE
from controller.strategies import optimizer
from controller.strategies.inputs import StrategyInputs
from controller.weather.site import weather_feed
from controller.wiring import first_state, loop_traits, plan_rules, regulation_laws
from optimizer.forecast.weather import NoWeather
from optimizer.plan.solving import solve
from optimizer.plan.status import no_plan
from optimizer.reason import Reason
from stations.model.reading import good


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
    modes = {key: status.mode for key, status in first_state(site, clock).loops.items()}
    asked: Asked | Reason
    if isinstance(outlook, NoWeather):
        asked = outlook.reason
    else:
        scene = Scene(modes=modes, T_outdoor_filtered=filtered)
        asked = question(known, traits, outlook.series, NO_SOURCE, rules, clock.at, scene)
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
        problem=None if isinstance(asked, Reason) else asked.problem,
        curve=None if isinstance(asked, Reason) else asked.curve,
        to_rooms_s=to_rooms_s(known.keys, opened.keeper.beliefs),
    )
    if not isinstance(asked, Reason):
        advised = at_prices(asked, plan)
        answer = None if advised is None else solve(advised)
        published = replace(published, advice=advising(published, None, asked, answer))
    return StoredPlan(published, _told(site, published, filtered))


def _filtered(window: Window, filters_s: dict[str, float]) -> dict[str, float | None]:
    """Return the outdoor temperature that curves go by, run through the record."""
    found: dict[str, float | None] = dict.fromkeys(filters_s)
    series = window.city("T_outdoor")
    for T in series[np.isfinite(series)]:
        for emitter, filter_s in filters_s.items():
            found[emitter] = filtered_outdoor(found[emitter], good(float(T), 0.0), 900.0, filter_s)
    return found


def _told(site: SiteConfig, published: Published, filtered: dict[str, float | None]) -> tuple[Proposal, ...]:
    """Return what strategy ``optimizer`` asks of every loop in auto, nothing being held."""
    at, traits = published.made_at, loop_traits(site)
    state = first_state(site, _Moment(at))
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
