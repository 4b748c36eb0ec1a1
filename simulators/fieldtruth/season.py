"""A city over days or a season on its own curves, and the figures that field audits give."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulators.fieldtruth.build import SEASON_DAYS, FieldCity, season_start, sky_at
from simulators.fieldtruth.commission import station_mean
from simulators.plant import zone
from simulators.plant.arrays import Floats
from simulators.plant.city_parts import CityOutputs, CityState
from simulators.plant.city_plant import CityPlant
from simulators.plant.primary import Primary

SEASON_STEP_S = 600.0
"""A season is stepped so; steps of 60 s give the same figures (tests/validation/test_field_truth.py)."""
SEASON_MOVED, SEASON_AGE_S = 0.08, 7200.0
"""When a season's hydraulics are solved anew; in between flows follow to first order."""
SETTLE_DAYS = 1.0
T_BASE_degC = 18.0
T_HELD_degC = 18.0
DEGREE_DAYS = 2836.0
"""K d below 18 degC of Taiyuan's normal heating season, November to March: what 0.355 GJ/m2 belongs to."""
HOURS_PER_MONTH = 720.0
WIDE_OPEN = 0.98
"""Stroke from which a valve has nothing left to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a season was like."""

    days: float
    degree_days: float
    heat_GJ_per_m2: float
    """At the stations, as if the season had had ``DEGREE_DAYS``."""
    overheating: float
    """Share of the stations' heat above what holds each dwelling at 18 degC."""
    station_sd_K: float
    dwelling_sd_K: float
    """Standard deviations of season means: between stations, and of dwellings in them (root mean square)."""
    T_indoor_degC: float
    secondary_kWh_per_m2_month: float
    primary_kWh_per_m2_month: float
    pipe_loss: float
    """Both networks, share of the heat fired."""
    primary_pipe_loss: float
    m_flow_primary_kg_per_h_m2: float
    m_flow_kg_per_h_m2: float
    imbalance: float
    """Heat that came and neither stayed nor left, over the heat fired."""
    dp_worst_kPa: float
    peak_days: float
    """Time that peak plants fired."""
    valves_open: float
    """Loops whose control valve stood wide open, share of loops and time."""
    valves_open_coldest_day: float
    supply_short_K: float
    """How much colder supplies were than their own curves asked, mean of loops and time; warmer counts 0."""
    supply_short_coldest_day_K: float


