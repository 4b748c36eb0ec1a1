"""``dhc identify``: what the gathered record of a site says of its houses, now instead of tonight."""

import argparse
import json
from typing import Any

from rich.console import Console
from rich.table import Table

from controller.commands.exit_codes import FAILED, OK, WRONG_USE, fail, site_or_faults
from controller.knowing.belief import Belief, stored
from controller.knowing.store import FILE, KnowingStore
from controller.knowing.worker import identify_stored
from controller.logs import configure_logs
from optimizer.identify.delay import Delay
from optimizer.identify.exchanger import ExchangerTrend
from optimizer.identify.pump import PumpCurve
from optimizer.reason import Reason


def execute(options: argparse.Namespace) -> int:
    """Return 2 for wrong use, 1 where nothing was gathered or every loop was refused, else 0."""
    site = site_or_faults(options.site)
    if site is None:
        return WRONG_USE
    data = site.data if options.data is None else options.data
    if options.station is not None and all(station.id != options.station for station in site.stations):
        return fail(WRONG_USE, f"station {options.station!r} is not in the station list of {site.folder}")
    if not (data / FILE).exists():
        return fail(FAILED, f"{data / FILE}: not there; `dhc run` gathers what identification learns from")
    configure_logs("console")
    store = KnowingStore(data)
    newest = store.last_quarter()
    if newest is None:
        return fail(FAILED, f"{data / FILE}: nothing gathered yet; a first quarter of an hour must pass")
    found = list(identify_stored(store, newest, options.station, at_once=options.at_once))
    if options.json:
        print(json.dumps([_told(one) for one in found], ensure_ascii=False))
    else:
        _print(found)
    return OK if any(one.identified.state != "refused" for one in found) else FAILED


def _told(belief: Belief) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(stored(belief))
    return {"station": belief.key.station, "loop": belief.key.loop, **told}


def _print(found: list[Belief]) -> None:
    table = Table(
        "loop",
        "outcome",
        "UA W/(m2 K)",
        "q_n W/m2",
        "room known to K",
        "exchanger",
        "delay from source, to rooms",
        "pump",
        "why",
    )
    for one in found:
        building = one.identified.building
        sd = one.identified.T_indoor_sd
        table.add_row(
            str(one.key),
            one.identified.state,
            f"{building.UA[0]:.2f}",
            f"{building.q_n[0]:.0f}",
            "–" if sd is None else f"{sd:.1f}",
            _exchanger(one.exchanger),
            f"{_way(one.delay)}, {_way(one.to_rooms)}",
            f"{one.pump.points} points" if isinstance(one.pump, PumpCurve) else _why(one.pump),
            "; ".join(_said(reason) for reason in one.identified.reasons),
        )
    Console().print(table)


def _way(found: Delay | Reason | None) -> str:
    return f"{found.seconds / 60.0:.0f} min" if isinstance(found, Delay) else _why(found)


def _exchanger(trend: ExchangerTrend | Reason | None) -> str:
    if not isinstance(trend, ExchangerTrend):
        return _why(trend)
    fouls = ", fouls" if trend.fouls else ""
    return f"{trend.UA_kW_per_K:.1f} kW/K, {100.0 * trend.change_30_days:+.0f} % in 30 d{fouls}"


def _why(reason: Reason | object | None) -> str:
    return reason.id.removeprefix("identify.").replace("_", " ") if isinstance(reason, Reason) else "–"


def _said(reason: Reason) -> str:
    """Return a reason as an engineer reads it: its id and the numbers that decided."""
    numbers = ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in reason.params.items()
    )
    return _why(reason) + (f" ({numbers})" if numbers else "")
