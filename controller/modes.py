"""Who decides for each loop, in which season state, by which strategy: what people laid down.

``Standing`` is that knowledge in memory. Orders replace parts of it (``controller/orders``), the store
keeps it over restarts, and the cycle looks at it once at its beginning. Whatever nobody ordered is as the
site file says; and where the site file was changed since an order, the file is the newer word and wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, NamedTuple

from controller.decisions import LoopKey, Mode, Proposal, Season
from controller.words.phrase import said

MASS_CHANGE_S = 3600.0
"""Scaled seconds that a confirmed mass change may take: the rates spread it over many cycles."""


class Subject(NamedTuple):
    """What an order is about."""

    kind: Literal["loop", "season", "strategy", "mass_change", "plan"]
    name: str
    """``S017/1`` for a loop and for how it takes plans; a station for a season, or empty for the network; a
    district; empty."""


def loop_subject(key: LoopKey) -> Subject:
    """Return the subject of a loop's mode and values."""
    return Subject("loop", str(key))


def plan_subject(key: LoopKey) -> Subject:
    """Return the subject of how a loop takes plans."""
    return Subject("plan", str(key))


NETWORK_SEASON = Subject("season", "")
MASS_CHANGE = Subject("mass_change", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopOrder:
    """What was last ordered for one loop."""

    order: int
    """Number of the order, 0 for the site file: who sees the same number sees the same order in force."""
    author: str
    reason: str
    mode: Mode
    base: Mode
    """The mode that follows when a manual order ends: local or auto."""
    configured: Mode
    """The site file's mode when this was ordered."""
    T_supply: float | None = None
    """Manual only: wanted secondary supply temperature, degC."""
    m_flow: float | None = None
    """Manual only: wanted secondary circulation, kg/s."""
    until: float | None = None
    """Manual only: UTC second (scaled) at which it ends."""

    def at(self, now: float) -> "LoopOrder":
        """Return what is in force at UTC second ``now``: a manual order that has ended has left its base."""
        if self.mode is not Mode.MANUAL or self.until is None or now < self.until:
            return self
        return replace(self, mode=self.base, T_supply=None, m_flow=None, until=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonOrder:
    """The season state of the network or of one station."""

    order: int
    author: str
    season: Season
    configured: Season
    """The site file's season when this was ordered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyOrder:
    """The strategy of a district."""

    order: int
    author: str
    strategy: str
    configured: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MassChangeOrder:
    """A person's word that the network may now be moved as a whole."""

    order: int
    author: str
    until: float
    """UTC second (scaled) at which it ends."""


class PlanChoice(StrEnum):
    """How a loop in auto takes what plans propose for it."""

    DISTRICT = "district"
    """As the strategy of its district: plans are followed where that is the optimizer."""
    HOLD = "hold"
    """No plan is applied to it: where its district follows plans it keeps the curve."""
    FOLLOW = "follow"
    """It follows plans, whatever the strategy of its district is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOrder:
    """A person's word on what plans propose for one loop."""

    order: int
    author: str
    reason: str
    choice: PlanChoice
    until: float | None = None
    """UTC second (scaled) at which it ends; None for ``DISTRICT`` only."""

    def at(self, now: float) -> "PlanOrder":
        """Return what is in force at UTC second ``now``."""
        if self.until is None or now < self.until:
            return self
        return replace(self, choice=PlanChoice.DISTRICT, until=None)


NO_PLAN_ORDER = PlanOrder(order=0, author="", reason="", choice=PlanChoice.DISTRICT)
Standing = LoopOrder | SeasonOrder | StrategyOrder | MassChangeOrder | PlanOrder
"""One order in force."""


@dataclass(slots=True, kw_only=True)
class Orders:
    """All orders in force. Owner: the order desk, on the event loop; the cycle reads."""

    season: Season = Season.HEATING
    """The site file's season."""
    modes: Mapping[LoopKey, Mode] = field(default_factory=dict)
    """The site file's modes."""
    strategies: Mapping[str, str] = field(default_factory=dict)
    """The site file's strategy by district."""
    standing: dict[Subject, Standing] = field(default_factory=dict)
    _loops: dict[LoopKey, LoopOrder] = field(default_factory=dict, init=False)
    _plans: dict[LoopKey, PlanOrder] = field(default_factory=dict, init=False)

    def put(self, subject: Subject, order: Standing) -> None:
        """Let an order stand in place of the one before."""
        self.standing[subject] = order
        if isinstance(order, LoopOrder):
            self._loops[self._key(subject)] = order
        elif isinstance(order, PlanOrder):
            self._plans[self._key(subject)] = order

    def _key(self, subject: Subject) -> LoopKey:
        return next(key for key in self.modes if str(key) == subject.name)

    def of(self, subject: Subject, now: float) -> Standing:
        """Return what is in force for a subject; without an order it is what the site file says, number 0."""
        order = self.standing.get(subject)
        if isinstance(order, LoopOrder | PlanOrder):
            return order.at(now)
        if order is not None:
            return order
        match subject.kind:
            case "loop":
                mode = next(mode for key, mode in self.modes.items() if str(key) == subject.name)
                return LoopOrder(order=0, author="", reason="", mode=mode, base=mode, configured=mode)
            case "season":
                season = self.season_of(subject.name)
                return SeasonOrder(order=0, author="", season=season, configured=self.season)
            case "strategy":
                strategy = self.strategies[subject.name]
                return StrategyOrder(order=0, author="", strategy=strategy, configured=strategy)
            case "plan":
                return NO_PLAN_ORDER
            case "mass_change":
                return MassChangeOrder(order=0, author="", until=0.0)

    def loops(self, now: float) -> dict[LoopKey, LoopOrder]:
        """Return the order in force for each loop that ever had one."""
        return {key: order.at(now) for key, order in self._loops.items()}

    def loop_at(self, key: LoopKey, now: float) -> LoopOrder:
        """Return what is in force for a loop."""
        order = self._loops.get(key)
        if order is not None:
            return order.at(now)
        mode = self.modes[key]
        return LoopOrder(order=0, author="", reason="", mode=mode, base=mode, configured=mode)

    def ended(self, now: float) -> list[tuple[LoopKey, LoopOrder]]:
        """Return the manual orders whose end has come."""
        return [
            (key, order)
            for key, order in self._loops.items()
            if order.mode is Mode.MANUAL and order.until is not None and now >= order.until
        ]

    def plan_orders(self, now: float) -> dict[LoopKey, PlanOrder]:
        """Return the loops that do not take plans as their district does, with who said so."""
        orders = {key: order.at(now) for key, order in self._plans.items()}
        return {key: order for key, order in orders.items() if order.choice is not PlanChoice.DISTRICT}

    def plan_orders_ended(self, now: float) -> list[tuple[LoopKey, PlanOrder]]:
        """Return the orders on plans whose end has come."""
        return [
            (key, order)
            for key, order in self._plans.items()
            if order.until is not None and now >= order.until
        ]

    def season_of(self, station: str) -> Season:
        """Return the season state of a station: its own order, else the network's, else the site file's."""
        for subject in (Subject("season", station), NETWORK_SEASON):
            order = self.standing.get(subject)
            if isinstance(order, SeasonOrder):
                return order.season
        return self.season

    def ordered_strategies(self) -> dict[str, str]:
        """Return the strategy of each district where one was ordered."""
        return {
            subject.name: order.strategy
            for subject, order in self.standing.items()
            if isinstance(order, StrategyOrder)
        }

    def ordered_seasons(self) -> bool:
        """Tell whether any season was ordered."""
        return any(isinstance(order, SeasonOrder) for order in self.standing.values())

    def wishes(self, now: float) -> dict[LoopKey, Proposal]:
        """Return what operators want of the loops that are in manual."""
        return {
            key: Proposal(
                key=key,
                T_supply=order.T_supply,
                m_flow=order.m_flow,
                author=f"operator:{order.author}",
                reason=said(
                    "operator.ordered",
                    author=order.author,
                    T_supply=order.T_supply,
                    order=order.order,
                    reason=order.reason,
                ),
            )
            for key, order in self.loops(now).items()
            if order.mode is Mode.MANUAL and order.T_supply is not None and order.m_flow is not None
        }

    def mass_change_confirmed(self, now: float) -> bool:
        """Tell whether a person confirmed a mass change within the last hour."""
        order = self.standing.get(MASS_CHANGE)
        return isinstance(order, MassChangeOrder) and now < order.until

    def overtaken(self) -> list[Subject]:
        """Return the subjects of orders that the site file has overtaken: changed there since, or gone."""
        return [subject for subject, order in self.standing.items() if self._overtaken(subject, order)]

    def drop(self, subject: Subject) -> None:
        """Forget an order at the start."""
        del self.standing[subject]
        if subject.kind == "loop":
            self._loops = {key: order for key, order in self._loops.items() if str(key) != subject.name}
        elif subject.kind == "plan":
            self._plans = {key: order for key, order in self._plans.items() if str(key) != subject.name}

    def _overtaken(self, subject: Subject, order: Standing) -> bool:
        match order:
            case LoopOrder():
                configured = {str(key): mode for key, mode in self.modes.items()}
                return configured.get(subject.name) is not order.configured
            case SeasonOrder():
                return order.configured is not self.season
            case StrategyOrder():
                return self.strategies.get(subject.name) != order.configured
            case PlanOrder():
                return subject.name not in {str(key) for key in self.modes}
            case MassChangeOrder():
                return False
