"""Key figures of one record: heat, electricity, comfort, peak, tracking and conduct. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from simulators.evaluate.network_kpis import network_figures
from simulators.evaluate.record import Record, weighted_quantiles
from simulators.evaluate.shortage import shared_figures

if TYPE_CHECKING:
    import numpy.typing as npt

    from simulators.plant.arrays import Floats

KWH_TO_GJ = 3.6e-3
T_DEGREE_DAY_degC = 18.0
T_COLD_degC, T_WARM_degC, T_HOT_degC = 18.0, 22.0, 24.0
COMFORT_degC = (20.0, 22.0)
PEAK_HOURS = 10

Kpis = dict[str, float | int | dict[str, int] | dict[str, dict[str, float]]]
"""Key figures by name; units stand at the end of each name, where there is one."""


def key_figures(record: Record) -> Kpis:
    """Return all key figures of a record."""
    shared = shared_figures(record.control.shared, record.station_of_loop)
    return {**_energy(record), **network_figures(record), **shared, **_comfort(record), **_conduct(record)}


def _energy(record: Record) -> Kpis:
    A = float(record.A_heated.sum())
    days = len(record.T_outdoor) / 24.0
    delivered_kWh = float(record.Q_source.sum())
    heat_GJ = (delivered_kWh - record.stored_kWh) * KWH_TO_GJ
    degree_days = float(np.maximum(T_DEGREE_DAY_degC - record.T_outdoor, 0.0).sum()) / 24.0
    secondary_kWh, primary_kWh = float(record.P_pump.sum()), float(record.P_source.sum())
    peaks = np.sort(record.Q_source)[-PEAK_HOURS:]
    carried = record.m_flow.sum()
    return {
        "counted_days": round(days, 6),
        "T_outdoor_mean_degC": float(record.T_outdoor.mean()),
        "degree_days_K_d": degree_days,
        "heat_GJ": heat_GJ,
        "heat_GJ_per_m2": heat_GJ / A,
        "heat_kJ_per_m2_degree_day": 1e6 * heat_GJ / A / degree_days if degree_days else 0.0,
        "heat_uncorrected_GJ": delivered_kWh * KWH_TO_GJ,
        "stored_heat_change_GJ": record.stored_kWh * KWH_TO_GJ,
        "pump_kWh_per_m2": (secondary_kWh + primary_kWh) / A,
        "pump_secondary_kWh_per_m2": secondary_kWh / A,
        "pump_primary_kWh_per_m2": primary_kWh / A,
        "peak_MW": float(peaks.mean()) / 1000.0,
        "T_return_primary_degC": float(record.T_return_primary.mean()),
        "T_supply_secondary_degC": float((record.T_supply * record.m_flow).sum() / carried),
        "T_return_secondary_degC": float((record.T_return * record.m_flow).sum() / carried),
        "flow_kg_per_h_m2": float(record.m_flow.sum(axis=1).mean()) * 3600.0 / A,
    }


def _comfort(record: Record) -> Kpis:
    T = record.T_dwelling
    weights = np.broadcast_to(record.A_dwelling, T.shape)
    total = float(weights.sum())

    def share(inside: npt.NDArray[np.bool_]) -> float:
        return 100.0 * float((weights * inside).sum()) / total

    p10, p50, p90 = weighted_quantiles(T, weights, (0.1, 0.5, 0.9))
    worst = worst_station(record)
    hours = len(T)
    sd, sd_driven = _spread(record)
    return {
        "indoor_mean_degC": float((weights * T).sum()) / total,
        "indoor_p10_degC": p10,
        "indoor_p50_degC": p50,
        "indoor_p90_degC": p90,
        "indoor_sd_between_stations_K": sd,
        "indoor_sd_between_driven_stations_K": sd_driven,
        "indoor_by_station_class": by_class(record),
        "share_at_least_18_percent": share(T_COLD_degC <= T),
        "share_18_24_percent": share((T_COLD_degC <= T) & (T_HOT_degC >= T)),
        "share_20_22_percent": share((COMFORT_degC[0] <= T) & (COMFORT_degC[1] >= T)),
        "under_heating_K_h": float((weights * np.maximum(T_COLD_degC - T, 0.0)).sum()) / total * hours,
        "over_heating_K_h": float((weights * np.maximum(T - T_WARM_degC, 0.0)).sum()) / total * hours,
        "worst_station_p10_degC": worst[1],
    }


def worst_station(record: Record) -> tuple[str, float]:
    """Return the station whose 10 % quantile of dwelling-hours is lowest, and that quantile in degC."""
    found = ("", float("inf"))
    for index, name in enumerate(record.stations):
        mine = record.station_of_loop == index
        T = record.T_dwelling[:, mine]
        weights = np.broadcast_to(record.A_dwelling[mine], T.shape)
        (p10,) = weighted_quantiles(T, weights, (0.1,))
        if p10 < found[1]:
            found = (name, p10)
    return found


def station_means(record: Record) -> Floats:
    """Return each station's mean indoor temperature over the counted time in degC, shape (n_stations,)."""
    A = record.A_dwelling
    by_loop = (record.T_dwelling.mean(axis=0) * A).sum(axis=1) / A.sum(axis=1)
    n, station = len(record.stations), record.station_of_loop
    heaped = np.bincount(station, weights=by_loop * record.A_heated, minlength=n)
    return np.asarray(heaped / np.bincount(station, weights=record.A_heated, minlength=n))


