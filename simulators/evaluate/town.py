"""The site that strategies are judged on: the synthetic city, written anew for each run into a folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.config.loader import load_site as load_controller_site
from simulators.city import write_city
from simulators.sitefile import SimSite, load_site

if TYPE_CHECKING:
    from pathlib import Path

    from controller.config.model import SiteConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """One city as its simulators and as its controller know it."""

    simulated: SimSite
    controlled: SiteConfig


def make_town(folder: Path, *, stations: int, seed: int) -> Town:
    """Write the demo city of this size and seed into ``folder`` and read it both ways."""
    write_city(folder, stations=stations, seed=seed)
    simulated = load_site(folder)
    for station in simulated.stations:
        if station.certificate is not None:
            # Nobody connects here, but a site that names a certificate is refused without the file.
            station.certificate.parent.mkdir(exist_ok=True)
            station.certificate.touch()
    return Town(simulated=simulated, controlled=load_controller_site(folder))
