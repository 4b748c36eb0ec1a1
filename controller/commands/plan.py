"""``dhc plan``: one plan of what a site's controller laid down last, with the reasons."""

import argparse
import json
import sqlite3
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from rich.console import Console
from rich.table import Table

from controller.commands.exit_codes import FAILED, OK, WRONG_USE, fail, site_or_faults
from controller.decisions import Proposal
from controller.knowing.store import FILE
from controller.logs import configure_logs
from controller.planning.stored import NothingStored, StoredPlan, plan_of_stored
from controller.words.plan import reasoned
from optimizer.forecast.weather import NoWeather
from optimizer.plan.status import PlanStatus
from optimizer.reason import Reason

STEPS_3H = 12


def execute(options: argparse.Namespace) -> int:
    """Return 2 for wrong use, 1 where there is nothing to plan from or no plan, else 0."""
    site = site_or_faults(options.site, options.data)
    if site is None:
        return WRONG_USE
    if not (site.data / FILE).exists():
        return fail(FAILED, f"{site.data / FILE}: not there; `dhc run` gathers what plans are made from")
    configure_logs("console")
    try:
        found = plan_of_stored(site)
    except NothingStored as error:
        return fail(FAILED, f"{site.data / FILE}: {error}")
    except (OSError, sqlite3.Error) as error:
        return fail(FAILED, f"{site.data}: {error}")
    told = _told(found)
    if options.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _print(told, ZoneInfo(site.timezone))
    return FAILED if found.published.plan.status is PlanStatus.NONE else OK


def _told(found: StoredPlan) -> dict[str, Any]:
    published, plan = found.published, found.published.plan
    outlook = published.outlook
    wishes = {wish.key: wish for wish in found.wishes}
    planned = [key for key in published.keys if key not in published.excluded and plan.q.size]
    area = published.known.buildings.area
    return {
        "at": published.made_at,
        "status": str(plan.status),
        "why": None if plan.why is None else _sentence(plan.why),
        "gap_percent": 100.0 * plan.gap if np.isfinite(plan.gap) else None,
        "source_kW": published.source.Q_flow_max,
        "binding": [_sentence(reason) for reason in plan.binding],
        "weather_age_s": None if isinstance(outlook, NoWeather) else outlook.age_s,
        "loops": [
            {
                "station": key.station,
                "loop": key.loop,
                "q_now_W_per_m2": float(plan.q[i, 0]),
                "q_3h_W_per_m2": float(plan.q[i, :STEPS_3H].mean()),
                "q_all_W_per_m2": float(plan.q[i].mean()),
                "E_heat_kWh": float(plan.q[i].sum() * plan.dt_h * area[i] / 1000.0),
                "T_indoor_degC": float(published.known.state.T_indoor[i]),
                "T_indoor_sd_K": float(published.known.state.T_indoor_sd[i]),
                "T_indoor_end_degC": float(plan.T_indoor[i, -1]),
                "T_supply_degC": None if key not in wishes else wishes[key].T_supply,
                "m_flow_kg_per_s": None if key not in wishes else wishes[key].m_flow,
                "reason": None if key not in wishes else wishes[key].reason.to_json(),
            }
            for i, key in enumerate(published.keys)
            if key in planned
        ],
        "excluded": [
            {
                "station": key.station,
                "loop": key.loop,
                "why": _sentence(why),
                **_advice(wishes.get(key) if published.advised(key) else None),
            }
            for key, why in published.excluded.items()
        ],
    }


def _advice(wish: Proposal | None) -> dict[str, object]:
    """Return what a loop that takes no setpoints shall be set to by hand; null where no plan says it."""
    return {
        "T_supply_advised_degC": None if wish is None else wish.T_supply,
        "m_flow_advised_kg_per_s": None if wish is None else wish.m_flow,
        "advice": None if wish is None else wish.reason.to_json(),
    }


def _sentence(reason: Reason) -> dict[str, object]:
    return reasoned(reason).to_json()


def _print(told: dict[str, Any], zone: ZoneInfo) -> None:
    console = Console()
    when = datetime.fromtimestamp(told["at"], zone).strftime("%Y-%m-%d %H:%M")
    gap = "" if told["gap_percent"] is None else f", within {told['gap_percent']:.2f} % of the best"
    console.print(f"plan of what was known at {when}: [bold]{told['status']}[/bold]{gap}")
    if told["why"] is not None:
        console.print(f"because {told['why']['en']}", markup=False)
    most = told["source_kW"]
    source = "counts as unlimited: nobody told" if most is None else f"can give {most / 1000.0:.1f} MW"
    console.print(f"the source {source}; loops count as free to move, and in the site file's modes")
    for binding in told["binding"]:
        console.print(f"- {binding['en']}", markup=False)
    if told["loops"]:
        console.print(_loops(told["loops"]))
    for loop in told["excluded"]:
        name, advice = f"{loop['station']}/{loop['loop']}", loop["advice"]
        stays = f"{name} stays on the curve: {loop['why']['en']}"
        advised = None if advice is None else f"{name}: {loop['why']['en']}; advice: {advice['en']}"
        console.print(advised or stays, markup=False)


def _loops(loops: list[dict[str, Any]]) -> Table:
    table = Table("loop", "W/m2 now", "3 h", "day", "room", "at end", "°C", "kg/s", "why")
    for loop in loops:
        supply, flow, why = loop["T_supply_degC"], loop["m_flow_kg_per_s"], loop["reason"]
        table.add_row(
            f"{loop['station']}/{loop['loop']}",
            *(f"{loop[f'q_{name}_W_per_m2']:.1f}" for name in ("now", "3h", "all")),
            f"{loop['T_indoor_degC']:.1f} ±{loop['T_indoor_sd_K']:.1f}",
            f"{loop['T_indoor_end_degC']:.1f}",
            "–" if supply is None else f"{supply:.1f}",
            "–" if flow is None else f"{flow:.1f}",
            "not in auto" if why is None else why["en"],
        )
    return table
