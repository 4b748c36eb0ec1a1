"""What runs a city without a centre: own curves of the stations, dispatch of the sources.

``OwnControl.inputs`` says what valves, pumps and sources are told for the next step. It is no part of the
plant: a centre takes its place. The valves' controllers integrate, as slow ones do; their gain follows the
length of a step so that they settle in a few minutes and never hunt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from simulators.citygen.model import EMITTERS, GeneratedCity
from simulators.fieldtruth.network_pumps import PumpControl
from simulators.plant.arrays import Floats, every, some
from simulators.plant.city_parts import CityInputs, CityOutputs, CityParams, CityState
from simulators.plant.facade import Sky, horizontal
from simulators.plant.network.graph import Flags
from simulators.plant.water import C_WATER
from simulators.plc.source import OwnHold

VALVE_PER_K = 0.008
"""Stroke a step and K of error; a stroke gives 15..40 K here."""
START_SHARE, STOP_SHARE = 0.97, 0.80
"""Peak plants start when base plants need so much of their capacity, and stop below."""
LOAD_LAG_S = 3600.0
"""Dispatchers look at the hour, not at the minute."""
MIN_RUN_S = 4.0 * 3600.0
"""A peak plant that gives heat goes on for so long: each start costs fuel and life. An operator's rule and no
calibrated figure; it only bounds how short a run can be."""
FALL_MIN_K = 10.0
"""Least fall of temperature that a source's least flow is reckoned with."""


class Curves(Protocol):
    """Curves of all loops."""

    def at(self, T_outdoor: Floats | float) -> Floats:
        """Return the supply setpoint of each loop, shape (n_loops,), by one or by each one's temperature."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCurves:
    """Supply temperature by filtered outdoor temperature, as commissioned: lines between points, degC."""

    T_outdoor: Floats
    """Rising, shape (n_points,)."""
    T_supply: Floats
    """Of each loop there, shape (n_loops, n_points); flat beyond the ends."""
    is_floor: Flags

    def at(self, T_outdoor: Floats | float) -> Floats:
        """Return the supply setpoint of each loop, shape (n_loops,), by one or by each one's temperature."""
        x = self.T_outdoor
        if isinstance(T_outdoor, float):
            i = min(max(int(np.searchsorted(x, T_outdoor, side="right")) - 1, 0), len(x) - 2)
            part = min(max((T_outdoor - float(x[i])) / float(x[i + 1] - x[i]), 0.0), 1.0)
            low, high = self.T_supply[:, i], self.T_supply[:, i + 1]
            return np.asarray(low + part * (high - low))
        left = np.minimum(np.maximum(np.searchsorted(x, T_outdoor, side="right") - 1, 0), len(x) - 2)
        share = (T_outdoor - x[left]) / (x[left + 1] - x[left])
        share = np.minimum(np.maximum(share, 0.0), 1.0)
        rows = np.arange(len(self.T_supply))
        low, high = self.T_supply[rows, left], self.T_supply[rows, left + 1]
        return np.asarray(low + share * (high - low))


def as_ordered(told: CityInputs, orders: Mapping[int, tuple[float, float]]) -> CityInputs:
    """Return what everything is told with the supply (degC) and head (kPa) that sources, by row, shall hold.

    Only the first source holds a head; the flow of the others is the dispatch's.
    """
    if not orders:
        return told
    T_set, dp = told.source_T_set.copy(), told.source_dp
    for row, (T_supply, head) in orders.items():
        T_set[row] = T_supply
        dp = head if row == 0 else dp
    return replace(told, source_T_set=T_set, source_dp=dp)


def own_curves(city: GeneratedCity, tables: dict[str, Any]) -> OwnCurves:
    """Return the stations' own curves as the field was audited on them."""
    p, is_floor = tables["own_curve"], city.loops.emitter == EMITTERS.index("floor")
    common = np.where(is_floor[:, None], np.array(p["floor"]), np.array(p["radiator"]))
    return OwnCurves(
        T_outdoor=np.array(p["T_outdoor_degC"]),
        T_supply=common + city.loops.curve_offset[:, None],
        is_floor=is_floor,
    )


