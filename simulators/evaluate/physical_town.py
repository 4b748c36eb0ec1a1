"""The generated city as the judge runs it: its site as the controller knows it, the physical city behind it.

A site folder is taken as it stands: network, sources, loops, weather and curves, after people have worked
on it (``citygen.taken``). What is not in it, houses and instruments, is drawn from its ``simulation.toml``.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from controller.config.faults import SiteError
from simulators.citygen.generate import generate
from simulators.citygen.model import SPREAD_K
from simulators.citygen.site_files import write_site
from simulators.citygen.site_ranges import SiteFaults
from simulators.citygen.taken import taken
from simulators.evaluate.source_site import let_take_orders
from simulators.evaluate.town import Town, read_town
from simulators.fieldtruth.build import FieldCity, build
from simulators.fieldtruth.control import OwnCurves
from simulators.plc.curve import HeatingCurve
from simulators.plc.limits import T_SUPPLY_MAX
from simulators.sitefile import SiteFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.citygen.model import GeneratedCity
    from simulators.scenario import Scenario
    from simulators.sitefile import SimSite


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


def field_city(origin: Origin, scenario: Scenario, site: Path | None = None) -> FieldCity:
    """Return the physical city with the weather of a scenario; that of the folder ``site`` if one is given.

    Raises NotGenerated with all that cannot be taken from the folder, or a NetworkError.
    """
    city = generate(origin.stations, origin.seed, origin.spread_K)
    if site is not None:
        city = _taken(city, site)
    field = build(city)
    table = field.city.weather
    weather = replace(table, T_outdoor=scenario.outdoor(table.time, table.T_outdoor))
    return replace(field, city=replace(field.city, weather=weather))


def _taken(city: GeneratedCity, site: Path) -> GeneratedCity:
    """Return the city as its folder says; raises NotGenerated with all faults of all files."""
    faults: list[str] = []
    with TemporaryDirectory() as copy:
        try:
            read_town(_copied(site, Path(copy, "site")))
        except (SiteError, SiteFileError) as error:
            faults += str(error).splitlines()
    try:
        city = taken(city, site)
    except SiteFaults as error:
        faults = error.faults + faults
    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise NotGenerated(f"{site} cannot be judged as it stands, {len(faults)} faults:\n{lines}")
    return city


def _copied(site: Path, folder: Path) -> Path:
    return shutil.copytree(site, folder, ignore=shutil.ignore_patterns("data", "pki"))


def make_town(
    folder: Path,
    field: FieldCity,
    *,
    offset_K: float = 0.0,
    site: Path | None = None,
    sources_written: bool = False,
) -> Town:
    """Write the city's site into ``folder``, or copy ``site`` there, and read it both ways.

    Its operators have set all curves ``offset_K`` above what stands in the site: the stations' own ones, to
    which they fall back, and the centre's law of each emitter type. The city follows the curves of its site.
    ``sources_written`` lets the heat sources of a generated site take orders; of ``site`` its file decides.
    """
    if site is None:
        write_site(field.city, folder)
        if sources_written:
            let_take_orders(folder, field)
    else:
        _copied(site, folder)
    file = folder / "site.toml"
    town = read_town(folder, field)
    if offset_K:
        text = raised(file.read_text(encoding="utf-8"), offset_K, _limits(town.simulated))
        file.write_text(text, encoding="utf-8")
        town = read_town(folder, field)
    return replace(town, field=replace(field, curves=_curves(town.simulated, field.curves)))


def _curves(site: SimSite, drawn: OwnCurves) -> OwnCurves:
    """Return the own curves of the site's loops, in its order, on the points of all of them together."""
    loops = [loop for station in site.stations for loop in station.loops]
    T_outdoor = sorted({T for loop in loops for T in loop.curve.T_outdoor})
    return OwnCurves(
        T_outdoor=np.array(T_outdoor),
        T_supply=np.array([[loop.own_supply(T) for T in T_outdoor] for loop in loops]),
        is_floor=drawn.is_floor,
    )


def raised(text: str, offset_K: float, limits: Mapping[HeatingCurve, float]) -> str:
    """Return a site file with its curves and laws set ``offset_K`` higher; raises NotGenerated.

    A curve stays below the limit in degC of the emitters that it serves, which their PLC would hold anyway.
    """
    tables = tomllib.loads(text)
    for name, table in tables.get("curves", {}).items():
        curve = HeatingCurve(tuple(table["T_outdoor_degC"]), tuple(table["T_supply_degC"]))
        most = limits.get(curve, min(T_SUPPLY_MAX.values()))
        supply = ", ".join(f"{min(T + offset_K, most):.2f}" for T in curve.T_supply)
        text = _set(text, f"curves.{name}", "T_supply_degC", f"[{supply}]")
    for name, law in tables.get("regulation", {}).items():
        text = _set(text, f"regulation.{name}", "offset_K", f"{law.get('offset_K', 0.0) + offset_K:.2f}")
    return text


def _limits(site: SimSite) -> dict[HeatingCurve, float]:
    loops = [loop for station in site.stations for loop in station.loops]
    return {loop.curve: T_SUPPLY_MAX[loop.emitter] for loop in loops}


def _set(text: str, table: str, key: str, value: str) -> str:
    """Return a TOML text with one value of one table replaced, which must stand on a line of its own."""
    head = rf"(^\[{re.escape(table)}\][^\n]*\n(?:(?!\[).*\n)*?{key} *= *)[^\n]*"
    found = re.search(head, text, flags=re.MULTILINE)
    if found is None:
        raise NotGenerated(f"site.toml: {table}: {key}: not on a line of its own, so it cannot be raised")
    return text[: found.start()] + found[1] + value + text[found.end() :]
