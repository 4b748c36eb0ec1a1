"""What a rule of the guard looks at (the case of one loop) and what it works on (the room that is left).

A rule is a pure function ``(case, room) -> room``. It can only take room away: limits narrow an interval per
channel, gates lower the action. Where a rule's interval does not meet what is left, the earlier rule wins and
one point remains. So the order of the rules is their rank, and leaving one out widens nothing else.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from controller.decisions import (
    Action,
    Cut,
    GuardContext,
    LoopObservation,
    LoopTraits,
    Proposal,
    Rule,
    Sent,
)
from controller.words.phrase import Phrase
from stations.model.quick import quickly_made
from stations.model.reading import Reading
from stations.model.setpoint import StationClass

ROUNDING = 1e-6
"""Differences below this are arithmetic, not decisions."""
RELEASE_AGE_S = 600.0
"""Inputs older than this end the renewal: the station goes to its own curve."""
T_OUTDOOR_BLIND_DEGC = -5.0
"""What a station controller counts with that has neither a sensor nor been told."""
CLOCK_TOLERANCE_S = 5.0
"""How far ahead of ``now`` a time may be; further ahead the clock has jumped and the age is not known."""
_SEVERITY = {Action.SET: 0, Action.RENEW: 1, Action.RELEASE: 2, Action.NONE: 3}


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One loop at one cycle, with everything the rules may use."""

    context: GuardContext
    traits: LoopTraits
    seen: LoopObservation | None
    wish: Proposal | None
    own: float | None
    """The station's own curve at T_outdoor_centre, degC; None without an outdoor temperature."""
    T_there: float | None
    """The same at the outdoor temperature that the station itself goes by: there its fallback leads."""
    history: tuple[Sent, ...]
    """What was dispatched since the take-over; empty while the station is on its own curve.

    For class B re-expressed at the present own curve: such a station holds an offset to it.
    """
    T_start: float
    """What the loop holds now, degC: our last setpoint, else the station's own. Every move begins here."""
    m_start: float
    """The same for circulation, kg/s."""

    @property
    def held(self) -> bool:
        """Tell whether the station holds our setpoint."""
        return bool(self.history)

    @property
    def asks(self) -> bool:
        """Tell whether somebody wishes something that is a number."""
        wish = self.wish
        return wish is not None and math.isfinite(wish.T_supply) and math.isfinite(wish.m_flow)

    @property
    def flow_driven(self) -> bool:
        """Tell whether the loop has a circulation channel; without one the flow is advice."""
        return self.traits.circulation is not None

    def sent_within(self, seconds: float) -> list[Sent]:
        """Return what was in force at any moment of the last ``seconds``, oldest first.

        What a controller before this one has sent counts, too: the station did not notice the change. Class B
        is left out; its register may change so seldom that no window holds two.
        """
        start, last = self.context.monotonic - seconds, self.history[-1:]
        if last and last[0].at <= start:
            return list(last)  # as most loops are most of the time: nothing else was in force since
        recent: list[Sent] = []
        before: tuple[Sent, ...] = ()
        if self.traits.station_class is not StationClass.B:
            before = self.context.sent_before.get(self.traits.key, ())
        for sent in reversed((*before, *self.history)):
            recent.append(sent)
            if sent.at <= start:
                break
        return recent[::-1]


