"""Hard limits, limiter and interlocks of one loop: what the PLC never does, whoever asks."""

from dataclasses import dataclass
from enum import IntFlag
from math import sqrt

T_SUPPLY_MAX = {"radiator": 85.0, "floor": 55.0}
"""degC by emitter; a loop may be commissioned lower, never higher."""

T_SUPPLY_MIN = 25.0
FLOW_MIN_SHARE = 0.30
"""Of design circulation: a loop in season never stands."""

T_RETURN_PRIMARY_MAX = 70.0
"""degC; above it the limiter lowers the setpoint, since hot return robs the network of capacity."""

SHORTAGE_AFTER_S = 300.0
SHORTAGE_GAP_K = 1.0
"""Valve open for 5 minutes and supply still 1 K short: the primary side can not give more."""

REDUCE_K_PER_S = 0.5 / 60.0
RECOVER_K_PER_S = 0.2 / 60.0
REDUCTION_MAX_K = 20.0

OVER_TEMPERATURE_K = 5.0
FROST_RETURN_degC = 5.0
FROST_CLEAR_degC = 8.0


class Limit(IntFlag):
    """Bits of ``limit_word``: why the effective setpoint is not the one asked for."""

    T_MAX = 1
    T_MIN = 2
    FLOW = 4
    RETURN_TEMPERATURE = 8
    PRIMARY_SHORTAGE = 16
    OVER_TEMPERATURE = 32
    FROST = 64
    RAMP = 128


NO_LIMIT = Limit(0)


def together(*bits: Limit) -> Limit:
    """Return all bits set; quick where none is, which is nearly always (an IntFlag's ``|`` is slow)."""
    result = NO_LIMIT
    for bit in bits:
        if bit is not NO_LIMIT:
            result |= bit
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopRating:
    """What was set at commissioning of one loop."""

    T_supply_max: float
    """degC."""
    m_flow_design: float
    """kg/s."""
    dp_design: float | None = None
    """kPa that drive ``m_flow_design``, where the pump is told a head."""
    m_flow_full: float | None = None
    """kg/s at full speed, where the pump is told a speed."""

    def told(self, m_flow: float) -> float:
        """Return a circulation (kg/s) as the pump is told it: as flow, head (kPa) or speed (fraction)."""
        if self.m_flow_full is not None:
            return m_flow / self.m_flow_full
        return m_flow if self.dp_design is None else self.dp_design * (m_flow / self.m_flow_design) ** 2

    def flow_of(self, told: float) -> float:
        """Return the circulation (kg/s) of what the pump is told."""
        if self.m_flow_full is not None:
            return told * self.m_flow_full
        return told if self.dp_design is None else self.m_flow_design * sqrt(max(told, 0.0) / self.dp_design)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopInputs:
    """What the PLC of one loop sees; measured values, unit inside."""

    T_supply: float
    T_return: float
    T_return_primary: float
    m_flow: float
    y_valve: float
    m_flow_primary: float = 0.0
    """kg/s, of the loop's own valve."""


def clamp_supply(T: float, rating: LoopRating) -> tuple[float, Limit]:
    """Return the supply setpoint inside the loop's hard limits and the bit of the limit that cut it."""
    if rating.T_supply_max < T:
        return rating.T_supply_max, Limit.T_MAX
    if T < T_SUPPLY_MIN:
        return T_SUPPLY_MIN, Limit.T_MIN
    return T, NO_LIMIT


def clamp_flow(m_flow: float, rating: LoopRating) -> tuple[float, Limit]:
    """Return the circulation setpoint inside 30..100 % of design and the bit if it was cut."""
    low = FLOW_MIN_SHARE * rating.m_flow_design
    if m_flow < low * (1.0 - 1e-6):
        return low, Limit.FLOW
    if m_flow > rating.m_flow_design * (1.0 + 1e-6):
        return rating.m_flow_design, Limit.FLOW
    return m_flow, NO_LIMIT


@dataclass(slots=True)
class Limiter:
    """Lowers the setpoint while the primary return is too hot or the primary side can not deliver."""

    reduction: float = 0.0
    """K below what was asked for."""
    _short_for_s: float = 0.0
    _cause: Limit = NO_LIMIT

    def step(self, wanted: float, seen: LoopInputs, dt: float) -> tuple[float, Limit]:
        """Return (setpoint in degC after reduction, bits) for a wish in degC, ``dt`` seconds later."""
        gap = wanted - self.reduction - seen.T_supply
        open_and_short = seen.y_valve > 0.97 and gap > SHORTAGE_GAP_K
        self._short_for_s = self._short_for_s + dt if open_and_short else 0.0
        if seen.T_return_primary > T_RETURN_PRIMARY_MAX:
            self._reduce(Limit.RETURN_TEMPERATURE, dt)
        elif self._short_for_s > SHORTAGE_AFTER_S:
            self._reduce(Limit.PRIMARY_SHORTAGE, dt)
        elif self.reduction > 0.0 and not self._still_bound(seen):
            self.reduction = max(0.0, self.reduction - RECOVER_K_PER_S * dt)
        if self.reduction == 0.0:
            self._cause = NO_LIMIT
        return wanted - self.reduction, self._cause

    def _reduce(self, cause: Limit, dt: float) -> None:
        self.reduction = min(REDUCTION_MAX_K, self.reduction + REDUCE_K_PER_S * dt)
        self._cause = cause

    def _still_bound(self, seen: LoopInputs) -> bool:
        if self._cause is Limit.RETURN_TEMPERATURE:
            return seen.T_return_primary > T_RETURN_PRIMARY_MAX - 2.0
        return seen.y_valve > 0.97


@dataclass(slots=True)
class Interlocks:
    """Over-temperature shuts the valve, frost opens it; both latch until clearly past."""

    over_temperature: bool = False
    frost: bool = False

    def step(self, seen: LoopInputs, rating: LoopRating) -> Limit:
        """Return the bits of the interlocks that act now."""
        if seen.T_supply > rating.T_supply_max + OVER_TEMPERATURE_K:
            self.over_temperature = True
        elif seen.T_supply < rating.T_supply_max:
            self.over_temperature = False
        if seen.T_return < FROST_RETURN_degC:
            self.frost = True
        elif seen.T_return > FROST_CLEAR_degC:
            self.frost = False
        hot = Limit.OVER_TEMPERATURE if self.over_temperature else NO_LIMIT
        return together(hot, Limit.FROST if self.frost else NO_LIMIT)
