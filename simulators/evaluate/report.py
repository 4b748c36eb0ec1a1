"""The verdict as people read it: one table of strategies side by side, then goals and reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from simulators.citygen.model import SPREAD_K
from simulators.evaluate.calibration import COLD_SHARE
from simulators.evaluate.contestants import WARM

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

ROWS = (
    ("heat", "GJ/m2", "heat_GJ_per_m2", "{:.4f}"),
    ("heat per degree-day", "kJ/(m2 K d)", "heat_kJ_per_m2_degree_day", "{:.1f}"),
    ("pump electricity, all", "kWh/m2", "pump_kWh_per_m2", "{:.4f}"),
    ("  secondary pumps", "kWh/m2", "pump_secondary_kWh_per_m2", "{:.4f}"),
    ("  pump of the source", "kWh/m2", "pump_primary_kWh_per_m2", "{:.4f}"),
    ("peak, 10 highest hours", "MW", "peak_MW", "{:.1f}"),
    ("primary return", "degC", "T_return_primary_degC", "{:.1f}"),
    ("circulation", "kg/(h m2)", "flow_kg_per_h_m2", "{:.2f}"),
    ("heat lost in pipes", "GJ/m2", "heat_lost_pipes_GJ_per_m2", "{:.4f}"),
    ("  of what was fired", "%", "heat_lost_pipes_percent", "{:.1f}"),
    ("dp at the worst station, least", "kPa", "dp_worst_station_min_kPa", "{:.0f}"),
    ("  p5 of the hours", "kPa", "dp_worst_station_p5_kPa", "{:.0f}"),
    ("sources short", "h", "shortage_hours", "{:.0f}"),
    ("  cold then, max - min of stations", "K h", "shortage_spread_K_h", "{:.2f}"),
    ("  standard deviation", "K h", "shortage_sd_K_h", "{:.2f}"),
    ("  coldest dwelling then", "degC", "shortage_coldest_dwelling_degC", "{:.1f}"),
    ("    of driven stations", "degC", "shortage_driven_coldest_dwelling_degC", "{:.1f}"),
    ("  coldest station of critical users", "degC", "shortage_critical_coldest_degC", "{:.1f}"),
    ("plans that shared a shortage", "", "shortage_plans", "{:.0f}"),
    ("  parts of need, max - min, worst plan", "%", "shortage_plan_spread_percent", "{:.2f}"),
    ("  of those who may be told less", "%", "shortage_plan_spread_able_percent", "{:.2f}"),
    ("  loops at the least that they may be told", "", "shortage_plan_loops_at_least", "{:.0f}"),
    ("  plans within 2 %", "% of them", "shortage_plans_within_goal_percent", "{:.0f}"),
    ("    of those who may be told less", "% of them", "shortage_plans_able_within_goal_percent", "{:.0f}"),
    ("came to those who share, 1 h on", "% of need", "shortage_given_percent", "{:.1f}"),
    ("  max - min of stations", "%", "shortage_spread_percent", "{:.1f}"),
    ("  standard deviation", "%", "shortage_sd_percent", "{:.1f}"),
    ("  of what was planned, max - min", "%", "shortage_off_plan_percent", "{:.1f}"),
    ("make-up water", "kg/m2 a month", "makeup_kg_per_m2_month", "{:.2f}"),
    ("  all", "t", "makeup_t", "{:.0f}"),
    ("heat that the balance misses", "of fired", "balance_error", "{:.0e}"),
    ("dwellings p10", "degC", "indoor_p10_degC", "{:.2f}"),
    ("dwellings p50", "degC", "indoor_p50_degC", "{:.2f}"),
    ("dwellings p90", "degC", "indoor_p90_degC", "{:.2f}"),
    ("sd between stations", "K", "indoor_sd_between_stations_K", "{:.2f}"),
    ("  of driven stations", "K", "indoor_sd_between_driven_stations_K", "{:.2f}"),
    ("at least 18 degC", "% of dwelling-hours", "share_at_least_18_percent", "{:.2f}"),
    ("18..24 degC", "% of dwelling-hours", "share_18_24_percent", "{:.1f}"),
    ("20..22 degC", "% of dwelling-hours", "share_20_22_percent", "{:.1f}"),
    ("under-heating below 18", "K h a dwelling", "under_heating_K_h", "{:.2f}"),
    ("over-heating above 22", "K h a dwelling", "over_heating_K_h", "{:.1f}"),
    ("worst station p10", "degC", "worst_station_p10_degC", "{:.2f}"),
    ("tracking supply p95", "K", "tracking_T_supply_p95_K", "{:.2f}"),
    ("  class B (offsets)", "K", "tracking_T_supply_class_B_p95_K", "{:.2f}"),
    ("tracking volume p95", "%", "tracking_flow_p95_percent", "{:.2f}"),
    ("rooms, of the plan a day before, p90", "K", "intended_vs_true_indoor_p90_K", "{:.2f}"),
    ("setpoint moves", "a loop and day", "setpoint_moves_per_loop_day", "{:.1f}"),
    ("network held", "cycles", "mass_change_cycles", "{:.0f}"),
    ("safety breaks", "", "safety_breaks", "{:.0f}"),
)
SAVINGS = (
    ("heat saved vs curve", "heat_saving_vs_curve_percent"),
    ("heat saved vs warm_curve", "heat_saving_vs_warm_curve_percent"),
    ("heat saved vs tuned_curve", "heat_saving_vs_tuned_curve_percent"),
    ("pump saved vs curve", "pump_saving_vs_curve_percent"),
    ("pump saved vs staged_curve", "pump_saving_vs_staged_curve_percent"),
    ("peak cut vs curve", "peak_reduction_vs_curve_percent"),
    ("sd, of that of curve", "indoor_sd_percent_of_curve"),
    ("over-heating, of that of curve", "over_heating_percent_of_curve"),
)

WARM_PERCENT = 100.0 * (1.0 - COLD_SHARE)


def print_report(verdict: dict[str, Any], console: Console) -> None:
    """Print the whole verdict."""
    console.print(_table(verdict))
    console.print(f"{plant_title(verdict)}: {known_by(verdict)}", soft_wrap=True, highlight=False)
    for told in warm_curve(verdict):
        console.print(told, soft_wrap=True, highlight=False)
    if not verdict["comparable"]:
        console.print("[bold]Too short to compare:[/bold] needs 3 uncounted and 7 counted days.")
    for name, goals in verdict["goals"].items():
        console.print(f"\n[bold]{name}[/bold]")
        for goal, result in goals.items():
            sign = "met " if result["met"] else "MISSED"
            console.print(f"  {sign:6}  {goal} = {result['value']:.4g} (goal {result['target']:.4g})")
    for name, lines in verdict["why"].items():
        console.print(f"\nWhat stands in the way of {name}:")
        for line in lines:
            console.print(f"  - {line}", highlight=False)


def warm_curve(verdict: dict[str, Any]) -> list[str]:
    """Return the sentence on how far the curves of ``warm_curve`` are set up, and what that reaches."""
    if WARM not in verdict["strategies"]:
        return []
    share = verdict["strategies"][WARM]["share_at_least_18_percent"]
    short = "" if share >= WARM_PERCENT else f", of {WARM_PERCENT:g} % that it is looked for"
    return [
        f"{WARM}: all curves set by {set_up(verdict):+.1f} K, with which {share:.1f} % of the dwelling-hours "
        f"reach 18 degC{short}"
    ]


def set_up(verdict: Mapping[str, Any]) -> float:
    """Return by how many K all curves are set higher for ``warm_curve`` than the city's are."""
    offsets = verdict["offsets_K"]
    return max(float(K) - float(offsets["city"][emitter]) for emitter, K in offsets[WARM].items())


