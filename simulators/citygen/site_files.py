"""Writes a generated city as a site folder: what controller and simulators read, network, maps, weather.

What an owner would know stands in ``site.toml`` and ``stations.csv``; how the houses really are is drawn
again from the numbers in ``simulation.toml``. The same city gives the same bytes.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from simulators.citygen import map_files, network_files
from simulators.citygen.audited import own_curve, regulation_toml
from simulators.citygen.model import BUILDING_TYPES, EMITTERS, GeneratedCity, WeatherTable
from simulators.citygen.station_list import curve_name, stations_csv


def write_site(
    city: GeneratedCity,
    folder: Path,
    *,
    base_port: int = 20_000,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Write the site into ``folder``, which is made; devices listen from ``base_port`` on, sources last.

    Raises ValueError if the ports do not suffice, OSError if a file cannot be written.
    """
    devices = len(city.stations.id) + len(city.sources.id)
    if not 1 <= base_port <= 65_536 - devices:
        raise ValueError(f"{devices} devices need as many ports; from {base_port} they end above 65535")
    (folder / network_files.FOLDER).mkdir(parents=True, exist_ok=True)
    name = f"city_{len(city.stations.id)}_{city.seed}"
    texts: dict[str, Callable[[], str]] = {
        "site.toml": lambda: _site_toml(city, name),
        "stations.csv": lambda: stations_csv(city, base_port),
        "simulation.toml": lambda: _simulation_toml(city),
        "pipes.geojson": lambda: map_files.pipes_geojson(city),
        "stations.geojson": lambda: map_files.stations_geojson(city),
        "weather.csv": lambda: _weather_csv(city),
        "README.md": lambda: _README.format(
            name=name, n=len(city.stations.id), seed=city.seed, spread=city.spread
        ),
        ".gitignore": lambda: "# made when the simulators and the controller start\n/pki/\n/data/\n",
    }
    for file, text in texts.items():
        progress(file)
        (folder / file).write_text(text(), encoding="utf-8", newline="\n")
    progress(network_files.FOLDER)
    network_files.write_network(city, folder / network_files.FOLDER)


def _site_toml(city: GeneratedCity, name: str) -> str:
    parts = [_HEAD.format(name=name, n=len(city.stations.id), seed=city.seed)]
    for district in city.districts:
        parts.append(
            f"[districts.{district.key}]\n"
            f'title_en = "{district.title_en}"\ntitle_zh = "{district.title_zh}"\nstrategy = "curve"\n'
        )
    critical = critical_stations(city)
    if critical:
        listed = ", ".join(f'"{name}"' for name in critical)
        parts.append(
            f"[planning]\ncritical = [{listed}]  # hospitals and schools: served first in a shortage\n"
        )
    parts.append(_CURVES_NOTE)
    offsets = sorted(
        {(int(e), int(k)) for e, k in zip(city.loops.emitter, city.loops.curve_offset, strict=True)}
    )
    for emitter, offset in offsets:
        kind = EMITTERS[emitter]
        T_outdoor, T_supply = own_curve(kind, offset)
        parts.append(
            f"[curves.{curve_name(kind, offset)}]\n"
            f"T_outdoor_degC = {_numbers(T_outdoor)}\nT_supply_degC = {_numbers(T_supply)}\n"
        )
    parts.append(regulation_toml())
    return "\n".join(parts)


def critical_stations(city: GeneratedCity) -> list[str]:
    """Return the stations of which hospitals and schools have most of the heated area."""
    buildings, n = city.buildings, len(city.stations.id)
    station = city.loops.station[buildings.loop]
    area = buildings.share * city.loops.A_heated[buildings.loop]
    first = np.isin(buildings.type, [BUILDING_TYPES.index(kind) for kind in ("school", "hospital")])
    most = np.bincount(station, area * first, n) > 0.5 * np.bincount(station, area, n)
    return [city.stations.id[row] for row in np.flatnonzero(most)]


def _simulation_toml(city: GeneratedCity) -> str:
    shares = city.sources.Q_max / city.sources.Q_max.sum()
    lines = [
        "# Read by the simulators only: what the houses are really like is drawn from these numbers.",
        "",
        "[simulation]",
        f"seed = {city.seed}",
        'weather_csv = "weather.csv"',
        "weather_recurs = true  # the table is one year, and every year is alike",
        "",
        "[simulation.city]",
        f"stations = {len(city.stations.id)}",
        f"seed = {city.seed}",
        f"spread_K = {city.spread}",
        "",
        "[simulation.source_shares]  # of the city's heat",
        *(f"{name} = {share:.6f}" for name, share in zip(city.sources.id, shares, strict=True)),
    ]
    return "\n".join(lines) + "\n"


def weather_rows(table: WeatherTable) -> list[str]:
    """Return the lines of ``weather.csv`` without its header, one for each hour."""
    lines = []
    for now, T, wind, both, direct, diffuse in zip(
        table.time, table.T_outdoor, table.wind, table.irradiation, table.sun_direct, table.sun_diffuse,
        strict=True,
    ):  # fmt: skip
        hour = datetime.fromtimestamp(float(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        lines.append(f"{hour},{T:.2f},{wind:.2f},{both:.1f},{direct:.1f},{diffuse:.1f}")
    return lines


def _weather_csv(city: GeneratedCity) -> str:
    head = "time,T_outdoor_degC,wind_m_per_s,irradiation_W_per_m2,sun_direct_W_per_m2,sun_diffuse_W_per_m2"
    return "\n".join([head, *weather_rows(city.weather)]) + "\n"


def _numbers(values: Sequence[float]) -> str:
    return "[" + ", ".join(f"{value:.1f}" for value in values) + "]"


_HEAD = """\
# Synthetic data: no such city exists. `dhc city new --stations {n} --seed {seed}` gives these files again.

[site]
name = "{name}"
title_en = "Synthetic city {seed}"
title_zh = "合成城市{seed}"
timezone = "Asia/Shanghai"
simulation = true
stations = "stations.csv"
pipes = "pipes.geojson"
season = "heating"
"""

_CURVES_NOTE = """\
# The station PLCs' own curves as commissioned: what a station falls back to when the centre is silent.
# They lie above or below each other as different hands have set them over the years.
"""

_README = """\
# {name}

A synthetic city of {n} stations; no such place exists. `dhc city new --stations {n} --seed {seed} --spread \
{spread}` writes the same files again.

| file | what it says | read by |
|---|---|---|
| `site.toml`, `stations.csv` | districts, curves, stations, sources as their owner knows them | all |
| `simulation.toml` | what the houses are drawn from, each source's share | simulators |
| `network/` | places, pipes, stations' design flows, sources, pumps if any | simulators, `dhc city check` |
| `weather.csv` | a year by the hour, UTC | simulators |
| `pipes.geojson`, `stations.geojson` | the same on a map | controller (pipes), any map program |

All devices listen on 127.0.0.1. `pki/` and `data/` appear when simulators and controller run.
"""
