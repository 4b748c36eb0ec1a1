"""Compares what a centre wrote with the limits of the contract. No sockets, no clock: time is an argument."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import assert_never

from simulators import limits_table as table
from simulators.meaning import (
    Beat,
    DeadManTime,
    Forbidden,
    Harmless,
    Meaning,
    Offset,
    OutdoorCentre,
    PrimaryCap,
    Setpoint,
)

_15_MIN_S = 900.0
_5_MIN_S = 300.0
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One break of the contract, without station and time."""

    loop: int
    what: str
    value: float
    limit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a loop was doing when a write arrived."""

    remote: bool
    T: float | None
    """Effective supply setpoint, degC."""
    flow: float | None
    """Effective circulation, kg/s."""
    dT: float | None
    """Offset in force, K."""
    T_outdoor: float | None = None
    """Outdoor temperature that the station's own curve runs on, degC; None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopBounds:
    """What the judge knows of a loop from the station list."""

    emitter: str
    """``radiator``, ``floor`` or ``source``."""
    m_flow_design: float
    """kg/s, or on the scale on which its device is told circulation (``limits_table.DeviceTable``)."""
    own_supply: Callable[[float], float] | None = None
    """The station's own curve: outdoor degC to supply degC. None where no station list tells it."""
    own_band_K: float = table.T_OWN_CURVE_BAND_K
    flow_min_share: float = table.FLOW_MIN_SHARE
    """Of design flow."""


@dataclass(slots=True)
class _Trace:
    """Values in force over the last 15 minutes, as (since, value)."""

    values: deque[tuple[float, float]] = field(default_factory=deque)

    def restart(self, now: float, value: float | None) -> None:
        self.values = deque([] if value is None else [(now, value)])

    def add(self, now: float, value: float) -> None:
        self.values.append((now, value))
        while len(self.values) > 1 and self.values[1][0] <= now - _15_MIN_S:
            self.values.popleft()

    @property
    def last(self) -> float | None:
        return self.values[-1][1] if self.values else None

    def travel(self, new: float, since: float) -> float:
        """Return the largest distance of ``new`` from a value that was in force after ``since``."""
        ends = [*(at for at, _ in self.values), math.inf][1:]
        in_force = (value for (_, value), end in zip(self.values, ends, strict=False) if end > since)
        return max((abs(new - value) for value in in_force), default=0.0)


@dataclass(slots=True)
class _Ledger:
    """What was written to one loop."""

    T: _Trace = field(default_factory=_Trace)
    flow: _Trace = field(default_factory=_Trace)
    offset: _Trace = field(default_factory=_Trace)
    flow_moved: tuple[float, float] | None = None
    """(UTC second, direction) of the last change of flow since the loop was taken over."""
    fence: tuple[int, int] = (0, 0)
    changes: deque[float] = field(default_factory=deque)
    """Times of changed values within a day."""