class Book:
    """Sums over the steps of a season."""

    def __init__(self, field: FieldCity) -> None:
        self._field = field
        shape = field.params.zone.A_heated.shape
        self._T = np.zeros(shape)
        self._day = np.zeros((4, *shape))
        """Of this day: lost, lost by windows, from emitters, operative temperature."""
        self._day_steps, self._day_T_outdoor = 0, 0.0
        self._day_control = np.zeros(2)
        self._coldest: tuple[float, Floats] = (np.inf, np.zeros(2))
        """degC of the coldest day; open valves and what supplies lacked on it."""
        self._surplus = 0.0
        self._sums = np.zeros(11)
        self._steps, self._dt = 0, 0.0
        self._degree_days = 0.0
        self._dp_worst = np.inf

    def add(
        self, state: CityState, out: CityOutputs, T_supply_set: Floats, T_outdoor: float, dt: float
    ) -> None:  # fmt: skip
        """Count one step, in which the own curves asked for ``T_supply_set``."""
        T = zone.indoor(state.T)
        self._T += T
        for total, now in zip(self._day, (out.Q_lost, out.Q_window, out.Q_emitter, T), strict=True):
            total += now
        self._day_steps, self._day_T_outdoor = self._day_steps + 1, self._day_T_outdoor + T_outdoor
        base = self._field.city.sources.base
        control = (
            float((state.motor > WIDE_OPEN).mean()),
            float(np.maximum(T_supply_set - state.T_supply, 0.0).mean()),
        )
        self._day_control += control
        self._sums += (
            float(out.Q_primary.sum()),
            float(out.P_pump.sum()),
            float(out.P_source.sum() + out.P_network.sum()),
            out.Q_lost_network,
            out.Q_lost_house_pipes,
            float(out.Q_source.sum()),
            float(out.m_flow_primary.sum()),
            float(out.m_flow.sum()),
            float((out.Q_source[~base] > 0.0).any()),
            *control,
        )
        self._steps, self._dt = self._steps + 1, dt
        self._dp_worst = min(self._dp_worst, float(out.dp.min()))
        if self._day_steps * dt >= 86_400.0:
            self._close_day()

    def figures(self, imbalance: float) -> Figures:
        """Return what was counted; whole days."""
        field, n = self._field, self._steps
        means = self._sums / n
        A, days = float(field.params.zone.A_heated.sum()), n * self._dt / 86_400.0
        per_m2 = means[0] * days * 86_400.0 / 1e6 / A
        T, occupied = self._T / n, np.where(field.occupied, field.params.zone.A_heated, 0.0)
        station = field.station_of_house
        mean = station_mean(T, occupied, station)
        variance = station_mean((T - mean[station][:, None]) ** 2, occupied, station)
        return Figures(
            days=days,
            degree_days=self._degree_days,
            heat_GJ_per_m2=per_m2 * DEGREE_DAYS / self._degree_days,
            overheating=self._surplus / (means[0] * n),
            station_sd_K=float(mean.std()),
            dwelling_sd_K=float(np.sqrt(variance.mean())),
            T_indoor_degC=float((T * occupied).sum() / occupied.sum()),
            secondary_kWh_per_m2_month=means[1] / A * HOURS_PER_MONTH,
            primary_kWh_per_m2_month=means[2] / A * HOURS_PER_MONTH,
            pipe_loss=(means[3] + means[4]) / means[5],
            primary_pipe_loss=means[3] / means[5],
            m_flow_primary_kg_per_h_m2=means[6] / A * 3600.0,
            m_flow_kg_per_h_m2=means[7] / A * 3600.0,
            imbalance=imbalance,
            dp_worst_kPa=self._dp_worst,
            peak_days=means[8] * days,
            valves_open=means[9],
            valves_open_coldest_day=float(self._coldest[1][0]),
            supply_short_K=means[10],
            supply_short_coldest_day_K=float(self._coldest[1][1]),
        )

    def _close_day(self) -> None:
        lost, window, emitted, T = self._day / self._day_steps
        T_outdoor = self._day_T_outdoor / self._day_steps
        # windows shut, the loss is proportional to what the dwelling is above outdoors
        needed = (lost - window) * (T_HELD_degC - T_outdoor) / np.maximum(T - T_outdoor, 1.0)
        surplus = np.clip(lost - needed, 0.0, emitted)
        self._surplus += float(surplus[self._field.occupied].sum()) * self._day_steps
        self._degree_days += max(T_BASE_degC - T_outdoor, 0.0)
        if T_outdoor < self._coldest[0]:
            self._coldest = T_outdoor, self._day_control / self._day_steps
        self._day[:] = 0.0
        self._day_control = np.zeros(2)
        self._day_steps, self._day_T_outdoor = 0, 0.0


def run_season(
    field: FieldCity,
    days: float = SEASON_DAYS,
    dt: float = SEASON_STEP_S,
    begin: float | None = None,
    watch: Callable[[CityState, CityOutputs], Any] = lambda state, out: None,
    plant: CityPlant | None = None,
) -> Figures:
    """Run whole days from UTC second ``begin`` (1 November) on the stations' own curves, after one to settle.

    ``watch`` is shown each step that counts.
    """
    weather = field.city.weather
    start = season_start(weather) if begin is None else begin
    plant = plant or season_plant(field, dt)
    state, control = field.begin(start - SETTLE_DAYS * 86_400.0, dt), field.control(start)
    book, out, heat, stored = Book(field), None, 0.0, 0.0
    for step in range(round((days + SETTLE_DAYS) * 86_400.0 / dt)):
        sky = sky_at(weather, state.time)
        counts = step * dt >= SETTLE_DAYS * 86_400.0
        if counts and not heat:
            stored = plant.stored_heat(state)
        state, out = plant.step(state, control.inputs(state, out, sky, dt))
        if counts:
            book.add(state, out, control.T_supply_set(), sky.T_outdoor, dt)
            heat += net_heat(out) * dt
            watch(state, out)
    fired = book.figures(0.0)
    imbalance = (heat - (plant.stored_heat(state) - stored)) / (_fired_kJ(field, fired) or 1.0)
    return book.figures(imbalance)


def season_plant(field: FieldCity, dt: float = SEASON_STEP_S) -> CityPlant:
    """Return the plant of a season: its hydraulics are solved anew no more often than it needs."""
    params = field.params
    return CityPlant(params, dt, Primary(params.network, params.transport, SEASON_MOVED, SEASON_AGE_S))


def net_heat(out: CityOutputs) -> float:
    """Return the heat in kW that a step brought, less what was lost: what must have been stored."""
    brought = float(out.Q_source.sum() + out.Q_gains.sum())
    lost = out.Q_lost_network + out.Q_lost_house_pipes + out.Q_makeup + float(out.Q_lost.sum())
    return brought - lost


def _fired_kJ(field: FieldCity, figures: Figures) -> float:  # noqa: N802 - a unit
    A = float(field.params.zone.A_heated.sum())
    return figures.heat_GJ_per_m2 * figures.degree_days / DEGREE_DAYS * 1e6 * A
