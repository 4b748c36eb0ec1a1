"""The planning loop: every quarter of an hour, and when something happens, a new plan is asked for.

It never raises and never blocks: whatever is wrong becomes a plan that says so. The control cycle looks at
what is published and waits for nothing.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from controller.decisions import LoopKey, LoopTraits
from controller.knowing.belief import to_rooms_s
from controller.knowing.known import Known
from controller.planning.advice import advising, at_prices
from controller.planning.borne import Borne
from controller.planning.events import event
from controller.planning.judging import sane
from controller.planning.port import Planner
from controller.planning.published import Published
from controller.planning.question import STEP_H, Asked, Scene, question, times_of
from controller.planning.reaching import SourceHistory, Waters
from controller.planning.rules import PlanRules, SourceSeen
from controller.planning.seen import lost_loops, scene_of, source_seen
from controller.state import ControllerState
from optimizer.building import Floats
from optimizer.forecast.weather import NoWeather, Outlook
from optimizer.plan.status import Plan, PlanStatus, moved_on, no_plan
from optimizer.reason import Reason, because
from stations.model.clock import Clock

log = structlog.get_logger("planning")

LOOK_S = 60.0
"""Scaled seconds between two looks for events."""
EVENT_EVERY_S = 300.0
"""A source that cannot make up its mind gets a plan so often and not oftener."""

Forecast = Callable[[Floats], Outlook | NoWeather]
"""Weather of even steps beginning at UTC seconds (k,), as known now; answers at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """What the control cycle knew last."""

    known: Known | None
    T_outdoor_filtered: Mapping[str, float | None]


class PlanningLoop:
    """Asks for plans and publishes them in ``ControllerState.published``; its only writer."""

    def __init__(
        self,
        planner: Planner,
        clock: Clock,
        state: ControllerState,
        traits: Mapping[LoopKey, LoopTraits],
        rules: PlanRules,
        *,
        believed: Callable[[], Believed],
        forecast: Forecast,
        wanted: Callable[[], bool] = lambda: True,
        borne: Borne | None = None,
    ) -> None:
        """``wanted`` tells whether anybody looks at plans now; while nobody does none is made.

        ``borne`` tells what loops have borne of shortages so far.
        """
        self._planner, self._clock, self._state = planner, clock, state
        self._traits, self._rules = traits, rules
        self._believed, self._forecast, self._wanted = believed, forecast, wanted
        self._asked_at = float("-inf")
        self._borne = borne or Borne()
        self._sent = SourceHistory()

    async def run(self) -> None:
        """Plan for ever; the solver is closed at the end."""
        try:
            while True:
                if self._wanted() and self.due():
                    await self.turn()
                await self._clock.sleep(LOOK_S)
        finally:
            await self._planner.close()

    async def turn(self) -> None:
        """Make one plan of what is known now, and publish it."""
        believed = self._believed()
        known = believed.known
        if known is None or known.at is None or not known.keys:
            return  # no control cycle yet, or no loop that is heated
        self._asked_at = now = self._clock.now()
        before = self._state.published
        owed = self._borne.after(before, known, now)
        outlook = self._forecast(times_of(now))
        images = self._state.image.freeze()
        source = source_seen(images, now)
        self._sent.note(now, source.T_supply)
        filtered, monotonic = believed.T_outdoor_filtered, self._clock.monotonic()
        scene = scene_of(self._state, self._traits, filtered, owed, now, monotonic)
        sent_at, T_sent = self._sent.series()
        waters = Waters(images=images, beliefs=dict(self._state.beliefs), sent_at=sent_at, T_sent=T_sent)
        scene = replace(scene, waters=waters)
        plan, asked = await self._plan(known, outlook, source, scene, now)
        published = Published(
            made_at=self._clock.now(),
            keys=known.keys,
            plan=plan,
            excluded=_left_out(known, plan, asked),
            outlook=outlook,
            known=known,
            rules=self._rules,
            source=source,
            problem=None if asked is None else asked.problem,
            curve=None if asked is None else asked.curve,
            reach=None if asked is None else asked.reach,
            owed=owed,
            to_rooms_s=to_rooms_s(known.keys, self._state.beliefs),
            lost=scene.lost,
            far_down=scene.far_down,
            planner=self._planner.state,
        )
        advice = await self._advice(published, asked, None if before is None else before.advice)
        self._state.published = replace(published, advice=advice)
        if self._borne.unkept:
            await asyncio.to_thread(self._borne.keep)
        if before is None or before.plan.status is not plan.status:
            log.info("plan", status=str(plan.status), why=None if plan.why is None else plan.why.id)

    def due(self) -> bool:
        """Tell whether a plan is to be made now: the last one is old, or something happened since."""
        now, last = self._clock.now(), self._state.published
        since = now - self._asked_at
        if last is None or since >= self._rules.interval_s or since < 0.0:
            return True
        if since < EVENT_EVERY_S and not _asked_too_early(last):
            return False
        images = self._state.image.freeze()
        lost = lost_loops(images, self._traits, now)
        happened = event(last, source_seen(images, now), self._forecast(times_of(now)), lost)
        if happened is not None:
            log.info("plan_event", happened=happened)
        return happened is not None

    async def _plan(
        self, known: Known, outlook: Outlook | NoWeather, source: SourceSeen, scene: Scene, now: float
    ) -> tuple[Plan, Asked | None]:
        last = self._state.published
        previous = last.plan if last is not None and last.keys == known.keys else None
        if isinstance(outlook, NoWeather):
            return _instead(previous, len(known), now, outlook.reason), None
        try:
            asked = await asyncio.to_thread(
                question, known, self._traits, outlook.series, source, self._rules, now, scene
            )
            plan = await self._planner.plan(asked.problem, previous)
        except Exception as error:  # planning is quarantined as a station is: a bug here costs plans only
            log.exception("planning_failed")
            return _instead(previous, len(known), now, because("plan.bug", error=repr(error))), None
        wrong = sane(plan, asked)
        if wrong is not None:
            log.error("plan_rejected", why=wrong.id, **wrong.params)
            return _instead(previous, len(known), now, wrong), asked
        return plan, asked

    async def _advice(
        self, published: Published, asked: Asked | None, earlier: Published | None
    ) -> Published | None:
        """Return the same for loops that take no setpoints; None where nothing can be said of them."""
        if earlier is not None and earlier.keys != published.keys:
            earlier = None
        try:
            problem = None if asked is None else at_prices(asked, published.plan)
            before = None if earlier is None else earlier.plan
            plan = None if problem is None else await self._planner.plan(problem, before)
            return advising(published, earlier, asked, plan)
        except Exception:  # as above: a bug here costs advice only
            log.exception("advising_failed")
            return None


def _asked_too_early(last: Published) -> bool:
    """Tell whether there is no plan for want of weather: no solver was asked, and any look may ask."""
    return isinstance(last.outlook, NoWeather) and last.plan.status is PlanStatus.NONE


def _instead(previous: Plan | None, loops: int, now: float, why: Reason) -> Plan:
    return no_plan(loops, now, STEP_H, why) if previous is None else moved_on(previous, now, why)


def _left_out(known: Known, plan: Plan, asked: Asked | None) -> dict[LoopKey, Reason]:
    """Return who is not planned for; our own reason comes before that of the hole which we made."""
    found = {known.keys[each.loop]: each.why for each in plan.excluded}
    return found | (dict(asked.excluded) if asked is not None else {})