class Judge:
    """The contract's view of one station.

    ``slack_s`` shortens every window of time: the centre counts when it sends, the judge when a write
    arrives, and a slow link can bring two writes closer together.
    """

    def __init__(
        self,
        device: table.DeviceTable,
        loops: dict[int, LoopBounds],
        held: Callable[[int], Held],
        slack_s: float,
        primary: Callable[[], tuple[float | None, float | None]] = lambda: (None, None),
    ) -> None:
        """``primary`` tells the station's primary flow and the cap in force, kg/s; None for none."""
        self._device = device
        self._loops = loops
        self._held = held
        self._slack_s = slack_s
        self._ledgers = {loop: _Ledger() for loop in loops}
        self._token = 0
        self._outdoor: deque[tuple[float, float]] = deque()
        """(UTC second, degC) of what the station was told lately."""
        self._primary = primary
        self._cap_fence = (0, 0)
        self._uncapped: float | None = None
        """kg/s that the station drew when it was capped."""

    def judge(self, meaning: Meaning, now: float) -> list[Breach]:
        """Return every break that a write means when it arrives at UTC second ``now``."""
        match meaning:
            case Forbidden():
                return [Breach(loop=0, what=meaning.what, value=meaning.value, limit=meaning.limit)]
            case Setpoint() | Offset() if meaning.loop not in self._loops:
                return [
                    Breach(loop=meaning.loop, what="loop", value=meaning.loop, limit="a loop of the station")
                ]
            case Setpoint():
                return list(self._setpoint(meaning, now))
            case Offset():
                return list(self._offset(meaning, now))
            case Beat():
                return list(self._beat(meaning))
            case DeadManTime():
                return list(_inside(0, "dead-man", meaning.seconds, (0.0, table.DEADMAN_MAX_S)))
            case PrimaryCap():
                return list(self._capped(meaning))
            case OutdoorCentre():
                return list(self._told_outdoor(meaning.T, now))
            case Harmless():
                return []
            case _:
                assert_never(meaning)

    def _setpoint(self, new: Setpoint, now: float) -> Iterator[Breach]:
        loop, ledger, bounds = new.loop, self._ledgers[new.loop], self._loops[new.loop]
        yield from self._fence(new, ledger)
        held = self._held(loop)
        T_max = table.T_SUPPLY_MAX_degC[bounds.emitter]
        T_range = (table.T_SUPPLY_MIN_degC - table.T_TOLERANCE_K, T_max + table.T_TOLERANCE_K)
        yield from _inside(loop, "T_supply", new.T, T_range)
        yield from _near_own_curve(new, held, bounds)
        before = (ledger.T.last, ledger.flow.last)
        step_max = table.T_STEP_MAX_K + table.T_TOLERANCE_K
        if not held.remote or ledger.T.last is None:
            ledger.T.restart(now, held.T)
            ledger.flow.restart(now, held.flow)
            ledger.flow_moved = None
            step_max = table.T_STEP_MAX_K + table.TAKEOVER_TOLERANCE_K
        yield from _at_most(loop, "T_supply step", abs(new.T - _or(ledger.T.last, new.T)), step_max)
        since = now - _15_MIN_S + self._slack_s
        most = table.T_15_MIN_MAX_K + table.TAKEOVER_TOLERANCE_K
        yield from _at_most(loop, "T_supply in 15 min", ledger.T.travel(new.T, since), most)
        ledger.T.add(now, new.T)
        if new.flow is not None:
            yield from self._flow(loop, new.flow, held.remote, now)
        if before != (new.T, new.flow):
            yield from self._wear(loop, ledger, now)

    def _flow(self, loop: int, flow: float, remote: bool, now: float) -> Iterator[Breach]:
        """Judge circulation as a share of the loop's design flow."""
        trace, design = self._ledgers[loop].flow, self._loops[loop].m_flow_design
        tolerance = table.FLOW_TOLERANCE_SHARE if remote else table.TAKEOVER_FLOW_TOLERANCE_SHARE
        share = flow / design
        least = self._loops[loop].flow_min_share - table.FLOW_TOLERANCE_SHARE
        yield from _inside(loop, "flow share", share, (least, 1.0 + table.FLOW_TOLERANCE_SHARE))
        for name, window_s, most in (
            ("flow in 5 min", _5_MIN_S, table.FLOW_5_MIN_MAX_SHARE),
            ("flow in 15 min", _15_MIN_S, table.FLOW_15_MIN_MAX_SHARE),
        ):
            travel = trace.travel(flow, now - max(0.0, window_s - self._slack_s)) / design
            yield from _at_most(loop, name, travel, most + tolerance)
        yield from self._turn(loop, flow, now)
        trace.add(now, flow)

    def _turn(self, loop: int, flow: float, now: float) -> Iterator[Breach]:
        """Judge whether circulation turns from rising to falling, or back, too soon."""
        ledger, design = self._ledgers[loop], self._loops[loop].m_flow_design
        change = (flow - _or(ledger.flow.last, flow)) / design
        if not abs(change) > table.FLOW_TOLERANCE_SHARE:
            return
        direction = math.copysign(1.0, change)
        moved_at, before = ledger.flow_moved or (-math.inf, direction)
        least_s = table.FLOW_TURN_MIN_S - self._slack_s
        if direction != before and now - moved_at < least_s:
            limit = f">= {table.FLOW_TURN_MIN_S:.0f} s"
            yield Breach(loop=loop, what="flow turned after", value=now - moved_at, limit=limit)
        ledger.flow_moved = (now, direction)

    def _told_outdoor(self, T: float, now: float) -> Iterator[Breach]:
        """Judge an outdoor temperature by itself and by what the station was told before."""
        low, high = table.OUTDOOR_RANGE_degC
        yield from _inside(0, "T_outdoor_centre", T, (low, high))
        if not low <= T <= high:
            return
        while self._outdoor and now - self._outdoor[0][0] > table.OUTDOOR_VALID_S:
            self._outdoor.popleft()
        paces = (
            abs(T - told) - table.OUTDOOR_MAX_K_PER_H * (now - at + self._slack_s) / 3600.0
            for at, told in self._outdoor
        )
        beyond = max(paces, default=0.0)
        if beyond > table.OUTDOOR_TOLERANCE_K:
            limit = f"{table.OUTDOOR_MAX_K_PER_H:g} K/h since it was told before"
            yield Breach(loop=0, what="pace of T_outdoor_centre", value=T, limit=limit)
        self._outdoor.append((now, T))

    def _capped(self, new: PrimaryCap) -> Iterator[Breach]:
        """Judge a cap by what the station drew without one, and by the cap before it."""
        fence = (new.token, new.sequence)
        if fence <= self._cap_fence or new.token < self._token:
            limit = f"> {self._cap_fence} and token >= {self._token}"
            yield Breach(loop=0, what=f"order of cap, token {new.token}", value=new.sequence, limit=limit)
        self._cap_fence = max(self._cap_fence, fence)
        self._token = max(self._token, new.token)
        yield from _inside(0, "cap", new.m_flow_max, (1e-9, math.inf))
        drawn, before = self._primary()
        if before is None or before >= table.CAP_LIFTED_KG_PER_S:
            self._uncapped = before = drawn
        if self._uncapped is None or before is None:
            return
        share = self._uncapped * (1.0 - table.FLOW_TOLERANCE_SHARE)
        least = max(table.CAP_MIN_SHARE * share, before - table.CAP_STEP_MAX_SHARE * self._uncapped)
        yield from _inside(0, "cap", new.m_flow_max, (least, math.inf))

    def _fence(self, new: Setpoint, ledger: _Ledger) -> Iterator[Breach]:
        if new.token is None or new.sequence is None:
            return
        if (new.token, new.sequence) <= ledger.fence or new.token < self._token:
            limit = f"> {ledger.fence} and token >= {self._token}"
            yield Breach(loop=new.loop, what=f"order of token {new.token}", value=new.sequence, limit=limit)
        ledger.fence = max(ledger.fence, (new.token, new.sequence))
        self._token = max(self._token, new.token)

    def _offset(self, new: Offset, now: float) -> Iterator[Breach]:
        ledger = self._ledgers[new.loop]
        low, high = table.OFFSET_RANGE_K
        tolerance = table.T_TOLERANCE_K
        yield from _inside(new.loop, "offset", new.dT, (low - tolerance, high + tolerance))
        if ledger.offset.last is None:
            ledger.offset.restart(now, _or(self._held(new.loop).dT, 0.0))
        if abs(new.dT) < tolerance:  # neutral hands the loop back and may come at any time
            ledger.offset.restart(now, 0.0)
            return
        step = abs(new.dT - _or(ledger.offset.last, 0.0))
        yield from _at_most(new.loop, "offset step", step, table.T_STEP_MAX_K + tolerance)
        if step > 0.0:
            yield from self._wear(new.loop, ledger, now)
        ledger.offset.add(now, new.dT)

    def _wear(self, loop: int, ledger: _Ledger, now: float) -> Iterator[Breach]:
        """Judge how often a register changes."""
        gap_s = table.EEPROM_GAP_S if self._device.eeprom else table.VOLATILE_GAP_S
        if ledger.changes and now - ledger.changes[-1] < gap_s - self._slack_s:
            elapsed = now - ledger.changes[-1]
            yield Breach(loop=loop, what="register wear", value=elapsed, limit=f"one change in {gap_s:.0f} s")
        ledger.changes.append(now)
        while ledger.changes[0] < now - _DAY_S:
            ledger.changes.popleft()
        if self._device.eeprom:
            most = float(table.EEPROM_CHANGES_PER_DAY)
            yield from _at_most(loop, "changes a day", float(len(ledger.changes)), most)

    def _beat(self, beat: Beat) -> Iterator[Breach]:
        if self._device.eeprom or not self._device.fenced:
            yield Breach(loop=0, what="heartbeat", value=beat.token, limit="no heartbeat to this device")
        yield from _inside(0, "valid_for", beat.valid_for_s, table.VALID_FOR_RANGE_S)
        if beat.token < self._token:
            yield Breach(loop=0, what="token of a heartbeat", value=beat.token, limit=f">= {self._token}")
        self._token = max(self._token, beat.token)


