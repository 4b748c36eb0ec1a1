"""Generator of a synthetic city: a complete site folder for controller and simulators, from a seed."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulators import city_text
from simulators.city_pipes import pipes_geojson
from simulators.pump_cells import pump_cells
from stations.profile import builtin_profile

PROFILE_SHARES = {
    "opcua-substation": 16,
    "plc-a": 12,
    "plc-b": 5,
    "trovis-5578": 4,
    "ecl-310": 2,
    "multical-603": 1,
}
"""Of 40 stations: 60 % Modbus and 40 % OPC UA, 28 of class A, 5 of B, 4 of T, 3 of C."""

OTHER_PUMPS_EVERY, BY_HEAD, BY_SPEED = 4, "plc-d", "plc-e"
"""Every fourth of the stations with ``plc-a`` has pumps that are told a head or, in turn, their speed."""

SECURED_SHARE = 0.375
"""Of the OPC UA stations: six of sixteen sign and encrypt, the rest admit that they do not."""

TWO_LOOP_SHARE = 0.22
"""Of the stations whose profile can have several loops."""

AREA_MEDIAN_m2 = 60_000.0
AREA_SPREAD = 0.65
AREA_LIMITS_m2 = (3_000.0, 150_000.0)

FLOW_kg_per_h_m2 = {"radiator": (2.0, 3.0), "floor": (3.0, 4.5)}
"""Design circulation in practice; textbook values are lower, pumps are not."""

CENTRE_LATITUDE, CENTRE_LONGITUDE = 37.42, 112.94
DISTRICT_DISTANCE_km = 3.0
DISTRICT_SPREAD_km = 1.1
KM_PER_DEGREE = 111.2

COLUMNS = (
    "station", "name_zh", "name_en", "district", "kind", "profile", "host", "port", "unit", "security",
    "allow_insecure", "server_certificate", "latitude", "longitude", "loop", "emitter", "piping",
    "A_heated_m2", "own_curve", "T_supply_max_degC", "T_supply_design_degC", "T_return_design_degC",
    "m_flow_design_kg_per_s", "mode", "proof", "dp_design_kPa",
    "pump_points",
)  # fmt: skip

_Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a station stands."""

    district: city_text.District
    latitude: float
    longitude: float


