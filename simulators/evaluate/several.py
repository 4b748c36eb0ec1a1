"""What several cities say together: mean and worst of every key figure. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

LOW_IS_WORSE = frozenset({
    "indoor_p10_degC", "share_at_least_18_percent", "share_18_24_percent", "share_20_22_percent",
    "shortage_coldest_dwelling_degC", "shortage_driven_coldest_dwelling_degC",
    "shortage_critical_coldest_degC", "shortage_plans_within_goal_percent",
    "shortage_plans_able_within_goal_percent",
    "worst_station_p10_degC", "dp_worst_station_min_kPa", "dp_worst_station_p5_kPa",
    "heat_saving_vs_curve_percent", "pump_saving_vs_curve_percent", "peak_reduction_vs_curve_percent",
    "heat_saving_vs_staged_curve_percent", "pump_saving_vs_staged_curve_percent",
    "peak_reduction_vs_staged_curve_percent", "heat_saving_vs_tuned_curve_percent",
    "pump_saving_vs_tuned_curve_percent", "peak_reduction_vs_tuned_curve_percent",
    "heat_saving_vs_warm_curve_percent", "pump_saving_vs_warm_curve_percent",
    "peak_reduction_vs_warm_curve_percent",
})  # fmt: skip
NEITHER = frozenset({
    "counted_days", "T_outdoor_mean_degC", "degree_days_K_d", "stored_heat_change_GJ", "indoor_mean_degC",
    "indoor_p50_degC", "T_supply_secondary_degC", "T_return_secondary_degC", "flow_kg_per_h_m2",
    "intended_vs_true_indoor_mean_K", "shortage_given_percent", "shortage_plans",
})  # fmt: skip
"""Figures that are neither good nor bad: they have a mean only. Of all others more is worse."""


def together(verdicts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the verdicts of several seeds, and each figure's mean and worst, as plain values for JSON."""
    first = verdicts[0]
    return {
        "scenario": first["scenario"],
        "plant": first["plant"],
        "calibrated": first["calibrated"],
        "parameters": first["parameters"],
        "cities": [verdict["city"] for verdict in verdicts],
        "spread_K": first["spread_K"],
        "sources_written": first["sources_written"],
        "commit": first["commit"],
        "stations": first["stations"],
        "seeds": [verdict["seed"] for verdict in verdicts],
        "comparable": first["comparable"],
        "mean": {part: _mean([verdict[part] for verdict in verdicts]) for part in ("strategies", "against")},
        "worst": {
            part: _worst([verdict[part] for verdict in verdicts]) for part in ("strategies", "against")
        },
        "runs": list(verdicts),
    }


def _mean(tables: Sequence[dict[str, dict[str, Any]]]) -> dict[str, dict[str, float]]:
    return {
        name: {key: float(f"{sum(values) / len(values):.7g}") for key, values in _columns(tables, name)}
        for name in tables[0]
    }


def _worst(tables: Sequence[dict[str, dict[str, Any]]]) -> dict[str, dict[str, float]]:
    return {
        name: {
            key: min(values) if key in LOW_IS_WORSE else max(values)
            for key, values in _columns(tables, name)
            if key not in NEITHER
        }
        for name in tables[0]
    }


def _columns(tables: Sequence[dict[str, dict[str, Any]]], name: str) -> list[tuple[str, list[float]]]:
    """Return the numbers of one strategy by figure, one for each seed."""
    every = [table[name] for table in tables]
    return [
        (key, [figures[key] for figures in every])
        for key, value in every[0].items()
        if isinstance(value, int | float)
    ]
