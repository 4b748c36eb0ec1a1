"""The city that a site folder describes, after people have worked on it.

``simulation.toml`` says what houses and instruments are drawn from; the rest of the folder says what its
owner knows: network, sources, stations' loops, weather. That is taken as it stands there. What cannot be
taken is refused, all at once: stations, loops and sources that were not drawn have no houses and no plant
behind them.

A cell that still is what the generator would write keeps the drawn value with all its digits, so a folder
that nobody touched gives the very city it was written from.
"""

import csv
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from simulators.citygen.model import (
    EMITTERS,
    PIPINGS,
    GeneratedCity,
    LoopTable,
    Pipes,
    SourceTable,
    WeatherTable,
)
from simulators.citygen.network_files import FOLDER, SETTINGS, NetworkFileError, NetworkSite, read_network
from simulators.citygen.site_files import weather_rows
from simulators.citygen.site_ranges import (
    WEATHER,
    SiteFaults,
    between,
    network_faults,
    outside,
    table_faults,
)
from simulators.plant.arrays import Floats

AREA_FACTOR = (0.5, 2.0)
"""A loop keeps its drawn houses; they may be so much smaller or larger."""
FLOW_kg_per_h_m2 = (0.3, 10.0)
"""Design circulation of a loop."""
LIST = "stations.csv"
WEATHER_FILE = "weather.csv"


def taken(city: GeneratedCity, folder: Path) -> GeneratedCity:
    """Return the drawn ``city`` with what its site folder says; raises SiteFaults, or a NetworkError.

    Curves are not taken here: they move no house. Whoever runs the city reads them with the stations.
    """
    faults = network_faults(folder)
    loops, found = _loops(city, folder / LIST)
    faults += found
    weather, found = _weather(city.weather, folder / WEATHER_FILE)
    faults += found
    site = None
    if not faults:
        try:
            site = read_network(folder / FOLDER)
            faults += _strangers(city, site)
        except NetworkFileError as error:
            faults.append(str(error))
    if faults or site is None:
        raise SiteFaults(faults)
    return _with_network(replace(city, loops=loops, weather=weather), site, folder)


def _kept(drawn: Floats, read: Floats, step: float) -> Floats:
    """Return what was read; where it is the drawn value rounded to ``step``, the drawn one."""
    if drawn.shape != read.shape:
        return read
    return np.where(np.abs(drawn - read) <= 0.5001 * step, drawn, read)


