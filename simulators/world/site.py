"""The world's site: a few stations of the classes that a city has, written as a site folder.

Both sides read it with their own readers, as in a real project: the controller and the simulators.
"""

import csv
import functools
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from controller.config.loader import load_site as load_for_controller
from controller.config.model import SiteConfig
from simulators import city_text
from simulators.citygen.generate import generate
from simulators.citygen.site_files import write_site as write_city_site
from simulators.plant_choice import simulated_city
from simulators.pump_cells import pump_cells
from simulators.sitefile import load_site as load_for_simulators
from simulators.station import SimulatedCity
from simulators.world.clock import START_UTC
from stations.profile import Profile, builtin_profile

MODBUS_MIX = (
    "plc-a", "plc-a", "trovis-5578", "plc-d", "plc-b",
    "plc-a", "ecl-310", "plc-a", "plc-e", "plc-b",
)  # fmt: skip
"""Profiles of ten Modbus stations; more stations begin anew. Every second ``plc-a`` has two loops."""
OPCUA = "opcua-substation"
"""Profile of all OPC UA stations."""
FIRST_PORT = 20_001
DOMAIN = "heat.example"
"""Of the names by which the centre asks for stations."""
DRAWN_SEED = 1
"""Of the city that stands behind the stations of a physical world, whatever the world's own seed."""
SCAN_S = 10.0
"""Plant and PLC step: twice that of the demo, half its cost; valves take a minute to open."""

_HEAD = (
    "station", "name_zh", "name_en", "district", "kind", "profile", "host", "port", "unit", "security",
    "allow_insecure", "latitude", "longitude", "loop", "emitter", "piping", "A_heated_m2", "own_curve",
    "T_supply_design_degC", "T_return_design_degC", "m_flow_design_kg_per_s", "mode", "proof",
    "dp_design_kPa", "pump_points",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sites:
    """One site as the two sides read it."""

    controller: SiteConfig
    city: SimulatedCity
    """At the world's first second; each world takes a copy."""


@functools.lru_cache(maxsize=8)
def read_site(*, stations: int, opcua: int, poll_s: float, cycle_s: float, plant: str = "simple") -> Sites:
    """Write a site, read it with both readers, and remember it for the next world."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if plant == "physical":
            write_drawn_site(folder, stations=stations, opcua=opcua, poll_s=poll_s, cycle_s=cycle_s)
            simulated = simulated_city(load_for_simulators(folder), plant, start=START_UTC)
            assert simulated.scan_s == SCAN_S, simulated.scan_s
        else:
            write_site(folder, stations=stations, opcua=opcua, poll_s=poll_s, cycle_s=cycle_s)
            simulated = SimulatedCity(load_for_simulators(folder), start=START_UTC, scan_s=SCAN_S)
        return Sites(load_for_controller(folder), simulated)


def host_of(station: str) -> str:
    """Return the name by which the centre asks for a station."""
    return f"{station.lower()}.{DOMAIN}"


def write_site(folder: Path, *, stations: int, opcua: int, poll_s: float, cycle_s: float) -> None:
    """Write ``site.toml`` and ``stations.csv``; the last ``opcua`` stations speak OPC UA."""
    text = city_text.site_toml(city_text.DISTRICTS[:1], "virtual_world")
    timing = f"\n[timing]\npoll_s = {poll_s}\ncycle_s = {cycle_s}\n"
    (folder / "site.toml").write_text(text + timing, encoding="utf-8")
    rows = [",".join(_HEAD)]
    for index in range(stations):
        profile = OPCUA if index >= stations - opcua else MODBUS_MIX[index % len(MODBUS_MIX)]
        rows += [",".join(row) for row in _rows(index, profile)]
    (folder / "stations.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def write_drawn_site(folder: Path, *, stations: int, opcua: int, poll_s: float, cycle_s: float) -> None:
    """Write the site of a drawn city, devices mixed as elsewhere in worlds; its sources are not listed."""
    city = generate(stations, DRAWN_SEED)
    loops = np.bincount(city.loops.station)
    profiles = tuple(
        OPCUA if index >= stations - opcua else "plc-a" if n > 1 else MODBUS_MIX[index % len(MODBUS_MIX)]
        for index, n in enumerate(loops.tolist())
    )
    city = replace(city, stations=replace(city.stations, profile=profiles))
    write_city_site(city, folder, base_port=FIRST_PORT)
    with (folder / "stations.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "station"]
    for row in rows:
        row["host"] = host_of(row["station"])
        row |= pump_cells(row["profile"], float(row["m_flow_design_kg_per_s"]))
        if row["profile"] == OPCUA:
            row |= {"security": "none", "allow_insecure": "true", "server_certificate": ""}
    with (folder / "stations.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    simulation = (folder / "simulation.toml").read_text(encoding="utf-8")
    shares = simulation.index("[simulation.source_shares]")
    (folder / "simulation.toml").write_text(simulation[:shares], encoding="utf-8")
    with (folder / "site.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[timing]\npoll_s = {poll_s}\ncycle_s = {cycle_s}\n")


def _rows(index: int, name: str) -> list[list[str]]:
    profile = builtin_profile(name)
    if profile.modbus is None:
        unit, security, allow_insecure = "", "none", "true"
    else:
        unit, security, allow_insecure = str(profile.modbus.unit), "", ""
    station = f"S{index + 1:03d}"
    head = [
        station, f"{index + 1}号站", f"Station {index + 1}", city_text.DISTRICTS[0].key, "station", name,
        host_of(station), str(FIRST_PORT + index), unit, security, allow_insecure,
        f"{37.42 + 0.01 * index:.2f}", "112.94",
    ]  # fmt: skip
    n_loops = 2 if name in ("plc-a", OPCUA) and index % 2 == 0 else 1
    return [head + _loop(index, number, profile) for number in range(1, n_loops + 1)]


def _loop(index: int, number: int, profile: Profile) -> list[str]:
    emitter = "floor" if (index + number) % 3 == 0 else "radiator"
    law = city_text.LAWS[emitter]
    A_heated = 20_000.0 + 7_000.0 * index + 3_000.0 * number
    m_flow = (3.5 if emitter == "floor" else 2.5) * A_heated / 3600.0
    return [
        str(number), emitter, "double", f"{A_heated:.0f}", f"{emitter}_common", str(law.T_supply_design),
        str(law.T_return_design), f"{m_flow:.2f}", "auto",
        "simulator" if profile.station_class.driven else "", *pump_cells(profile.name, m_flow).values(),
    ]  # fmt: skip