def by_class(record: Record) -> dict[str, dict[str, float]]:
    """Return number, mean (degC) and standard deviation (K) of the stations of each class."""
    means, classes = station_means(record), np.array(record.station_classes)
    return {
        name: {
            "stations": int((classes == name).sum()),
            "mean_degC": float(means[classes == name].mean()),
            "sd_K": float(means[classes == name].std()),
        }
        for name in sorted(set(record.station_classes))
    }


def _spread(record: Record) -> tuple[float, float]:
    """Return the standard deviation of station means in K, of all stations and of those that are driven."""
    means = station_means(record)
    n = len(record.stations)
    driven = np.bincount(record.station_of_loop, weights=record.driven, minlength=n) > 0.0
    return float(means.std()), float(means[driven].std()) if driven.any() else 0.0


def _conduct(record: Record) -> Kpis:
    control = record.control
    loop_days = max(float(record.driven.sum()) * len(record.T_outdoor) / 24.0, 1e-9)
    return {
        "tracking_T_supply_p95_K": _p95(control.dT_tracked),
        "tracking_T_supply_class_B_p95_K": _p95(control.dT_tracked_offset),
        "tracking_flow_p95_percent": 100.0 * _p95(control.flow_tracked),
        **_intended(control.dT_intended),
        "setpoint_moves": control.setpoints_sent,
        "setpoint_moves_per_loop_day": control.setpoints_sent / loop_days,
        "setpoints_confirmed": control.setpoints_confirmed,
        "setpoints_limited": control.setpoints_limited,
        "setpoints_rejected": control.setpoints_rejected,
        "setpoints_expired": control.setpoints_expired,
        "mass_change_cycles": control.mass_change_cycles,
        "guard_cuts": dict(sorted(control.guard_cuts.items())),
        "writes": control.writes,
        "safety_breaks": len(control.breaks),
        "safety_breaks_by_kind": dict(sorted(Counter(b.what for b in control.breaks).items())),
    }


def _intended(off_K: list[float]) -> Kpis:
    """Return how far rooms were from what the plan of the day before had said; nothing where none was."""
    if not off_K:
        return {}
    return {
        "intended_vs_true_indoor_p90_K": float(np.quantile(np.abs(off_K), 0.9)),
        "intended_vs_true_indoor_mean_K": float(np.mean(off_K)),
    }


def _p95(values: list[float]) -> float:
    return float(np.quantile(np.abs(values), 0.95)) if values else 0.0
