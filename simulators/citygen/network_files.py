"""The network of a site as files: ``network/network.toml``, ``places.csv``, ``pipes.csv``, ``stations.csv``.

Written with a generated city, and read back by whoever works on the pipes; people may edit them. What is
wrong is told with file and row, or, where only the whole shows it, as a NetworkError that names place or
pipe. Where there are pumps besides those of the sources, ``pumps.csv`` tells them.
"""

import csv
import io
import math
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simulators.citygen.model import TRENCH_KINDS, GeneratedCity, Pipes
from simulators.plant.arrays import Floats
from simulators.plant.network.graph import Booster, Consumer, Flags, Place, Source, Trench
from simulators.plant.network.pumps import PumpCurve

FOLDER = "network"
PLACES, PIPES, STATIONS, SETTINGS = "places.csv", "pipes.csv", "stations.csv", "network.toml"
PUMPS = "pumps.csv"
PUMP_COLUMNS = (
    "pump", "kind", "at", "side", "m_flow_design_kg_per_s", "dp_design_kPa", "rise", "efficiency",
)  # fmt: skip
PUMP_KINDS = ("booster", "station")
SIDES = ("supply", "return")


class NetworkFileError(ValueError):
    """A network file that cannot be read; says which file, row and column, and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSite:
    """A network with its design day."""

    pipes: Pipes
    m_flow_design: Floats
    """kg/s of each station, in the order of ``pipes.consumers``."""
    m_flow_source: Floats
    """kg/s of each source on the design day."""
    dp_source: float
    """kPa that the first source holds then."""
    base: Flags
    """Which sources are base plants, shape (n_sources,)."""


def network_of(city: GeneratedCity) -> NetworkSite:
    """Return the network of a generated city."""
    return NetworkSite(
        pipes=city.pipes,
        m_flow_design=city.stations.m_flow_design,
        m_flow_source=city.sources.m_flow_design,
        dp_source=float(city.sources.dp_design[0]),
        base=city.sources.base,
    )


def write_network(city: GeneratedCity, folder: Path) -> None:
    """Write the files into ``folder``, which exists."""
    pipes = city.pipes
    _write(
        folder / PLACES,
        ("place", "x_m", "y_m", "z_m"),
        (
            (place.name, f"{x:.1f}", f"{y:.1f}", f"{place.elevation:.2f}")
            for place, x, y in zip(pipes.places, pipes.x, pipes.y, strict=True)
        ),
    )
    _write(
        folder / PIPES,
        ("pipe", "kind", "start", "end", "length_m", "DN", "diameter_m", "roughness_m", "zeta"),
        (
            (t.name, TRENCH_KINDS[kind], t.start, t.end, f"{t.length:.1f}", str(DN), f"{t.diameter:.4f}",
             f"{t.roughness:.6f}", f"{t.zeta:.2f}")
            for t, kind, DN in zip(pipes.trenches, pipes.kind, pipes.DN, strict=True)
        ),
    )  # fmt: skip
    _write(
        folder / STATIONS,
        ("station", "place", "m_flow_design_kg_per_s", "dp_min_kPa"),
        (
            (consumer.name, consumer.place, f"{m:.4f}", f"{consumer.dp_min:.1f}")
            for consumer, m in zip(pipes.consumers, city.stations.m_flow_design, strict=True)
        ),
    )
    pumps = [*_pump_rows(pipes)]
    if pumps:
        _write(folder / PUMPS, PUMP_COLUMNS, pumps)
    (folder / SETTINGS).write_text(_settings(city), encoding="utf-8", newline="\n")


def read_network(folder: Path) -> NetworkSite:
    """Read the files of ``folder``; raises NetworkFileError. ``pipes.network()`` judges the whole."""
    settings = _read_settings(folder / SETTINGS)
    places, pipes, stations = (_rows(folder / name) for name in (PLACES, PIPES, STATIONS))
    boosters, of_stations = _pumps(folder / PUMPS, {row.text("station") for row in stations})
    sources = settings["sources"]
    return NetworkSite(
        pipes=Pipes(
            places=tuple(Place(name=row.text("place"), elevation=row.number("z_m")) for row in places),
            x=np.array([row.number("x_m") for row in places]),
            y=np.array([row.number("y_m") for row in places]),
            trenches=tuple(
                Trench(
                    name=row.text("pipe"),
                    start=row.text("start"),
                    end=row.text("end"),
                    length=row.number("length_m"),
                    diameter=row.number("diameter_m"),
                    roughness=row.number("roughness_m"),
                    zeta=row.number("zeta"),
                )
                for row in pipes
            ),
            kind=np.array([row.choice("kind", TRENCH_KINDS) for row in pipes], dtype=np.intp),
            DN=np.array([int(row.number("DN")) for row in pipes], dtype=np.intp),
            consumers=tuple(
                Consumer(
                    name=row.text("station"),
                    place=row.text("place"),
                    dp_min=row.number("dp_min_kPa"),
                    pump=of_stations.get(row.text("station")),
                )
                for row in stations
            ),
            sources=tuple(Source(name=str(source["id"]), place=str(source["place"])) for source in sources),
            p_return=float(settings["p_return_kPa"]),
            T_supply_design=float(settings["T_supply_design_degC"]),
            T_return_design=float(settings["T_return_design_degC"]),
            boosters=boosters,
        ),
        m_flow_design=np.array([row.number("m_flow_design_kg_per_s") for row in stations]),
        m_flow_source=np.array([float(source["m_flow_design_kg_per_s"]) for source in sources]),
        dp_source=float(sources[0]["dp_design_kPa"]),
        base=np.array([source["role"] == "base" for source in sources]),
    )


def _pump_rows(pipes: Pipes) -> Iterator[tuple[str, ...]]:
    """Return the rows of ``pumps.csv``: each pump by its design point and its head at no flow over that."""
    for booster in pipes.boosters:
        yield (booster.name, "booster", booster.trench, booster.side, *_point(booster.pump))
    for consumer in pipes.consumers:
        if consumer.pump is not None:
            yield (consumer.name, "station", consumer.name, "", *_point(consumer.pump))


def _point(curve: PumpCurve) -> tuple[str, ...]:
    m = curve.m_flow_best
    dp = curve.dp0 - curve.a * m**2
    return f"{m:.4f}", f"{dp:.1f}", f"{curve.dp0 / dp:.3f}", f"{curve.efficiency_best:.3f}"


def _pumps(path: Path, stations: set[str]) -> tuple[tuple[Booster, ...], dict[str, PumpCurve]]:
    """Return the boosters, and the pumps in stations by station; none where there is no such file."""
    boosters, of_stations = [], {}
    for row in _rows(path) if path.is_file() else ():
        curve = PumpCurve.through(
            row.number("m_flow_design_kg_per_s"),
            row.number("dp_design_kPa"),
            row.number("rise"),
            row.number("efficiency"),
        )
        at = row.text("at")
        if PUMP_KINDS[row.choice("kind", PUMP_KINDS)] == "booster":
            side = SIDES[row.choice("side", SIDES)]
            boosters.append(Booster(name=row.text("pump"), trench=at, side=side, pump=curve))
        elif at not in stations or at in of_stations:
            raise NetworkFileError(f"{row.file}:{row.line}: at: {at!r}; allowed a station, each once")
        else:
            of_stations[at] = curve
    return tuple(boosters), of_stations


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a CSV file that knows where it stands."""

    file: str
    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """Return a cell that is not blank."""
        text = (self.cells.get(column) or "").strip()
        if not text:
            raise NetworkFileError(f"{self.file}:{self.line}: {column}: blank; it needs a name")
        return text

    def number(self, column: str) -> float:
        """Return a finite number; its range is judged with the network, which knows what it is."""
        text = self.text(column)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise NetworkFileError(f"{self.file}:{self.line}: {column}: {text!r} is not a number")
        return value

    def choice(self, column: str, known: Sequence[str]) -> int:
        """Return the place of a word among the known ones."""
        text = self.text(column)
        if text not in known:
            raise NetworkFileError(
                f"{self.file}:{self.line}: {column}: {text!r}; allowed {', '.join(known)}"
            )  # fmt: skip
        return known.index(text)