class Room(NamedTuple):
    """What is left of the wish. Immutable; each method returns the narrower room."""

    action: Action
    T_wish: float
    m_wish: float
    T_low: float = -math.inf
    T_high: float = math.inf
    m_low: float = -math.inf
    m_high: float = math.inf
    held_back: Phrase | None = None
    """Why the network as a whole must not follow this wish now; None if it may."""
    cuts: tuple[Cut, ...] = ()

    @property
    def supply(self) -> float:
        """The allowed supply temperature nearest to the wish, degC."""
        return _nearest(self.T_wish, self.T_low, self.T_high)

    @property
    def flow(self) -> float:
        """The allowed circulation nearest to the wish, kg/s."""
        return _nearest(self.m_wish, self.m_low, self.m_high)

    def gate(self, action: Action, rule: Rule, why: Phrase) -> "Room":
        """Allow at most ``action`` (SET, RENEW, RELEASE, NONE in falling order)."""
        cut = Cut(rule=rule, channel="loop", wanted=None, allowed=None, detail=why)
        lower = action if _SEVERITY[action] > _SEVERITY[self.action] else self.action
        return self._replace(action=lower, cuts=(*self.cuts, cut))

    def bound_supply(self, low: float, high: float, rule: Rule, why: Phrase) -> "Room":
        """Narrow the supply temperature to low..high as far as earlier rules leave it."""
        action, T_wish, m_wish, T_low, T_high, m_low, m_high, held_back, cuts = self
        if low <= T_low and high >= T_high:
            return self
        lower, upper = _meet(T_low, T_high, low, high)
        if not lower <= T_wish <= upper:
            allowed = _nearest(T_wish, lower, upper)
            cuts = self._noting("T_supply", _nearest(T_wish, T_low, T_high), allowed, rule, why)
        # Written out, not _replace: the busiest line of the guard.
        return _room(Room, (action, T_wish, m_wish, lower, upper, m_low, m_high, held_back, cuts))

    def bound_flow(self, low: float, high: float, rule: Rule, why: Phrase) -> "Room":
        """Narrow the circulation to low..high as far as earlier rules leave it."""
        action, T_wish, m_wish, T_low, T_high, m_low, m_high, held_back, cuts = self
        if low <= m_low and high >= m_high:
            return self
        lower, upper = _meet(m_low, m_high, low, high)
        if not lower <= m_wish <= upper:
            allowed = _nearest(m_wish, lower, upper)
            cuts = self._noting("m_flow", _nearest(m_wish, m_low, m_high), allowed, rule, why)
        return _room(Room, (action, T_wish, m_wish, T_low, T_high, lower, upper, held_back, cuts))

    def ask_supply(self, T_wish: float, rule: Rule, why: Phrase) -> "Room":
        """Replace the wished temperature; unlike a bound the change is then made at the usual rates."""
        return self._replace(T_wish=T_wish, cuts=self._noting("T_supply", self.T_wish, T_wish, rule, why))

    def hold(self, case: Case, rule: Rule, why: Phrase) -> "Room":
        """Keep what the loop holds, as far as earlier rules leave it."""
        return self.bound_supply(case.T_start, case.T_start, rule, why).bound_flow(
            case.m_start, case.m_start, rule, why
        )

    def _noting(
        self, channel: Literal["T_supply", "m_flow"], wanted: float, allowed: float, rule: Rule, why: Phrase
    ) -> tuple[Cut, ...]:
        if abs(wanted - allowed) <= ROUNDING:
            return self.cuts
        return (*self.cuts, Cut(rule=rule, channel=channel, wanted=wanted, allowed=allowed, detail=why))


_room = tuple.__new__
RuleFunction = Callable[[Case, Room], Room]


def _nearest(wish: float, low: float, high: float) -> float:
    if wish < low:
        return low
    return high if wish > high else wish


def _meet(low: float, high: float, lower: float, upper: float) -> tuple[float, float]:
    """Cut low..high to lower..upper; where they do not meet, the nearest point of low..high."""
    if lower > high:
        return high, high
    if upper < low:
        return low, low
    return (lower if lower > low else low), (upper if upper < high else high)


def recent(reading: Reading, now: float) -> bool:
    """Tell whether there is a value that was received within the time setpoints may be held on.

    By the time of receipt: a station's own clock may be wrong.
    """
    return reading.value is not None and -CLOCK_TOLERANCE_S <= now - reading.received_at <= RELEASE_AGE_S