def _near_own_curve(new: Setpoint, held: Held, bounds: LoopBounds) -> Iterator[Breach]:
    """Judge the distance from where a fallback would lead; hard limits may keep a loop further away.

    A curve can run away from what is held, as with a sensor that drifts by 6 K/h: then the write must come
    back as far as one write may.
    """
    if held.T_outdoor is None or bounds.own_supply is None:
        return
    own = bounds.own_supply(held.T_outdoor)
    back = 0.0 if held.T is None else abs(held.T - own) - abs(new.T - own)
    if back >= table.T_STEP_MAX_K - table.T_TOLERANCE_K:
        return
    most = bounds.own_band_K + table.OWN_CURVE_TOLERANCE_K
    yield from _inside(new.loop, "T_supply beside own curve", new.T, (own - most, own + most))


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _inside(loop: int, what: str, value: float, limits: tuple[float, float]) -> Iterator[Breach]:
    """Yield a breach unless the value lies inside; NaN never does."""
    if not limits[0] <= value <= limits[1]:
        yield Breach(loop=loop, what=what, value=value, limit=f"{limits[0]:g}..{limits[1]:g}")


def _at_most(loop: int, what: str, value: float, limit: float) -> Iterator[Breach]:
    if not value <= limit:
        yield Breach(loop=loop, what=what, value=value, limit=f"<= {limit:g}")
