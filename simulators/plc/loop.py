"""The PLC of one loop: whose wish counts, what becomes of it, and what valve and pump do about it."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from simulators.plc.authority import DeadMan, LoopLease, LoopLevel, LoopOffset
from simulators.plc.control import PumpController, ValveController
from simulators.plc.curve import HeatingCurve
from simulators.plc.limits import (
    FLOW_MIN_SHARE,
    NO_LIMIT,
    Interlocks,
    Limit,
    Limiter,
    LoopInputs,
    LoopRating,
    clamp_flow,
    clamp_supply,
    together,
)
from simulators.plc.ramp import FALLBACK_FLOW_SHARE_PER_S, FALLBACK_K_PER_S, approach, follow_centre
from stations.model.setpoint import StationClass

_EVENTS_KEPT = 1000
_FROST_SUPPLY_degC = 35.0
_FROST_VALVE = 0.3


class ControlState(StrEnum):
    """Who decides over a loop."""

    OWN_CURVE = "own_curve"
    REMOTE = "remote"
    RAMPING = "ramping"
    """On the way back from the centre's last setpoint to the own curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlcEvent:
    """A change of who decides."""

    at: float
    """UTC second."""
    loop: int
    state: ControlState
    """``REMOTE`` or ``OWN_CURVE`` (its beginning, at the first step of the ramp)."""
    why: str
    """``setpoint``, ``watchdog``, ``deadman``, ``hand_back``, ``level``, ``offset`` or ``neutral``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopOutputs:
    """What the PLC sends to the actuators."""

    valve: float
    """0..1."""
    pump: float
    """0..1 of full speed."""


class LoopPlc:
    """State and logic of one loop; owned by its station's PLC, stepped with the plant.

    Class A and T follow absolute setpoints, class B the own curve plus an offset, class C the own curve.
    Falling back ramps the setpoint in force by 0.2 K/min, except in class T: the real device is not known
    to ramp, so the worse is simulated and the setpoint jumps.
    """

    def __init__(
        self,
        *,
        number: int,
        station_class: StationClass,
        curve: HeatingCurve,
        rating: LoopRating,
        T_outdoor: float,
        valve: float,
        pump: float,
    ) -> None:
        self.number = number
        self.station_class = station_class
        self.curve = curve
        self.rating = rating
        self.T_own, _ = clamp_supply(curve.at(T_outdoor), rating)
        """Own curve's supply temperature now, degC."""
        self.T_effective = self.T_own
        """Setpoint in force, degC, after ramp, clamps and limiter."""
        self.m_flow_effective = rating.m_flow_design
        """Circulation setpoint in force, kg/s."""
        self.limits = NO_LIMIT
        self.remote = False
        self.events: deque[PlcEvent] = deque(maxlen=_EVENTS_KEPT)
        self.lease = LoopLease(T_supply=self.T_own, m_flow=rating.m_flow_design)
        self.level = LoopLevel(T_supply=self.T_own)
        self.offset = LoopOffset()
        self._T_ramped = self.T_own
        self._m_flow_ramped = rating.m_flow_design
        self._ramping = False
        self._limiter = Limiter()
        self._interlocks = Interlocks()
        self._valve = ValveController(command=valve)
        self._pump = PumpController(command=pump)

    @property
    def state(self) -> ControlState:
        """Who decides now."""
        if self.remote:
            return ControlState.REMOTE
        return ControlState.RAMPING if self._ramping else ControlState.OWN_CURVE

    def begin_remote(self, now: float, why: str) -> None:
        """Let the centre decide from ``now``."""
        if not self.remote:
            self.remote, self._ramping = True, False
            self.events.append(PlcEvent(at=now, loop=self.number, state=ControlState.REMOTE, why=why))

    def begin_own_curve(self, now: float, why: str) -> None:
        """Return to the own curve from ``now``."""
        self.lease.expires_at = None
        self.level.remote = False
        if self.remote:
            self.remote, self._ramping = False, self.station_class is not StationClass.T
            self.events.append(PlcEvent(at=now, loop=self.number, state=ControlState.OWN_CURVE, why=why))

    def step(
        self,
        seen: LoopInputs,
        T_outdoor: float,
        deadman: DeadMan,
        now: float,
        dt: float,
        y_max: float = 1.0,
    ) -> LoopOutputs:
        """Run one scan at UTC second ``now``, ``dt`` seconds after the last.

        The valve opens to ``y_max`` at most, as far as no interlock wants more.
        """
        self._check_authority(deadman, now)
        self.T_own, _ = clamp_supply(self.curve.at(T_outdoor), self.rating)
        wanted, clamped = clamp_supply(self._wanted_supply(), self.rating)
        stretched = self._move_supply(wanted, dt)
        reduced, cause = self._limiter.step(self._T_ramped, seen, dt)
        self.T_effective, too_low = clamp_supply(reduced, self.rating)
        flow, cut = clamp_flow(self._wanted_flow(), self.rating)
        self._move_flow(flow, dt)
        interlocks = self._interlocks.step(seen, self.rating)
        self.limits = together(clamped, stretched, cause, too_low, cut, interlocks)
        return self._actuate(seen, dt, y_max)

    def _check_authority(self, deadman: DeadMan, now: float) -> None:
        if self.lease.expired(now):
            self.begin_own_curve(now, "watchdog")
        if self.remote and self.station_class is StationClass.T and deadman.remaining_s(now) <= 0.0:
            self.begin_own_curve(now, "deadman")

    def _wanted_supply(self) -> float:
        if self.station_class is StationClass.B:
            return self.T_own + self.offset.dT
        if not self.remote:
            return self.T_own
        return self.lease.T_supply if self.station_class is StationClass.A else self.level.T_supply

    def _wanted_flow(self) -> float:
        if self.remote and self.station_class is StationClass.A:
            return self.lease.m_flow
        return self.rating.m_flow_design

    def _move_supply(self, wanted: float, dt: float) -> Limit:
        if self.remote:
            self._T_ramped = follow_centre(self._T_ramped, wanted, dt)
        elif self._ramping:
            self._T_ramped = approach(self._T_ramped, wanted, FALLBACK_K_PER_S * dt)
            self._ramping = self._T_ramped != wanted
        else:
            self._T_ramped = wanted
        return Limit.RAMP if self._T_ramped != wanted else NO_LIMIT

    def _move_flow(self, wanted: float, dt: float) -> None:
        if self.remote:
            self._m_flow_ramped = wanted
        else:
            most = FALLBACK_FLOW_SHARE_PER_S * self.rating.m_flow_design * dt
            self._m_flow_ramped = approach(self._m_flow_ramped, wanted, most)
        self.m_flow_effective = self._m_flow_ramped

    def _actuate(self, seen: LoopInputs, dt: float, y_max: float) -> LoopOutputs:
        m_flow_set = self.m_flow_effective
        if self._interlocks.over_temperature:
            valve = self._valve.force(0.0)
        elif self._interlocks.frost:
            T_set = max(self.T_effective, _FROST_SUPPLY_degC)
            valve = max(self._valve.step(T_set, seen.T_supply, dt), _FROST_VALVE)
            m_flow_set = max(m_flow_set, FLOW_MIN_SHARE * self.rating.m_flow_design)
        else:
            valve = self._valve.step(self.T_effective, seen.T_supply, dt, y_max)
        pump = self._pump.step(m_flow_set, seen.m_flow, self.rating.m_flow_design, dt)
        return LoopOutputs(valve=valve, pump=pump)
