"""Key figures that a network adds: heat lost in pipes, pressure, who bears a shortage, make-up. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulators.evaluate.record import NetworkRecord, Record
    from simulators.plant.arrays import Floats

KWH_TO_GJ = 3.6e-3
HOUR_S, MONTH_H = 3600.0, 720.0
SHORT_K = 1.0
"""The sources are short in an hour in which their water is colder than they were told by more than this."""
T_COLD_degC = 18.0


def network_figures(record: Record) -> dict[str, float | int]:
    """Return the figures; none where the city has no network."""
    network = record.network
    if network is None:
        return {}
    A, hours = float(record.A_heated.sum()), len(record.T_outdoor)
    lost_kWh = float((network.Q_lost_network + network.Q_lost_house_pipes).sum())
    fired_kWh = float(record.Q_source.sum())
    makeup_kg = float(network.m_flow_makeup.sum()) * HOUR_S
    worst = network.dp.min(axis=1)
    return {
        "heat_lost_pipes_GJ_per_m2": lost_kWh * KWH_TO_GJ / A,
        "heat_lost_pipes_percent": 100.0 * lost_kWh / fired_kWh if fired_kWh else 0.0,
        "dp_worst_station_min_kPa": float(worst.min()),
        "dp_worst_station_p5_kPa": float(np.quantile(worst, 0.05)),
        **_shortage(record, network),
        "makeup_t": makeup_kg / 1000.0,
        "makeup_kg_per_m2_month": makeup_kg / A * MONTH_H / hours,
        "balance_error": abs(network.imbalance),
    }


def _shortage(record: Record, network: NetworkRecord) -> dict[str, float | int]:
    """Return how unequally stations bear the hours in which the sources are short, and who is coldest then.

    The coldest dwelling is one of a mean hour; critical users count as the mean dwelling of their station.
    """
    short = network.T_short > SHORT_K
    if not short.any():
        return {"shortage_hours": 0, "shortage_spread_K_h": 0.0, "shortage_sd_K_h": 0.0}
    cold = under_heating(record)[short].sum(axis=0)
    T = record.T_dwelling[short]
    told: dict[str, float | int] = {
        "shortage_hours": int(short.sum()),
        "shortage_spread_K_h": float(cold.max() - cold.min()),
        "shortage_sd_K_h": float(cold.std()),
        "shortage_coldest_dwelling_degC": float(T[:, record.A_dwelling > 0.0].min()),
        "shortage_driven_coldest_dwelling_degC": float(T[:, _lived_in(record, record.driven > 0.0)].min()),
    }
    critical = np.array([name in record.critical for name in record.stations])
    if critical.any():
        told["shortage_critical_coldest_degC"] = float(_of_stations(record, T)[:, critical].min())
    return told


def _lived_in(record: Record, loops: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which dwellings there are in these loops, shape (n_loops, n_dwellings)."""
    return (record.A_dwelling > 0.0) & loops[:, np.newaxis]


def under_heating(record: Record) -> Floats:
    """Return the K h below 18 degC of a mean dwelling of each station, shape (n_hours, n_stations)."""
    return _of_stations(record, np.maximum(T_COLD_degC - record.T_dwelling, 0.0))


def _of_stations(record: Record, values: Floats) -> Floats:
    """Return the mean of each station's dwellings, (n_hours, n_stations)."""
    A, n = record.A_dwelling, len(record.stations)
    mine = np.zeros((len(record.station_of_loop), n))
    mine[np.arange(len(mine)), record.station_of_loop] = 1.0
    return np.asarray((values * A).sum(axis=2) @ mine / (A.sum(axis=1) @ mine))
