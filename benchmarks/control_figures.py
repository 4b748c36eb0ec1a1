"""[control] From verdicts of the judge to official figures: arithmetic only. Pure."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.report import Result
from simulators.evaluate.report import set_up

CURVE, STAGED, WARM, TUNED = "curve", "staged_curve", "warm_curve", "tuned_curve"
OURS = "optimizer"

Verdict = Mapping[str, Any]
"""What ``simulators.evaluate.verdict.verdict`` returns."""


def _of(base: str, kpi: str) -> Callable[[Verdict], float]:
    return lambda told: float(told["strategies"][base][kpi])


def _less_than(base: str, kpi: str) -> Callable[[Verdict], float]:
    """Return what tells by how many % ours is below a baseline; 0 where the baseline has nothing of it."""

    def share(told: Verdict) -> float:
        mine, theirs = (float(told["strategies"][name][kpi]) for name in (OURS, base))
        return 100.0 * (1.0 - mine / theirs) if theirs > 0.0 else 0.0

    return share


def _more_than(base: str, kpi: str) -> Callable[[Verdict], float]:
    """Return what tells by how many % ours is above a baseline; where that has nothing, ours counts whole."""

    def share(told: Verdict) -> float:
        mine, theirs = (float(told["strategies"][name][kpi]) for name in (OURS, base))
        return 100.0 * (mine / theirs - 1.0) if theirs > 0.0 else (100.0 if mine > 0.0 else 0.0)

    return share


def _beside_warm(scenario: str) -> Mapping[str, tuple[str, Callable[[Verdict], float]]]:
    """Return what ours does beside the curve that keeps dwellings warm, and how warm that keeps them."""
    figures = {
        "heat_saving_vs_warm_curve_percent": ("%", _less_than(WARM, "heat_GJ")),
        "pump_saving_vs_warm_curve_percent": ("%", _less_than(WARM, "pump_kWh_per_m2")),
        "peak_reduction_vs_warm_curve_percent": ("%", _less_than(WARM, "peak_MW")),
        "overheating_reduction_vs_warm_curve_percent": ("%", _less_than(WARM, "over_heating_K_h")),
        "indoor_sd_reduction_vs_warm_curve_percent": (
            "%",
            _less_than(WARM, "indoor_sd_between_stations_K"),
        ),
        "comfort_share_of_warm_curve_percent": ("%", _of(WARM, "share_at_least_18_percent")),
        "offset_of_warm_curve_K": ("K", set_up),
    }
    return {f"control.{scenario}.{name}": figure for name, figure in figures.items()}


JANUARY: Mapping[str, tuple[str, Callable[[Verdict], float]]] = {
    "control.heat_saving_vs_curve_percent": ("%", _less_than(CURVE, "heat_GJ")),
    "control.heat_saving_vs_tuned_curve_percent": ("%", _less_than(TUNED, "heat_GJ")),
    "control.pump_saving_vs_curve_percent": ("%", _less_than(CURVE, "pump_kWh_per_m2")),
    "control.pump_saving_vs_staged_curve_percent": ("%", _less_than(STAGED, "pump_kWh_per_m2")),
    "control.indoor_sd_reduction_percent": ("%", _less_than(CURVE, "indoor_sd_between_stations_K")),
    "control.overheating_reduction_percent": ("%", _less_than(CURVE, "over_heating_K_h")),
    "control.underheating_change_percent": ("%", _more_than(CURVE, "under_heating_K_h")),
    "control.comfort_share_percent": ("%", _of(OURS, "share_at_least_18_percent")),
    "control.worst_station_p10_degC": ("degC", _of(OURS, "worst_station_p10_degC")),
    "control.peak_reduction_percent": ("%", _less_than(CURVE, "peak_MW")),
    "control.tracking_T_supply_p95_K": ("K", _of(OURS, "tracking_T_supply_p95_K")),
    "control.tracking_flow_p95_percent": ("%", _of(OURS, "tracking_flow_p95_percent")),
    "control.intended_vs_true_indoor_p90_K": ("K", _of(OURS, "intended_vs_true_indoor_p90_K")),
    "control.january.indoor_sd_of_curve_K": ("K", _of(CURVE, "indoor_sd_between_stations_K")),
    "control.january.comfort_share_of_curve_percent": ("%", _of(CURVE, "share_at_least_18_percent")),
    "control.january.comfort_share_of_tuned_curve_percent": ("%", _of(TUNED, "share_at_least_18_percent")),
    **_beside_warm("january"),
}
"""Unit and arithmetic of the figures of one January. What has no target says what a saving is worth."""
AUTUMN: Mapping[str, tuple[str, Callable[[Verdict], float]]] = {
    "control.heat_saving_vs_tuned_curve_autumn_percent": ("%", _less_than(TUNED, "heat_GJ")),
    "control.autumn.heat_saving_vs_curve_percent": ("%", _less_than(CURVE, "heat_GJ")),
    "control.autumn.comfort_share_percent": ("%", _of(OURS, "share_at_least_18_percent")),
    **_beside_warm("autumn"),
}
MISMATCH: Mapping[str, tuple[str, Callable[[Verdict], float]]] = {
    "control.mismatch_comfort_hours_percent": ("%", _of(OURS, "share_at_least_18_percent")),
}
BREAKS = "control.safety_breaks"
LOW_IS_GOOD = frozenset({
    "control.underheating_change_percent", "control.tracking_T_supply_p95_K",
    "control.tracking_flow_p95_percent", "control.intended_vs_true_indoor_p90_K",
    "control.january.indoor_sd_of_curve_K", "control.january.offset_of_warm_curve_K",
    "control.autumn.offset_of_warm_curve_K",
})  # fmt: skip


def figures_of(
    what: Mapping[str, tuple[str, Callable[[Verdict], float]]], verdicts: Sequence[Verdict]
) -> list[Result]:
    """Return each figure: its mean over the cities, lowest and highest of them, the worst in words."""
    told = []
    for name, (unit, figure) in what.items():
        values = [figure(verdict) for verdict in verdicts]
        worst = max(values) if name in LOW_IS_GOOD else min(values)
        told.append(
            Result(
                name=name,
                value=statistics.fmean(values),
                unit=unit,
                runs=len(values),
                spread=(min(values), max(values)),
                note=f"mean of the cities, worst {worst:.4g}; {of_cities(verdicts)}",
            )
        )
    return told


def breaks_of(name: str, verdicts: Sequence[Verdict]) -> Result:
    """Return the safety breaks of all cities together, of every strategy: one controller wrote for all."""
    counts = [
        float(sum(kpis["safety_breaks"] for kpis in verdict["strategies"].values())) for verdict in verdicts
    ]
    return Result(
        name=name,
        value=sum(counts),
        unit="count",
        runs=len(counts),
        spread=(min(counts), max(counts)),
        note=f"sum over the cities and strategies, whole runs; {of_cities(verdicts)}",
    )


def of_cities(verdicts: Sequence[Verdict]) -> str:
    """Return what a figure is known by: scenario, size, cities, parameters, length."""
    first = verdicts[0]
    seeds = ", ".join(str(verdict["seed"]) for verdict in verdicts)
    cities = ", ".join(str(verdict["city"]) for verdict in verdicts)
    sources = "take orders" if first["sources_written"] else "are advised only"
    return (
        f"{first['scenario']}, {first['stations']} stations of the {first['plant']} plant, whose sources "
        f"{sources}, seeds {seeds}, "
        f"{first['counted_days']:g} days after {first['uncounted_days']:g}, "
        f"parameters {first['parameters']}, city {cities}"
    )
