"""The generated city as the judge runs it: its site as the controller knows it, the physical city behind it.

The own curves that the field's stations were commissioned with stand in ``fieldtruth/parameters.toml``; the
calibration to field audits rests on them. So the site's curves are set to them, and the centre's laws to what
comes nearest to them: under ``curve`` the judged city is the audited one.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simulators.city_text import T_OUTDOOR_DESIGN_degC
from simulators.citygen.generate import generate
from simulators.citygen.model import EMITTERS, SPREAD_K
from simulators.citygen.site_files import write_site
from simulators.citygen.station_list import curve_name
from simulators.evaluate.town import Town, read_town
from simulators.fieldtruth.build import FieldCity, build
from simulators.fieldtruth.parameters import parameters
from simulators.plc.limits import T_SUPPLY_MAX

if TYPE_CHECKING:
    from pathlib import Path

    from simulators.scenario import Scenario

OFFSET_MAX_K = 8.0
"""A site file takes no larger offset of a law."""
LAW_FALL_K = {"radiator": 12.5, "floor": 9.0}
"""Supply less return on the design day at the flows of practice."""
LAW_INDOOR_degC = {"radiator": 20.0, "floor": 22.0}
"""With which the laws of both emitters come within 1 K of the own curves between -15 and 10 degC outdoors."""


class NotGenerated(Exception):
    """A site that has no physical city behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a generated city is drawn from."""

    stations: int
    seed: int
    spread_K: float = SPREAD_K


def origin_of(site: Path) -> Origin:
    """Return what the city of a site folder was drawn from; raises NotGenerated."""
    file = site / "simulation.toml"
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))["simulation"]["city"]
        return Origin(
            stations=int(table["stations"]), seed=int(table["seed"]), spread_K=float(table["spread_K"])
        )
    except OSError as error:
        raise NotGenerated(
            f"{file}: {error.strerror}; `dhc city new` writes sites that can be judged"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise NotGenerated(
            f"{file} does not say what the city was drawn from ([simulation.city] with stations, seed and "
            "spread_K); `dhc city new` writes sites that can be judged on the physical city"
        ) from error


def field_city(origin: Origin, scenario: Scenario) -> FieldCity:
    """Return the physical city with the weather of a scenario."""
    field = build(generate(origin.stations, origin.seed, origin.spread_K))
    table = field.city.weather
    weather = replace(table, T_outdoor=scenario.outdoor(table.time, table.T_outdoor))
    return replace(field, city=replace(field.city, weather=weather))


def make_town(folder: Path, field: FieldCity, *, offset_K: float = 0.0, site: Path | None = None) -> Town:
    """Write the city's site into ``folder``, or copy ``site`` there, and read it both ways.

    Its operators have set all curves ``offset_K`` above the field's: the stations' own ones, to which they
    fall back, and the centre's law of each emitter type.
    """
    if site is None:
        write_site(field.city, folder)
    else:
        shutil.copytree(site, folder, ignore=shutil.ignore_patterns("data", "pki"))
    file = folder / "site.toml"
    file.write_text(_with_curves(file.read_text(encoding="utf-8"), field, offset_K), encoding="utf-8")
    curves = replace(field.curves, offset=field.curves.offset + offset_K)
    return read_town(folder, replace(field, curves=curves))


def _with_curves(text: str, field: FieldCity, offset_K: float) -> str:
    """Return a site file with the field's own curves and the laws that belong to them."""
    table, loops = parameters()["own_curve"], field.city.loops
    offsets = {(int(e), float(k)) for e, k in zip(loops.emitter, loops.curve_offset, strict=True)}
    for emitter, own_K in sorted(offsets):
        kind = EMITTERS[emitter]
        supply = [min(T + own_K + offset_K, T_SUPPLY_MAX[kind]) for T in table[kind]]
        text = _set(
            text, f"curves.{curve_name(kind, own_K)}", "T_outdoor_degC", _list(table["T_outdoor_degC"])
        )
        text = _set(text, f"curves.{curve_name(kind, own_K)}", "T_supply_degC", _list(supply))
    for kind, values in _laws(table, offset_K).items():
        for key, value in values.items():
            text = _set(text, f"regulation.{kind}", key, f"{value:.2f}")
    return text


def _laws(table: dict[str, Any], offset_K: float) -> dict[str, dict[str, float]]:
    """Return what is set in the law of each emitter type, so that it follows the own curve."""
    laws = {}
    for kind in EMITTERS:
        T_supply = float(np.interp(T_OUTDOOR_DESIGN_degC, table["T_outdoor_degC"], table[kind]))
        laws[kind] = {
            "T_indoor_degC": LAW_INDOOR_degC[kind],
            "T_supply_design_degC": T_supply,
            "T_return_design_degC": T_supply - LAW_FALL_K[kind],
            "offset_K": offset_K,
        }
    return laws


def _set(text: str, table: str, key: str, value: str) -> str:
    """Return a TOML text with one value of one table replaced; as it was where there is no such table."""
    head = rf"(^\[{re.escape(table)}\]\n(?:(?!\[).*\n)*?{key} = )[^\n]*"
    return re.sub(head, lambda found: found[1] + value, text, flags=re.MULTILINE)


def _list(values: list[float]) -> str:
    return "[" + ", ".join(f"{value:.2f}" for value in values) + "]"
