"""The site that strategies are judged on: the synthetic city, written anew for each run into a folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.config.loader import load_site as load_controller_site
from simulators.city import write_city
from simulators.sitefile import SimSite, load_site

if TYPE_CHECKING:
    from pathlib import Path

    from controller.config.model import SiteConfig
    from simulators.fieldtruth.build import FieldCity


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """One city as its simulators and as its controller know it."""

    simulated: SimSite
    controlled: SiteConfig
    field: FieldCity | None = None
    """The physical city, its own curves as the site's; None where the simple plant stands behind the site."""


def make_town(folder: Path, *, stations: int, seed: int, offset_K: float = 0.0) -> Town:
    """Write the demo city of this size and seed into ``folder`` and read it both ways.

    Its operators have set all curves ``offset_K`` above the generator's: the stations' own ones, to which
    they fall back, and the centre's law of each emitter type.
    """
    write_city(folder, stations=stations, seed=seed)
    file = folder / "site.toml"
    file.write_text(_shifted(file.read_text(encoding="utf-8"), offset_K), encoding="utf-8")
    return read_town(folder)


def read_town(folder: Path, field: FieldCity | None = None) -> Town:
    """Read a site folder both ways."""
    simulated = load_site(folder)
    for station in simulated.stations:
        if station.certificate is not None:
            # Nobody connects here, but a site that names a certificate is refused without the file.
            station.certificate.parent.mkdir(exist_ok=True)
            station.certificate.touch()
    return Town(simulated=simulated, controlled=load_controller_site(folder), field=field)


def _shifted(text: str, offset_K: float) -> str:
    """Return a site file with its curves and laws set by an offset in K."""

    def curve(found: re.Match[str]) -> str:
        values = [float(value) + offset_K for value in found[1].split(",")]
        return f"T_supply_degC = [{', '.join(f'{value:.2f}' for value in values)}]"

    text = re.sub(r"^T_supply_degC = \[(.*)\]$", curve, text, flags=re.MULTILINE)
    return re.sub(r"^offset_K = 0\.0$", f"offset_K = {offset_K:.2f}", text, flags=re.MULTILINE)
