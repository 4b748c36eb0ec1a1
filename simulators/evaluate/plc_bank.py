"""The PLC laws of all loops at once, for virtual time: what ``simulators.plc.loop`` does, as arrays.

Who decides over a loop, and what was written, stays in the PLC objects (the door that drivers write to).
This bank reads their wishes, moves the setpoints and actuators scan by scan, and writes back what stations
report. A test holds it against the objects' own steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators.plant.arrays import same, some, within
from simulators.plc.cap import CAP_INTEGRAL_S, Y_AHEAD, Y_LEAST
from simulators.plc.control import INTEGRAL_S, PROPORTIONAL_PER_K, PUMP_INTEGRAL_S
from simulators.plc.limits import (
    FLOW_MIN_SHARE,
    NO_LIMIT,
    OVER_TEMPERATURE_K,
    RECOVER_K_PER_S,
    REDUCE_K_PER_S,
    REDUCTION_MAX_K,
    SHORTAGE_AFTER_S,
    SHORTAGE_GAP_K,
    T_RETURN_PRIMARY_MAX,
    T_SUPPLY_MIN,
    FROST_CLEAR_degC,
    FROST_RETURN_degC,
    Limit,
)
from simulators.plc.ramp import (
    FALLBACK_FLOW_SHARE_PER_S,
    FALLBACK_K_PER_S,
    REMOTE_K_PER_S,
    REMOTE_STEP_K,
)
from stations.model.setpoint import StationClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulators.plant.arrays import Floats, Indices
    from simulators.plc.curve import HeatingCurve
    from simulators.plc.loop import LoopPlc
    from simulators.plc.station import StationPlc

VALVE_OPEN = 0.97
FROST_SUPPLY_degC = 35.0
FROST_VALVE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How the controllers of a bank are set."""

    proportional_per_K: float = PROPORTIONAL_PER_K
    integral_s: float = INTEGRAL_S
    """Of the valves."""
    outdoor_filter_s: float = 0.0
    """Time constant with which the own curves follow the outdoor temperature."""


class _Curves:
    """The own curves of all loops, as ``HeatingCurve.at`` reads them: nearly every loop has another one."""

    def __init__(self, curves: Sequence[HeatingCurve]) -> None:
        self._by_points: list[tuple[Indices, Floats, Floats, Floats]] = []
        """Of the loops whose curves bend at the same temperatures: places, these, supplies and slopes."""
        for bends in {curve.T_outdoor: None for curve in curves}:
            places = np.array([i for i, curve in enumerate(curves) if curve.T_outdoor == bends])
            supply = np.array([curves[i].T_supply for i in places])
            slopes = np.diff(supply, axis=1) / np.diff(bends)
            self._by_points.append((places, np.array(bends), supply, slopes))
        self._n = len(curves)

    def at(self, T_outdoor: Floats) -> Floats:
        """Return the supply temperature of each loop in degC at its outdoor temperature."""
        found = np.empty(self._n)
        for places, bends, supply, slopes in self._by_points:
            outdoor, rows = T_outdoor[places], np.arange(len(places))
            left = np.searchsorted(bends, outdoor, side="right") - 1
            left = np.minimum(np.maximum(left, 0), len(bends) - 2)
            inside = slopes[rows, left] * (outdoor - bends[left]) + supply[rows, left]
            inside = np.where(outdoor <= bends[0], supply[:, 0], inside)
            found[places] = np.where(outdoor >= bends[-1], supply[:, -1], inside)
        return found


