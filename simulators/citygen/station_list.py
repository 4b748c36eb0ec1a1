"""The station list of a generated city: devices and loops as their owner has them on paper."""

import csv
import io

import numpy as np

from simulators.city import COLUMNS, SECURED_SHARE
from simulators.citygen import map_files
from simulators.citygen.audited import law
from simulators.citygen.model import EMITTERS, PIPINGS, GeneratedCity
from stations.profile import builtin_profile

SOURCE_PROFILE = "source-opcua"

SECURED_MOST = 60
"""Each needs a key of its own, which takes 0.1 s to make."""

_Row = dict[str, str]


def curve_name(emitter: str, offset: float) -> str:
    """Return the name of the own curve that lies ``offset`` K above the common one."""
    return f"{emitter}_{abs(offset):.0f}K_{'below' if offset < 0.0 else 'above'}" if offset else emitter


def stations_csv(city: GeneratedCity, base_port: int) -> str:
    """Return the station list: a row for each loop, then one for each source."""
    table = city.stations
    secured = _secured(city)
    heads = []
    for i, name in enumerate(table.id):
        heads.append(
            {
                **_head(table.profile[i], name, base_port + i, secured=i in secured),
                "name_zh": table.name_zh[i],
                "name_en": table.name_en[i],
                "district": city.districts[table.district[i]].key,
                "kind": "station",
                **_place(city, float(table.x[i]), float(table.y[i])),
            }
        )
    rows = [heads[int(station)] | _loop(city, row) for row, station in enumerate(city.loops.station)]
    rows += [_source(city, k, base_port + len(table.id) + k) for k in range(len(city.sources.id))]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _secured(city: GeneratedCity) -> set[int]:
    """Return the OPC UA stations that sign and encrypt."""
    rng = np.random.default_rng([city.seed, 0x5EC])
    able = [i for i, name in enumerate(city.stations.profile) if builtin_profile(name).protocol == "opcua"]
    count = min(round(SECURED_SHARE * len(able)), SECURED_MOST)
    return {able[int(k)] for k in rng.permutation(len(able))[:count]}


def _head(profile_name: str, name: str, port: int, *, secured: bool) -> _Row:
    profile = builtin_profile(profile_name)
    opcua = profile.protocol == "opcua"
    return {
        "station": name,
        "profile": profile_name,
        "host": "127.0.0.1",
        "port": str(port),
        "unit": "" if profile.modbus is None else str(profile.modbus.unit),
        "security": ("sign_and_encrypt" if secured else "none") if opcua else "",
        "allow_insecure": "true" if opcua and not secured else "",
        "server_certificate": f"pki/{name}.der" if opcua and secured else "",
    }


def _place(city: GeneratedCity, x: float, y: float) -> _Row:
    latitude, longitude = map_files.degrees(city, x, y)
    return {"latitude": f"{latitude:.6f}", "longitude": f"{longitude:.6f}"}


def _loop(city: GeneratedCity, row: int) -> _Row:
    loops = city.loops
    emitter = EMITTERS[loops.emitter[row]]
    design = law(emitter)
    profile = builtin_profile(city.stations.profile[loops.station[row]])
    return {
        "loop": str(loops.number[row]),
        "emitter": emitter,
        "piping": PIPINGS[loops.piping[row]],
        "A_heated_m2": f"{loops.A_heated[row]:.0f}",
        "own_curve": curve_name(emitter, float(loops.curve_offset[row])),
        "T_supply_design_degC": f"{design.T_supply_design:.1f}",
        "T_return_design_degC": f"{design.T_return_design:.1f}",
        "m_flow_design_kg_per_s": f"{loops.m_flow_design[row]:.2f}",
        "mode": "auto",
        "proof": "simulator" if profile.station_class.driven else "",
    }


def _source(city: GeneratedCity, row: int, port: int) -> _Row:
    table, x, y = city.sources, float(city.sources.x[row]), float(city.sources.y[row])
    distance = np.hypot(city.stations.x - x, city.stations.y - y)
    nearest = int(city.stations.district[int(np.argmin(distance))])
    return {
        **_head(SOURCE_PROFILE, table.id[row], port, secured=False),
        "name_zh": table.name_zh[row],
        "name_en": table.name_en[row],
        "district": city.districts[nearest].key,
        "kind": "source",
        **_place(city, x, y),
    }