def print_together(result: dict[str, Any], console: Console) -> None:
    """Print mean and worst of several seeds."""
    seeds = ", ".join(map(str, result["seeds"]))
    table = Table(
        title=f"{result['scenario']}: {result['stations']} simulated stations, seeds {seeds}\n"
        f"{plant_title(result)}",
        caption="Mean over the seeds and, in brackets, the worst of them.",
    )
    table.add_column("")
    table.add_column("unit")
    rows = [(label, unit, "strategies", key, form) for label, unit, key, form in ROWS]
    rows += [(label, "%", "against", key, "{:.1f}") for label, key in SAVINGS]
    names = list(result["mean"]["strategies"])
    for name in names:
        table.add_column(name, justify="right")
    for label, unit, part, key, form in rows:
        cells = [_both(result, part, name, key, form) for name in names]
        if any(cells):
            table.add_row(label, unit, *cells)
    console.print(table)
    console.print(f"{plant_title(result)}: {known_by(result)}", soft_wrap=True, highlight=False)


def _both(result: dict[str, Any], part: str, name: str, key: str, form: str) -> str:
    """Return the mean, with the worst in brackets where a figure has one."""
    mean, worst = result["mean"][part][name], result["worst"][part][name]
    if key not in mean:
        return ""
    return form.format(mean[key]) + (f" ({form.format(worst[key])})" if key in worst else "")


def plant_title(verdict: dict[str, Any]) -> str:
    """Return in words which plant was judged and whether it is calibrated to field audits."""
    if not verdict["calibrated"]:
        return f"{verdict['plant']} plant, NOT calibrated to field audits"
    spread = "" if verdict["spread_K"] == SPREAD_K else f", stations {verdict['spread_K']:g} K apart"
    return f"{verdict['plant']} plant, calibrated to field audits{spread}"


def known_by(verdict: dict[str, Any]) -> str:
    """Return what figures are known by: frozen parameters, what was drawn, version of the code, sources."""
    written = verdict["sources_written"]
    sources = f"heat sources that take orders: {', '.join(written)}" if written else "heat sources advised"
    parameters = f"parameters {verdict['parameters']}, " if verdict["calibrated"] else ""
    cities = verdict.get("cities") or [verdict["city"]]
    return f"{parameters}city {', '.join(cities)}, commit {verdict['commit']}, {sources}"


def _table(verdict: dict[str, Any]) -> Table:
    figures, against = verdict["strategies"], verdict["against"]
    days, seed = verdict["counted_days"], verdict["seed"]
    table = Table(
        title=f"{verdict['scenario']}: {verdict['stations']} simulated stations, seed {seed}, "
        f"{days:g} days after {verdict['uncounted_days']:g} that do not count\n{plant_title(verdict)}",
        caption="Synthetic city. Heat is corrected by the change of stored heat. Dwellings are the "
        "simulator's truth, weighted by area.",
    )
    table.add_column("")
    table.add_column("unit")
    for name in figures:
        table.add_column(name, justify="right")
    for label, unit, key, form in ROWS:
        if any(key in kpis for kpis in figures.values()):
            cells = (form.format(kpis[key]) if key in kpis else "" for kpis in figures.values())
            table.add_row(label, unit, *cells)
    table.add_section()
    for label, key in SAVINGS:
        if any(key in saved for saved in against.values()):
            table.add_row(
                label, "%", *(f"{saved[key]:.1f}" if key in saved else "" for saved in against.values())
            )
    table.add_section()
    rules = sorted({rule for kpis in figures.values() for rule in kpis["guard_cuts"]})
    for rule in rules:
        counts = [str(kpis["guard_cuts"].get(rule, 0)) for kpis in figures.values()]
        table.add_row(f"guard: {rule}", "loop cycles", *counts)
    return table