def _rows(path: Path) -> list[_Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = [_Row(path.name, reader.line_num, row) for row in reader]
    except OSError as error:
        raise NetworkFileError(f"{path}: {error.strerror}; `dhc city new` writes it") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise NetworkFileError(f"{path}: no readable table: {error}") from error
    if not rows:
        raise NetworkFileError(f"{path}: has no rows")
    return rows


def _settings(city: GeneratedCity) -> str:
    lines = [
        "# The network's design day: what all sources give when all stations take their design flow.",
        "",
        f"p_return_kPa = {city.pipes.p_return:.1f}  # held at the first source's return",
        f"T_supply_design_degC = {city.pipes.T_supply_design:.1f}",
        f"T_return_design_degC = {city.pipes.T_return_design:.1f}",
    ]
    table = city.sources
    for k, source in enumerate(city.pipes.sources):
        lines += [
            "",
            "[[sources]]",
            f'id = "{source.name}"',
            f'place = "{source.place}"',
            f'role = "{"base" if table.base[k] else "peak"}"',
            f"Q_max_kW = {table.Q_max[k]:.0f}",
            f"m_flow_design_kg_per_s = {table.m_flow_design[k]:.4f}",
            f"dp_design_kPa = {table.dp_design[k]:.1f}",
        ]
    return "\n".join(lines) + "\n"


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NetworkFileError(f"{path}: {error}") from error
    sources = settings.get("sources")
    if not isinstance(sources, list) or not sources:
        raise NetworkFileError(f"{path}: needs at least one [[sources]]")
    numbers = ("p_return_kPa", "T_supply_design_degC", "T_return_design_degC")
    for where, table, keys in [
        ("", settings, numbers),
        *(("sources: ", s, ("m_flow_design_kg_per_s", "dp_design_kPa")) for s in sources),
    ]:
        for key in keys:
            if not isinstance(table.get(key), int | float) or not math.isfinite(table[key]):
                raise NetworkFileError(f"{path}: {where}{key}: {table.get(key)!r} is not a number")
    if any(not isinstance(source.get(key), str) for source in sources for key in ("id", "place")):
        raise NetworkFileError(f"{path}: each of [[sources]] needs id and place")
    if wrong := [source["id"] for source in sources if source.get("role") not in ("base", "peak")]:
        raise NetworkFileError(f"{path}: sources: role of {wrong[0]}: allowed base, peak")
    if sources[0]["role"] != "base":
        raise NetworkFileError(f"{path}: sources: the first holds the pressure, so its role must be base")
    return settings


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="\n")
