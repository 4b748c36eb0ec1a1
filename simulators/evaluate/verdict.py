"""What a run says: key figures side by side, savings, goals met or missed, and why they fall short. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulators.evaluate.contestants import BASELINES, CURVE, TUNED, WARM
from simulators.evaluate.kpis import Kpis, by_class, key_figures, station_means, worst_station
from simulators.evaluate.shortage import PLAN_GOAL_PERCENT
from simulators.evaluate.version import commit
from simulators.fieldtruth.fingerprint import city_hash, fingerprint
from simulators.fieldtruth.parameters import parameter_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulators.evaluate.record import Record
    from simulators.evaluate.trial import Trial

MIN_UNCOUNTED_DAYS, MIN_COUNTED_DAYS = 3.0, 7.0
"""Shorter runs reward draining the walls: 1 K of stored heat is an eighth of a day's heat."""
HEAT_BY_SPREAD = ((0.8, 1.5), (1.15, 3.0), (1.55, 5.0), (2.0, 7.5), (2.6, 10.7))
"""(sd between stations in K, % of heat that perfect balance saves against the common curve): bounds from an
analytic study of 80 to 120 stations with dwellings 1.2 K apart and sensors 0.4 K off."""
TELLING = {
    "own_curve": "the band of 8 K around the own curves, which carry the common offset, bound",
    "offset": "the bounds of class B offsets bound",
    "source": "what the source can give bound",
    "mass_change": "the mass-change rule held",
}
"""Rules of the guard that keep a loop from what a strategy wants for long; the others only pace it."""
TELLING_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is expected of a strategy that is no baseline."""

    name: str
    target: float
    at_least: bool

    def met(self, value: float) -> bool:
        """Tell whether ``value`` is good enough."""
        return value >= self.target if self.at_least else value <= self.target


GOALS = (
    Goal(name="indoor_sd_percent_of_curve", target=50.0, at_least=False),
    Goal(name="over_heating_percent_of_curve", target=45.0, at_least=False),
    Goal(name="share_at_least_18_percent", target=97.0, at_least=True),
    Goal(name="pump_saving_vs_staged_curve_percent", target=15.0, at_least=True),
    Goal(name="tracking_T_supply_p95_K", target=1.0, at_least=False),
    Goal(name="tracking_flow_p95_percent", target=5.0, at_least=False),
    Goal(name="safety_breaks", target=0.0, at_least=False),
    Goal(name="shortage_plan_spread_percent", target=PLAN_GOAL_PERCENT, at_least=False),
    Goal(name="shortage_spread_percent", target=5.0, at_least=False),
    Goal(name="shortage_critical_coldest_degC", target=18.0, at_least=True),
    Goal(name="shortage_coldest_dwelling_degC", target=12.0, at_least=True),
)
"""Beside the saving of heat against ``curve``, whose goal depends on the spread (``HEAT_BY_SPREAD``)."""


def verdict(trial: Trial, records: Sequence[Record]) -> dict[str, Any]:
    """Return everything a run says as plain values for JSON; the same run gives the same values."""
    figures = {record.strategy: key_figures(record) for record in records}
    first = records[0]
    return {
        "scenario": trial.scenario.name,
        **_plant(trial),
        "commit": commit(),
        "stations": len(first.stations),
        "loops": len(first.A_heated),
        "A_heated_m2": float(first.A_heated.sum()),
        "seed": trial.contestants[0].town.simulated.seed,
        "uncounted_days": trial.uncounted_days,
        "counted_days": trial.counted_days,
        "cycle_s": trial.cycle_s,
        "comparable": comparable(trial),
        "offsets_K": _offsets(trial),
        "strategies": _rounded(figures),
        "against": _rounded({name: against(name, figures) for name in figures}),
        "goals": _rounded(
            {name: goals(name, figures) for name in figures if name not in BASELINES and CURVE in figures}
        ),
        "why": {record.strategy: reasons(record) for record in records if record.strategy not in BASELINES},
    }


def _plant(trial: Trial) -> dict[str, Any]:
    """Return which plant was judged, whether it was calibrated to field audits, and what it is known by."""
    town = trial.contestants[0].town
    if town.field is None:
        city = fingerprint(town.simulated.stations, town.simulated.seed)
        return {
            "plant": "simple",
            "sources_written": [],
            "calibrated": False,
            "parameters": None,
            "city": city,
            "spread_K": None,
            "zones_at_emitter_limits": None,
        }
    return {
        "plant": "physical",
        "sources_written": [one.id for one in town.simulated.sources if one.writes is not None],
        "calibrated": True,
        "parameters": parameter_hash(),
        "city": city_hash(town.field),
        "spread_K": town.field.city.spread,
        "zones_at_emitter_limits": int(town.field.at_limits.sum()),
    }


def comparable(trial: Trial) -> bool:
    """Tell whether the run is long enough for its figures to be compared."""
    return trial.uncounted_days >= MIN_UNCOUNTED_DAYS and trial.counted_days >= MIN_COUNTED_DAYS


def against(name: str, figures: Mapping[str, Kpis]) -> dict[str, float]:
    """Return savings of a strategy against each baseline that took part, in % of the baseline."""
    mine, result = figures[name], {}
    for base in BASELINES:
        if base == name or base not in figures:
            continue
        theirs = figures[base]
        for label, key in (
            ("heat_saving", "heat_GJ"),
            ("pump_saving", "pump_kWh_per_m2"),
            ("peak_reduction", "peak_MW"),
        ):
            result[f"{label}_vs_{base}_percent"] = 100.0 - _percent(mine, theirs, key)
        if base == CURVE:
            result["indoor_sd_percent_of_curve"] = _percent(mine, theirs, "indoor_sd_between_stations_K")
            result["over_heating_percent_of_curve"] = _percent(mine, theirs, "over_heating_K_h")
            result["under_heating_percent_of_curve"] = _percent(mine, theirs, "under_heating_K_h")
    return result


def goals(name: str, figures: Mapping[str, Kpis]) -> dict[str, dict[str, float | bool]]:
    """Return value, target and whether it is met, for each goal that can be judged in this run."""
    known = {**figures[name], **against(name, figures)}
    sd = float(_number(figures[CURVE], "indoor_sd_between_stations_K"))
    saving = Goal(name=f"heat_saving_vs_{CURVE}_percent", target=possible_saving(sd), at_least=True)
    result: dict[str, dict[str, float | bool]] = {}
    for goal in (saving, *GOALS):
        value = known.get(goal.name)
        if isinstance(value, int | float):
            result[goal.name] = {"value": value, "target": goal.target, "met": goal.met(value)}
    return result


def possible_saving(sd_K: float) -> float:
    """Return the share of heat in % that perfect balance would save at this spread between stations."""
    sds, savings = zip(*HEAT_BY_SPREAD, strict=True)
    return float(np.interp(sd_K, (0.0, *sds), (0.0, *savings)))


def reasons(record: Record) -> list[str]:
    """Return what stands in a strategy's way on this city, in sentences."""
    n = len(record.stations)
    driven = np.bincount(record.station_of_loop, weights=record.driven, minlength=n) > 0.0
    means = station_means(record)
    lines = []
    if not driven.all():
        each = zip(record.stations, means.tolist(), driven.tolist(), strict=True)
        left = ", ".join(f"{name} {T:.1f}" for name, T, ours in each if not ours)
        lines.append(
            f"{n - int(driven.sum())} of {n} stations are read only and stay on their own curve "
            f"(mean indoor degC: {left}); the others differ by {means[driven].std():.2f} K, all by "
            f"{means.std():.2f} K"
        )
    classes = by_class(record)
    if len(classes) > 1:
        each_class = (
            f"{name} {of['mean_degC']:.1f} ± {of['sd_K']:.2f} ({of['stations']:.0f})"
            for name, of in classes.items()
        )
        lines.append(
            f"by class of station, mean ± sd in degC (stations): {', '.join(each_class)}; class B may go "
            "1 K below its own curve, T 6 K, A 8 K"
        )
    name, p10 = worst_station(record)
    kind = "driven" if driven[record.stations.index(name)] else "read only"
    lines.append(f"worst is station {name} ({kind}): a tenth of its dwelling-hours is below {p10:.1f} degC")
    control, loops = record.control, len(record.A_heated)
    for rule, what in TELLING.items():
        share = control.guard_cuts.get(rule, 0) / max(loops * control.cycles, 1)
        if share >= TELLING_SHARE:
            lines.append(f"{what} {100.0 * share:.0f} % of the time, over all loops")
    return lines


def _offsets(trial: Trial) -> dict[str, object]:
    """Return what the operators have set: of the city, and of each baseline on top of it."""
    site = trial.contestants[0].town.controlled
    found: dict[str, object] = {"city": {e: law.offset_K for e, law in site.regulation.items()}}
    for contestant in trial.contestants:
        if contestant.name == TUNED:
            found[TUNED] = dict(sorted(contestant.offsets.by_station_K.items()))
        elif contestant.name == WARM:
            laws = contestant.town.controlled.regulation
            found[WARM] = {e: law.offset_K for e, law in laws.items()}
        elif contestant.name in BASELINES:
            found[contestant.name] = contestant.offsets.common_K
    return found


def _percent(mine: Kpis, theirs: Kpis, key: str) -> float:
    base = _number(theirs, key)
    return 100.0 * _number(mine, key) / base if base else 100.0


def _number(kpis: Kpis, key: str) -> float:
    value = kpis[key]
    assert isinstance(value, int | float)
    return value


def _rounded(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value with its numbers to seven significant digits, which is more than they are worth."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return float(f"{value:.7g}") if isinstance(value, float) else value