class OwnControl:
    """Owner of the controllers' memory of one city: filtered outdoor temperature, commands, orders."""

    def __init__(
        self,
        params: CityParams,
        curves: Curves,
        tables: dict[str, Any],
        *,
        T_outdoor: float,
        dp_source: float,
        base: Flags,
        fouling: Floats,
        pump_speed: Floats,
    ) -> None:
        n, n_sources = len(params.station.UA), params.network.n_sources
        self._params, self._curves, self._source, self._base = params, curves, tables["source"], base
        self._filter_s = tables["own_curve"]["outdoor_filter_h"] * 3600.0
        self._lag_s = tables["source"]["outdoor_lag_h"] * 3600.0
        self._T_station, self._T_source = np.full(n, T_outdoor), T_outdoor
        self.curve_shift = np.zeros(n)
        """K that somebody has moved each loop's curve by."""
        self.sun_gain = np.zeros(n)
        """K that each loop's outdoor sensor is too warm per W/m2 of sun on the horizontal."""
        self._pumps = PumpControl(params.network, tables["network"]["dp_worst_kPa"])
        self._capacity = float(params.source.Q_max[base].sum())
        """kW of all base plants."""
        self._load: float | None = None
        self._peak = False
        self._part = np.where(base, 1.0, 0.0)
        """Of its fair share of the flow that each source takes."""
        self._plain = CityInputs(
            sky=Sky(
                T_outdoor=T_outdoor,
                wind=2.0,
                sun_direct=0.0,
                sun_diffuse=0.0,
                sun_elevation=-10.0,
                sun_azimuth=0.0,
            ),
            valve=np.full(n, 0.7),
            pump=params.station.m_flow_design / params.station.m_flow_max,
            source_on=base.copy(),
            source_T_set=np.zeros(n_sources),
            source_dp=dp_source,
            source_m_flow=np.zeros(n_sources),
            source_share=np.ones(n_sources),
            pump_speed=pump_speed,
            leak=np.zeros(params.network.n_nodes),
            fouling=fouling,
            stuck=np.zeros(n, dtype=np.bool_),
            tripped=np.zeros(n, dtype=np.bool_),
            burst=np.zeros(n),
            hole=np.zeros(n),
        )

    def T_supply_set(self) -> Floats:  # noqa: N802 - a field symbol
        """Return what the own curves ask for now in degC, shape (n_loops,)."""
        each = self._T_station
        # they differ while the sun stands on sensors, and for some hours after
        first = float(each[0])
        return self._curves.at(first if every(each == first) else each) + self.curve_shift

    @property
    def T_source(self) -> float:  # noqa: N802 - a field symbol
        """The damped outdoor temperature that the sources' curve goes by, degC."""
        return self._T_source

    def T_source_set(self) -> float:  # noqa: N802 - a field symbol
        """Return what the sources' curve asks for now in degC."""
        return float(np.interp(self._T_source, self._source["T_outdoor_degC"], self._source["T_supply_degC"]))

    def own_hold(self) -> OwnHold:
        """Return what all sources hold by themselves now."""
        return OwnHold(T_supply=self.T_source_set(), dp=self._plain.source_dp, T_outdoor=self._T_source)

    def inputs(self, state: CityState, last: CityOutputs | None, sky: Sky, dt: float) -> CityInputs:
        """Return what everything is told for the next ``dt`` s."""
        shown = sky.T_outdoor + self.sun_gain * horizontal(sky)
        self._T_station = self._T_station + (shown - self._T_station) * dt / (self._filter_s + dt)
        error = self.T_supply_set() - state.T_supply
        valve = np.minimum(np.maximum(self._plain.valve + VALVE_PER_K * error, 0.0), 1.0)
        return self._told(state, last, sky, dt, valve, self._plain.pump)

    def of_sources(
        self, state: CityState, last: CityOutputs | None, sky: Sky, dt: float, valve: Floats, pump: Floats
    ) -> CityInputs:
        """Return what everything is told, where somebody else commands valves and pumps of the loops."""
        return self._told(state, last, sky, dt, valve, pump)

    def _told(
        self, state: CityState, last: CityOutputs | None, sky: Sky, dt: float, valve: Floats, pump: Floats
    ) -> CityInputs:
        self._T_source += (sky.T_outdoor - self._T_source) * dt / (self._lag_s + dt)
        on, m_flow = self._dispatch(state, last, dt)
        speed = self._plain.pump_speed
        self._plain = replace(
            self._plain,
            sky=sky,
            valve=valve,
            pump=pump,
            source_on=on,
            source_T_set=np.full(len(on), self.T_source_set()),
            source_m_flow=m_flow,
            pump_speed=speed if last is None or not len(speed) else self._pumps.next(speed, last, dt),
        )
        return self._plain

    def _dispatch(self, state: CityState, last: CityOutputs | None, dt: float) -> tuple[Flags, Floats]:
        """Return orders to run and the flows of all sources; running ones share it by capacity.

        A peak plant takes its part and gives it back at the pace of its firing, so that the base plants can
        follow, stops from its minimum load, and runs for ``MIN_RUN_S`` at least.
        """
        source, base = self._params.source, self._base
        Q_max = source.Q_max
        if last is None:
            total = float(source.m_flow_design[base].sum())
            share = base * Q_max / (base * Q_max).sum()
            return base.copy(), share * total
        m = float(np.abs(last.m_flow_link[self._params.network.consumers]).sum())
        fall = state.source.T_wanted - last.T_return_source
        load = C_WATER * float(last.m_flow_link[self._params.network.sources] @ fall)
        before = load if self._load is None else self._load
        self._load = before + (load - before) * dt / (LOAD_LAG_S + dt)
        capacity = self._capacity
        self._peak = self._load > (STOP_SHARE if self._peak else START_SHARE) * capacity

        ran_s = state.source.ordered_s - source.start_s
        runs = ran_s > 0.0
        if not self._peak and not some(state.source.ordered_s[~base]):  # as mostly: no peak plant is ordered
            self._part = np.where(runs & base, 1.0, 0.0)
            return base.copy(), base * Q_max / capacity * m
        wanted = base | self._peak
        step = np.where(wanted, source.ramp_per_s, -source.ramp_per_s) * dt
        part = np.where(base, 1.0, np.minimum(np.maximum(self._part + step, 0.0), 1.0))
        self._part = part = np.where(runs, part, 0.0)
        fair = m * part * Q_max / (part * Q_max).sum()
        full = m * Q_max / (Q_max * runs).sum()
        least = np.minimum(source.min_load * Q_max / (C_WATER * np.maximum(fall, FALL_MIN_K)), full)
        stays = wanted | (runs & ((fair > least) | (ran_s < MIN_RUN_S)))
        of_peaks = np.where(runs & stays & ~base, np.maximum(fair, least), 0.0)
        return stays, of_peaks + base * Q_max / capacity * (m - float(of_peaks.sum()))