def _loops(city: GeneratedCity, path: Path) -> tuple[LoopTable, list[str]]:
    """Return the loops with areas, emitters, pipes and flows of the station list, and what is wrong there."""
    loops, ids = city.loops, city.stations.id
    row_of = {
        (ids[s], int(n)): row for row, (s, n) in enumerate(zip(loops.station, loops.number, strict=True))
    }
    area, flow = loops.A_heated.copy(), loops.m_flow_design.copy()
    emitter, piping = loops.emitter.copy(), loops.piping.copy()
    faults: list[str] = []
    seen: list[int] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = [(f"{path.name}:{reader.line_num}", row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return loops, [f"{path.name}: {error}"]
    for where, cells in rows:
        told = {key: (cell or "").strip() for key, cell in cells.items() if key is not None}
        if told.get("kind") == "source":
            continue
        key = (told.get("station", ""), int(told["loop"]) if told.get("loop", "").isdigit() else 0)
        row = row_of.get(key)
        if row is None or row in seen:
            why = "twice" if row is not None else "not drawn"
            faults.append(outside(where, "station, loop", f"{key[0]} {told.get('loop')} ({why})",
                                  f"those of simulation.toml, {ids[0]}..{ids[-1]}, once each"))  # fmt: skip
            continue
        seen.append(row)
        A = float(loops.A_heated[row])
        limits = (AREA_FACTOR[0] * A, AREA_FACTOR[1] * A)
        area[row] = _number(faults, where, told, "A_heated_m2", limits, 1.0, A)
        per_flow = (FLOW_kg_per_h_m2[0] * area[row] / 3600.0, FLOW_kg_per_h_m2[1] * area[row] / 3600.0)
        m = float(loops.m_flow_design[row])
        flow[row] = _number(faults, where, told, "m_flow_design_kg_per_s", per_flow, 0.01, m)
        emitter[row] = _code(faults, where, told, "emitter", EMITTERS)
        piping[row] = _code(faults, where, told, "piping", PIPINGS)
    if seen != sorted(seen):
        faults.append(outside(path.name, "order of rows", "another one", "that of `dhc city new`"))
    for lacking in sorted(set(row_of.values()) - set(seen)):
        name = f"{ids[loops.station[lacking]]} {loops.number[lacking]}"
        faults.append(outside(path.name, "station, loop", f"none for {name}", "all that were drawn"))
    return replace(loops, A_heated=area, m_flow_design=flow, emitter=emitter, piping=piping), faults


def _number(
    faults: list[str], where: str, told: dict[str, str], key: str, limits: tuple[float, float], step: float,
    drawn: float,
) -> float:  # fmt: skip
    try:
        value = float(told.get(key, ""))
    except ValueError:
        value = float("nan")
    if not limits[0] <= value <= limits[1]:
        faults.append(outside(where, key, told.get(key), between((round(limits[0], 2), round(limits[1], 2)))))
        return drawn
    return float(_kept(np.array([drawn]), np.array([value]), step)[0])


def _code(faults: list[str], where: str, told: dict[str, str], key: str, known: tuple[str, ...]) -> int:
    word = told.get(key, "")
    if word not in known:
        faults.append(outside(where, key, word, ", ".join(known)))
        return 0
    return known.index(word)


def _weather(table: WeatherTable, path: Path) -> tuple[WeatherTable, list[str]]:
    """Return the weather of the file, hour by hour that of the drawn year."""
    faults = table_faults(path, WEATHER)
    if faults:
        return table, faults
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = [line.partition(",")[0] for line in weather_rows(table)]
    times = [row.get("time", "") for row in rows]
    if times != wanted:
        number = next(
            (i for i, (a, b) in enumerate(zip(times, wanted, strict=False)) if a != b),
            min(len(times), len(wanted)),
        )
        is_there = times[number] if number < len(times) else "the end"
        wants = wanted[number] if number < len(wanted) else "the end"
        return table, [outside(f"{path.name}:{number + 2}", "time", is_there, wants)]

    def column(name: str, drawn: Floats, step: float) -> Floats:
        return _kept(drawn, np.array([float(row[name]) for row in rows]), step)

    return replace(
        table,
        T_outdoor=column("T_outdoor_degC", table.T_outdoor, 0.01),
        wind=column("wind_m_per_s", table.wind, 0.01),
        irradiation=column("irradiation_W_per_m2", table.irradiation, 0.1),
        sun_direct=column("sun_direct_W_per_m2", table.sun_direct, 0.1),
        sun_diffuse=column("sun_diffuse_W_per_m2", table.sun_diffuse, 0.1),
    ), []


def _strangers(city: GeneratedCity, site: NetworkSite) -> list[str]:
    """Return what the network has more or less of than was drawn."""
    faults = []
    stations = [consumer.name for consumer in site.pipes.consumers]
    if sorted(stations) != sorted(city.stations.id):
        odd = sorted(set(stations) ^ set(city.stations.id)) or sorted(
            name for name in set(stations) if stations.count(name) > 1
        )
        named = ", ".join(odd) + " (lacks, strange or twice)"
        faults.append(outside(f"{FOLDER}/stations.csv", "station", named,
                              f"each of {city.stations.id[0]}..{city.stations.id[-1]} once"))  # fmt: skip
    sources = [source.name for source in site.pipes.sources]
    if sources != list(city.sources.id):
        faults.append(outside(f"{FOLDER}/{SETTINGS}", "sources", ", ".join(sources),
                              ", ".join(city.sources.id) + " in this order"))  # fmt: skip
    return faults


def _with_network(city: GeneratedCity, site: NetworkSite, folder: Path) -> GeneratedCity:
    """Return the city with this network, its stations in the drawn order; raises a NetworkError."""
    row = {consumer.name: k for k, consumer in enumerate(site.pipes.consumers)}
    order = [row[name] for name in city.stations.id]
    pipes = replace(site.pipes, consumers=tuple(site.pipes.consumers[k] for k in order))
    pipes.network()
    old = city.pipes
    pipes = replace(pipes, x=_kept(old.x, pipes.x, 0.1), y=_kept(old.y, pipes.y, 0.1))
    m_flow = _kept(city.stations.m_flow_design, site.m_flow_design[order], 1e-4)
    return replace(
        city,
        pipes=pipes,
        stations=replace(city.stations, m_flow_design=m_flow),
        sources=_sources(city.sources, site, pipes, folder),
    )


def _sources(drawn: SourceTable, site: NetworkSite, pipes: Pipes, folder: Path) -> SourceTable:
    tables: list[dict[str, Any]] = tomllib.loads(
        (folder / FOLDER / SETTINGS).read_text(encoding="utf-8")
    )["sources"]  # fmt: skip
    return replace(
        drawn,
        base=site.base,
        Q_max=_kept(drawn.Q_max, np.array([float(table["Q_max_kW"]) for table in tables]), 1.0),
        m_flow_design=_kept(drawn.m_flow_design, site.m_flow_source, 1e-4),
        dp_design=_kept(drawn.dp_design, np.array([float(t["dp_design_kPa"]) for t in tables]), 0.1),
    )