class PlcBank:
    """State of the controllers of all loops; arrays have shape (n_loops,). Owner: the city."""

    def __init__(
        self,
        stations: Sequence[StationPlc],
        y_valve: Floats,
        y_pump: Floats,
        tuning: Tuning | None = None,
        T_outdoor: Floats | float = 0.0,
    ) -> None:
        """``T_outdoor`` in degC is what filters of the outdoor temperature begin with, for each or all."""
        self._tuning = tuning or Tuning()
        self._T_filtered, self._learnt_at = np.broadcast_to(T_outdoor, len(stations)).copy(), -math.inf
        self._stations = stations
        self._plcs: list[LoopPlc] = [plc for station in stations for plc in station.loops]
        plcs = self._plcs
        self._station_of = np.repeat(np.arange(len(stations)), [len(s.loops) for s in stations])
        self._curves = _Curves([plc.curve for plc in plcs])
        self._class_T = np.array([plc.station_class is StationClass.T for plc in plcs])
        self._T_max = np.array([plc.rating.T_supply_max for plc in plcs])
        self._m_design = np.array([plc.rating.m_flow_design for plc in plcs])
        n = len(plcs)
        self.T_own = np.array([plc.T_own for plc in plcs])
        self.T_effective = np.array([plc.T_effective for plc in plcs])
        """Setpoint in force, degC."""
        self.m_effective = np.array([plc.m_flow_effective for plc in plcs])
        """Circulation in force, kg/s."""
        self.remote = np.zeros(n, dtype=np.bool_)
        self.curve_shift = np.zeros(n)
        """K by which somebody has moved the own curves."""
        self._wanted, self._wanted_flow = self.T_own.copy(), self.m_effective.copy()
        self._T_ramped, self._m_ramped = self.T_effective.copy(), self.m_effective.copy()
        self._ramping = np.zeros(n, dtype=np.bool_)
        self._reduction, self._short_s = np.zeros(n), np.zeros(n)
        self._return_cause = np.zeros(n, dtype=np.bool_)
        self._hot, self._frost = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
        self._valve, self._pump = y_valve.copy(), y_pump.copy()
        self._last_error = np.zeros(n)
        self._cap = np.full(len(stations), np.inf)
        """kg/s of primary flow; inf for none."""
        self._y_max = np.ones(len(stations))

    def learn(self, T_outdoor: Sequence[float | None], now: float) -> None:
        """Look up, at UTC second ``now``, who decides over each loop and what for.

        ``T_outdoor`` is each station's own sensor, None where there is none.
        """
        chosen = np.array([s.outdoor.choose(T, now) for s, T in zip(self._stations, T_outdoor, strict=True)])
        chosen = self._filtered(chosen, now)
        own = self._curves.at(chosen[self._station_of])
        self.T_own = np.clip(own + self.curve_shift, T_SUPPLY_MIN, self._T_max)
        wanted, flow = self.T_own.copy(), self._m_design.copy()
        remote = np.zeros(len(self._plcs), dtype=np.bool_)
        i = 0
        for row, station in enumerate(self._stations):
            of = station.station_class
            if of is StationClass.C:
                i += len(station.loops)
                continue
            if of is StationClass.A:
                self._cap[row] = station.cap.in_force(now)
            deadman_runs = of is StationClass.T and station.deadman.remaining_s(now) > 0.0
            for plc in station.loops:
                if of is StationClass.A and plc.lease.expired(now):
                    plc.begin_own_curve(now, "watchdog")
                if of is StationClass.T and plc.remote and not deadman_runs:
                    plc.begin_own_curve(now, "deadman")
                if plc.remote:
                    remote[i] = True
                if of is StationClass.B:
                    wanted[i] += plc.offset.dT
                elif plc.remote:
                    lease = of is StationClass.A
                    wanted[i] = plc.lease.T_supply if lease else plc.level.T_supply
                    if lease:
                        flow[i] = plc.lease.m_flow
                i += 1
        self._ramping = (self._ramping | (self.remote & ~self._class_T)) & ~remote
        self.remote = remote
        self._wanted = np.clip(wanted, T_SUPPLY_MIN, self._T_max)
        self._wanted_flow = np.clip(flow, FLOW_MIN_SHARE * self._m_design, self._m_design)

    def scan(
        self,
        T_supply: Floats,
        T_return: Floats,
        T_return_primary: Floats,
        m_flow: Floats,
        y_valve: Floats,
        dt: float,
        m_flow_primary: Floats | None = None,
    ) -> tuple[Floats, Floats]:
        """Return the commands (valve, pump), 0..1, after ``dt`` s with these measurements.

        Without ``m_flow_primary`` (kg/s through each loop's valve) no cap is kept.
        """
        if m_flow_primary is not None:
            self._keep_caps(m_flow_primary, y_valve, dt)
        self._move(dt)
        self._limit(T_supply, T_return_primary, y_valve, dt)
        self.T_effective = within(self._T_ramped - self._reduction, T_SUPPLY_MIN, self._T_max)
        self.m_effective = self._m_ramped
        if self._interlocked(T_supply, T_return):
            valve, m_set = self._under_interlock(T_supply, T_return, dt)
        else:
            self._step_valve(self.T_effective - T_supply, dt)
            valve, m_set = self._valve, self.m_effective
        pump = self._pump + (m_set - m_flow) / self._m_design * min(dt / PUMP_INTEGRAL_S, 1.0)
        self._pump = within(pump, 0.0, 1.0)
        return valve, self._pump

    def tell(self) -> None:
        """Write what is in force back to the PLC objects, which stations report from."""
        T_own, T, m = self.T_own.tolist(), self.T_effective.tolist(), self.m_effective.tolist()
        bits = self._limit_bits()
        for i, plc in enumerate(self._plcs):
            plc.T_own, plc.T_effective, plc.m_flow_effective = T_own[i], T[i], m[i]
            plc.limits = bits.get(i, NO_LIMIT)

    def _filtered(self, T_outdoor: Floats, now: float) -> Floats:
        """Return what the own curves take for the outdoor temperature of each station."""
        lag_s, passed_s = self._tuning.outdoor_filter_s, max(now - self._learnt_at, 0.0)
        if lag_s == 0.0:
            return T_outdoor
        if math.isfinite(passed_s):
            self._T_filtered = self._T_filtered + (T_outdoor - self._T_filtered) * passed_s / (
                lag_s + passed_s
            )
        self._learnt_at = now
        return self._T_filtered

    def _move(self, dt: float) -> None:
        if same(self._wanted, self._T_ramped) and same(self._wanted_flow, self._m_ramped):
            self._ramping = np.zeros_like(self._ramping)  # all are where they shall be, as mostly
            return
        distance = self._wanted - self._T_ramped
        pace = np.where(
            self.remote,
            np.where(np.abs(distance) <= REMOTE_STEP_K, np.inf, REMOTE_K_PER_S * dt),
            np.where(self._ramping, FALLBACK_K_PER_S * dt, np.inf),
        )
        self._T_ramped = self._T_ramped + np.clip(distance, -pace, pace)
        self._ramping = self._ramping & (np.abs(distance) > pace)
        most = np.where(self.remote, np.inf, FALLBACK_FLOW_SHARE_PER_S * dt * self._m_design)
        self._m_ramped = self._m_ramped + np.clip(self._wanted_flow - self._m_ramped, -most, most)

    def _limit(self, T_supply: Floats, T_return_primary: Floats, y_valve: Floats, dt: float) -> None:
        """Lower setpoints while the primary return is too hot or the primary side can give no more."""
        wide_open = y_valve > VALVE_OPEN
        too_hot = T_return_primary > T_RETURN_PRIMARY_MAX
        if not (some(wide_open) or some(too_hot) or some(self._reduction)):
            self._short_s[:] = 0.0
            return
        gap = self._T_ramped - self._reduction - T_supply
        self._short_s = np.where(wide_open & (gap > SHORTAGE_GAP_K), self._short_s + dt, 0.0)
        short = ~too_hot & (self._short_s > SHORTAGE_AFTER_S)
        bound = np.where(self._return_cause, T_return_primary > T_RETURN_PRIMARY_MAX - 2.0, wide_open)
        lowered = np.minimum(REDUCTION_MAX_K, self._reduction + REDUCE_K_PER_S * dt)
        raised = np.where(bound, self._reduction, np.maximum(0.0, self._reduction - RECOVER_K_PER_S * dt))
        self._reduction = np.where(too_hot | short, lowered, raised)
        self._return_cause = np.where(too_hot, True, np.where(short, False, self._return_cause))

    def _step_valve(self, error: Floats, dt: float, uncapped: NDArray[np.bool_] | None = None) -> None:
        tuning = self._tuning
        moved = error - self._last_error + error * dt / tuning.integral_s
        change = tuning.proportional_per_K * moved
        self._last_error = error
        most = self._y_max[self._station_of]
        if uncapped is not None:
            most = np.where(uncapped, 1.0, most)
        self._valve = np.minimum(within(self._valve + change, 0.0, 1.0), most)

    def _keep_caps(self, m_flow_primary: Floats, y_valve: Floats, dt: float) -> None:
        """Move the largest opening of each capped station's valves, as ``plc.cap`` does."""
        capped = np.isfinite(self._cap)
        if not some(capped):
            self._y_max[:] = 1.0
            return
        n = len(self._cap)
        drawn = np.bincount(self._station_of, weights=m_flow_primary, minlength=n)
        opened = np.zeros(n)
        np.maximum.at(opened, self._station_of, y_valve)
        cap = np.where(capped, self._cap, 1.0)
        error = np.clip((cap - drawn) / cap, -1.0, 1.0)
        reached = np.minimum(self._y_max, opened + Y_AHEAD) + error * dt / CAP_INTEGRAL_S
        self._y_max = np.where(capped, np.clip(reached, Y_LEAST, 1.0), 1.0)

    def _interlocked(self, T_supply: Floats, T_return: Floats) -> bool:
        return bool(
            some(self._hot)
            or some(self._frost)
            or some(T_supply > self._T_max + OVER_TEMPERATURE_K)
            or some(T_return < FROST_RETURN_degC)
        )

    def _under_interlock(self, T_supply: Floats, T_return: Floats, dt: float) -> tuple[Floats, Floats]:
        """Return valve command and wanted circulation where loops are over-heated or near frost."""
        too_hot, too_cold = T_supply > self._T_max + OVER_TEMPERATURE_K, T_return < FROST_RETURN_degC
        self._hot = too_hot | (self._hot & (T_supply >= self._T_max))
        self._frost = too_cold | (self._frost & (T_return <= FROST_CLEAR_degC))
        warmed = self._frost & ~self._hot
        wanted = np.where(warmed, np.maximum(self.T_effective, FROST_SUPPLY_degC), self.T_effective)
        error_before = self._last_error
        self._step_valve(wanted - T_supply, dt, uncapped=warmed)
        self._last_error = np.where(self._hot, error_before, self._last_error)
        self._valve = np.where(self._hot, 0.0, self._valve)
        least = np.maximum(self.m_effective, FLOW_MIN_SHARE * self._m_design)
        return (
            np.where(warmed, np.maximum(self._valve, FROST_VALVE), self._valve),
            np.where(warmed, least, self.m_effective),
        )

    def _limit_bits(self) -> dict[int, Limit]:
        """Return why the setpoint in force is not the one asked for, by loop; loops without a limit lack."""
        bits: dict[int, Limit] = {}
        for where, bit in (
            (self._T_ramped != self._wanted, Limit.RAMP),
            ((self._reduction > 0.0) & self._return_cause, Limit.RETURN_TEMPERATURE),
            ((self._reduction > 0.0) & ~self._return_cause, Limit.PRIMARY_SHORTAGE),
            (self._hot, Limit.OVER_TEMPERATURE),
            (self._frost, Limit.FROST),
        ):
            for i in np.flatnonzero(where).tolist():
                bits[i] = bits.get(i, NO_LIMIT) | bit
        return bits