def write_city(folder: Path, *, stations: int = 40, seed: int = 1, base_port: int = 20_000) -> None:
    """Write ``site.toml``, ``stations.csv``, ``pipes.geojson`` and ``simulation.toml`` into ``folder``.

    The same arguments give the same bytes. A heat source comes on top of ``stations``, at the last port.
    """
    if stations < 1:
        raise ValueError(f"a city has at least one station, not {stations}")
    if not 1 <= base_port <= 65_535 - stations:
        raise ValueError(f"{stations} stations and a source do not fit above port {base_port}")
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 0xC17])
    districts = city_text.DISTRICTS[: min(5, max(1, stations // 8))]
    rows = _station_rows(rng, stations, base_port, districts)
    rows.append(_source_row(base_port + stations))
    _write(folder / "site.toml", city_text.site_toml(districts))
    _write(folder / "stations.csv", _csv(rows))
    _write(folder / "pipes.geojson", _pipes(rows))
    _write(folder / "simulation.toml", city_text.simulation_toml(seed))


def write_one_station(folder: Path, *, port: int = 20_000) -> None:
    """Write the smallest site: one class A station on Modbus with one radiator loop, no source."""
    folder.mkdir(parents=True, exist_ok=True)
    place = _Place(district=city_text.DISTRICTS[0], latitude=CENTRE_LATITUDE, longitude=CENTRE_LONGITUDE)
    row = _head("S001", ("示范站", "Example station"), place, "plc-a", port, secured=False)
    row |= _loop("plc-a", 1, "radiator", "double", 60_000.0, 60_000.0 * 2.5 / 3600.0)
    _write(folder / "site.toml", city_text.site_toml(city_text.DISTRICTS[:1], "one_station"))
    _write(folder / "stations.csv", _csv([row]))
    _write(folder / "simulation.toml", city_text.simulation_toml(1))


def profile_sequence(stations: int) -> list[str]:
    """Return each station's profile by highest averages (Sainte-Lague), so that small cities are mixed."""
    taken = dict.fromkeys(PROFILE_SHARES, 0)
    sequence = []
    for _ in range(stations):
        best = max(taken, key=lambda name: PROFILE_SHARES[name] / (2 * taken[name] + 1))
        taken[best] += 1
        sequence.append(best)
    return sequence


def with_other_pumps(profiles: Sequence[str]) -> list[str]:
    """Return the profiles with pumps that are told a head or a speed among those of ``plc-a``."""
    told, seen = [], 0
    for name in profiles:
        seen += name == "plc-a"
        turn, other = divmod(seen, OTHER_PUMPS_EVERY)
        told.append((BY_SPEED, BY_HEAD)[turn % 2] if name == "plc-a" and other == 0 else name)
    return told


def _station_rows(
    rng: np.random.Generator, n: int, base_port: int, districts: tuple[city_text.District, ...]
) -> list[_Row]:
    profiles = with_other_pumps(profile_sequence(n))
    secured = _pick(rng, [i for i in range(n) if profiles[i] == "opcua-substation"], SECURED_SHARE)
    several = [i for i in range(n) if profiles[i] in ("plc-a", BY_HEAD, BY_SPEED, "opcua-substation")]
    two_loops = _pick(rng, several, TWO_LOOP_SHARE)
    order = rng.permutation(n)
    names = city_text.names(rng, n)
    rows: list[_Row] = []
    for number, i in enumerate(order):
        place = _place(rng, districts[number % len(districts)])
        name = f"S{number + 1:03d}"
        head = _head(name, names[number], place, profiles[i], base_port + number, secured=i in secured)
        area = float(np.clip(rng.lognormal(math.log(AREA_MEDIAN_m2), AREA_SPREAD), *AREA_LIMITS_m2))
        loops = _loops(rng, profiles[i], area, two=i in two_loops)
        rows += [head | loop for loop in loops]
    return rows


def _pick(rng: np.random.Generator, candidates: list[int], share: float) -> set[int]:
    """Pick a share of the candidates, rounded to nearest and at least one if there are three or more."""
    count = round(share * len(candidates))
    count = max(count, 1) if len(candidates) >= 3 else count
    return {int(i) for i in rng.choice(np.array(candidates, dtype=np.intp), count, replace=False)}


def _place(rng: np.random.Generator, district: city_text.District) -> _Place:
    east = district.east * DISTRICT_DISTANCE_km + rng.normal(0.0, DISTRICT_SPREAD_km)
    north = district.north * DISTRICT_DISTANCE_km + rng.normal(0.0, DISTRICT_SPREAD_km)
    shrink = math.cos(math.radians(CENTRE_LATITUDE))
    return _Place(
        district=district,
        latitude=CENTRE_LATITUDE + north / KM_PER_DEGREE,
        longitude=CENTRE_LONGITUDE + east / KM_PER_DEGREE / shrink,
    )


def _head(
    station: str, names: tuple[str, str], place: _Place, profile_name: str, port: int, *, secured: bool
) -> _Row:
    profile = builtin_profile(profile_name)
    opcua = profile.protocol == "opcua"
    return {
        "station": station,
        "name_zh": names[0],
        "name_en": names[1],
        "district": place.district.key,
        "kind": "source" if profile.kind == "source" else "station",
        "profile": profile_name,
        "host": "127.0.0.1",
        "port": str(port),
        "unit": "" if profile.modbus is None else str(profile.modbus.unit),
        "security": ("sign_and_encrypt" if secured else "none") if opcua else "",
        "allow_insecure": "true" if opcua and not secured else "",
        "server_certificate": f"pki/{station}.der" if secured else "",
        "latitude": f"{place.latitude:.5f}",
        "longitude": f"{place.longitude:.5f}",
    }


def _loops(rng: np.random.Generator, profile: str, area: float, *, two: bool) -> list[_Row]:
    if not two:
        emitters = ["radiator" if rng.random() < 0.7 else "floor"]
    elif rng.random() < 0.5:
        emitters = ["radiator", "floor"]
    else:
        emitters = 2 * ["radiator" if rng.random() < 0.6 else "floor"]
    shares = [1.0] if not two else [share := float(rng.uniform(0.4, 0.6)), 1.0 - share]
    rows = []
    for number, (emitter, share) in enumerate(zip(emitters, shares, strict=True), start=1):
        single = emitter == "radiator" and rng.random() < 0.2
        A = max(100.0, round(area * share, -2))
        flow = rng.uniform(*FLOW_kg_per_h_m2[emitter]) * A / 3600.0
        rows.append(_loop(profile, number, emitter, "single" if single else "double", A, flow))
    return rows


def _loop(profile: str, number: int, emitter: str, piping: str, A: float, m_flow: float) -> _Row:
    law = city_text.LAWS[emitter]
    driven = builtin_profile(profile).station_class.driven
    return {
        "loop": str(number),
        "emitter": emitter,
        "piping": piping,
        "A_heated_m2": f"{A:.0f}",
        "own_curve": f"{emitter}_common",
        "T_supply_max_degC": "",
        "T_supply_design_degC": f"{law.T_supply_design:.1f}",
        "T_return_design_degC": f"{law.T_return_design:.1f}",
        "m_flow_design_kg_per_s": f"{m_flow:.2f}",
        "mode": "auto",
        "proof": "simulator" if driven else "",
        **pump_cells(profile, m_flow),
    }


def _source_row(port: int) -> _Row:
    place = _Place(
        district=city_text.DISTRICTS[0], latitude=CENTRE_LATITUDE + 0.055, longitude=CENTRE_LONGITUDE - 0.04
    )
    return _head("H001", ("示范热源厂", "Demo heat plant"), place, "source-opcua", port, secured=False)


def _pipes(rows: list[_Row]) -> str:
    areas: dict[str, float] = {}
    places: dict[str, tuple[float, float]] = {}
    for row in rows:
        places[row["station"]] = (float(row["latitude"]), float(row["longitude"]))
        if row["kind"] == "station":
            areas[row["station"]] = areas.get(row["station"], 0.0) + float(row["A_heated_m2"])
    source = next(places[row["station"]] for row in rows if row["kind"] == "source")
    return pipes_geojson(source, [(places[station], area) for station, area in areas.items()])


def _csv(rows: list[_Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
