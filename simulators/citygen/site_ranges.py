"""What the numbers of a generated site's files may be, and all that are outside at once.

People edit these files. Whoever works with a site judges every cell first, so that one look tells all that is
wrong: file and row, key, value, what is allowed. How the parts hang together is judged afterwards.
"""

import csv
import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simulators.citygen.network_files import FOLDER, PIPES, PLACES, PUMPS, SETTINGS, STATIONS

Limits = tuple[float, float]

NETWORK: Mapping[str, Mapping[str, Limits]] = {
    PLACES: {"x_m": (-1e5, 1e5), "y_m": (-1e5, 1e5), "z_m": (-500.0, 6000.0)},
    PIPES: {
        "length_m": (0.1, 50_000.0),
        "DN": (15.0, 2000.0),
        "diameter_m": (0.01, 2.0),
        "roughness_m": (1e-6, 0.01),
        "zeta": (0.0, 10_000.0),
    },
    STATIONS: {"m_flow_design_kg_per_s": (0.01, 1000.0), "dp_min_kPa": (0.0, 1000.0)},
}
OF_PUMPS: Mapping[str, Limits] = {
    "m_flow_design_kg_per_s": (0.01, 1e4),
    "dp_design_kPa": (1.0, 2000.0),
    "rise": (1.01, 3.0),
    "efficiency": (0.1, 0.95),
}
"""Where there are any."""
SETTINGS_OF_ALL: Mapping[str, Limits] = {
    "p_return_kPa": (100.0, 2500.0),
    "T_supply_design_degC": (60.0, 150.0),
    "T_return_design_degC": (20.0, 90.0),
}
OF_A_SOURCE: Mapping[str, Limits] = {
    "Q_max_kW": (10.0, 5e6),
    "m_flow_design_kg_per_s": (0.01, 1e5),
    "dp_design_kPa": (10.0, 4000.0),
}
WEATHER: Mapping[str, Limits] = {
    "T_outdoor_degC": (-50.0, 50.0),
    "wind_m_per_s": (0.0, 50.0),
    "irradiation_W_per_m2": (0.0, 1500.0),
    "sun_direct_W_per_m2": (0.0, 1200.0),
    "sun_diffuse_W_per_m2": (0.0, 1200.0),
}
TOLD = 50
"""Faults of one file that are told; a table of a year that is wrong throughout has thousands."""


class SiteFaults(ValueError):
    """All that is wrong with the files of a site, a line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def outside(file: str, key: str, value: object, allowed: str) -> str:
    """Return the line that says what is wrong."""
    return f"{file}: {key}: got {value}; allowed {allowed}"


def between(limits: Limits, unit: str = "") -> str:
    """Return limits as text."""
    return f"{limits[0]:g}..{limits[1]:g}{unit}"


def network_faults(site: Path) -> list[str]:
    """Return every number of the network's files that is none or outside of its range."""
    folder = site / FOLDER
    faults = [line for name, columns in NETWORK.items() for line in table_faults(folder / name, columns)]
    if (folder / PUMPS).is_file():
        faults += table_faults(folder / PUMPS, OF_PUMPS)
    return faults + list(_settings_faults(folder / SETTINGS))


def table_faults(path: Path, columns: Mapping[str, Limits]) -> list[str]:
    """Return the cells of a CSV file that are no number or outside of their column's range."""
    name, faults = path.name if path.parent.name != FOLDER else f"{FOLDER}/{path.name}", []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                return [outside(f"{name}:1", "columns", "none of " + ", ".join(missing), "all of them")]
            for row in reader:
                for column, limits in columns.items():
                    text = (row[column] or "").strip()
                    if not _inside(text, limits):
                        faults.append(outside(f"{name}:{reader.line_num}", column, text, between(limits)))
    except OSError as error:
        return [f"{name}: {error.strerror}; `dhc city new` writes it"]
    except (UnicodeDecodeError, csv.Error) as error:
        return [f"{name}: no readable table: {error}"]
    more = len(faults) - TOLD
    return faults if more <= 0 else [*faults[:TOLD], f"{name}: {more} more cells are outside of their range"]


def _inside(text: str, limits: Limits) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return math.isfinite(value) and limits[0] <= value <= limits[1]


def _settings_faults(path: Path) -> Iterator[str]:
    name = f"{FOLDER}/{path.name}"
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        yield f"{name}: {error.strerror}; `dhc city new` writes it"
        return
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        yield f"{name}: {error}"
        return
    yield from _keys(name, "", settings, SETTINGS_OF_ALL)
    sources = settings.get("sources")
    if not isinstance(sources, list) or not all(isinstance(source, dict) for source in sources):
        yield outside(name, "sources", repr(sources), "tables [[sources]]")
        return
    for number, source in enumerate(sources, start=1):
        yield from _keys(name, f"sources {source.get('id', number)}: ", source, OF_A_SOURCE)


def _keys(name: str, where: str, table: dict[str, Any], keys: Mapping[str, Limits]) -> Iterator[str]:
    for key, limits in keys.items():
        value = table.get(key)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not _inside(str(value), limits):
            yield outside(name, where + key, value, between(limits))