def case_of(context: GuardContext, traits: LoopTraits, wish: Proposal | None) -> Case:
    """Gather what is known of one loop."""
    seen = context.observations.get(traits.key)
    own = _own_curve(context, traits)
    history = context.sent.get(traits.key, ())
    if history and seen is not None and _dropped(context, seen, history[-1]):
        history = ()
    if history and own is not None and traits.station_class is StationClass.B:
        history = tuple(_at_present_curve(sent, own) for sent in history)
    if history:
        T_start, m_start = history[-1].T_supply, history[-1].m_flow
    else:
        T_start, m_start = _own_hold(context, traits, seen, own)
    return Case(
        context=context,
        traits=traits,
        seen=seen,
        wish=wish,
        own=own,
        T_there=_curve_there(context, traits, seen, own),
        history=history,
        T_start=T_start,
        m_start=m_start,
    )


def _own_curve(context: GuardContext, traits: LoopTraits) -> float | None:
    T_outdoor = context.T_outdoor_centre.value
    return None if T_outdoor is None else _finite(traits.own_curve(T_outdoor))


def _curve_there(
    context: GuardContext, traits: LoopTraits, seen: LoopObservation | None, own: float | None
) -> float | None:
    """Return where the fallback would lead, degC; ``own`` is the own curve at our outdoor temperature.

    A station that is not told our outdoor temperature goes by its sensor, and without one by a fixed value.
    """
    if traits.takes_outdoor or seen is None:
        return own
    its, known = seen.T_outdoor, T_OUTDOOR_BLIND_DEGC
    if its.value is not None and its.sound and recent(its, context.now):
        known = its.value
    return _finite(traits.own_curve(known))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _dropped(context: GuardContext, seen: LoopObservation, last: Sent) -> bool:
    """Tell whether the station says that it follows its own curve although we sent something.

    A poll from before the last write, or within two polls after it, cannot know yet.
    """
    if seen.remote is not False or seen.polled_at is None:
        return False
    poll_age = context.now - seen.polled_at
    return context.monotonic - last.at - poll_age > 2 * context.poll_s_of(seen.key.station)


def _at_present_curve(sent: Sent, own: float) -> Sent:
    then = own if sent.T_own_curve is None else sent.T_own_curve
    return Sent(at=sent.at, T_supply=sent.T_supply - then + own, m_flow=sent.m_flow, T_own_curve=own)


def supply_in_force(seen: LoopObservation) -> Reading:
    """Return what tells which supply temperature a loop follows that we do not hold, degC."""
    register = seen.T_supply_readback
    return register if seen.remote is True and register is not None else seen.T_supply_effective


def flow_in_force(seen: LoopObservation) -> Reading:
    """The same for circulation, kg/s."""
    register = seen.m_flow_readback
    return register if seen.remote is True and register is not None else seen.m_flow_effective


def _own_hold(
    context: GuardContext, traits: LoopTraits, seen: LoopObservation | None, own: float | None
) -> tuple[float, float]:
    """What a station holds that we hold not: as it reports, else its own curve and its design flow.

    One that follows the controller before this one holds what its register has, though a limiter may keep it
    below: taken over with what it reaches, it would be told less at each restart.

    Class B holds an offset, to a curve that need not be at our outdoor temperature, and its limiter may hold
    its supply elsewhere again: taken for the start, that difference would be written as an offset.
    """
    T_start = traits.T_supply_min_degC if own is None else own
    m_start = traits.m_flow_design
    if seen is None:
        return T_start, m_start
    T_supply, m_flow = supply_in_force(seen), flow_in_force(seen)
    if T_supply.value is not None and T_supply.sound and recent(T_supply, context.now):
        T_start = T_supply.value
    if traits.station_class is StationClass.B and own is not None and seen.dT_held is not None:
        T_start = own + seen.dT_held
    # A flow may be estimated from the heat: still nearer to the truth than design.
    if m_flow.value is not None and recent(m_flow, context.now):
        m_start = m_flow.value
    return T_start, m_start
