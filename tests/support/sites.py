"""Neutral sites for everybody's tests: in memory for logic, as a folder of files for what reads files.

A test changes only what it is about: ``dataclasses.replace`` in memory, keyword arguments for files.
"""

import csv
from pathlib import Path

import pytest

from controller.config.curves import CurveTable
from controller.config.faults import SiteError
from controller.config.loader import load_site
from controller.config.model import (
    ApiConfig,
    DistrictConfig,
    Limits,
    LoopConfig,
    OpcUaClientConfig,
    RegulationConfig,
    SiteConfig,
    StationConfig,
    Timing,
)
from controller.config.table import COLUMNS
from stations.driver import ModbusAddress, OpcUaAddress
from stations.profile import builtin_profile

CURVE = CurveTable(T_outdoor_degC=(-20.0, -10.0, 0.0, 10.0), T_supply_degC=(85.0, 75.0, 59.0, 42.0))
FLOOR_CURVE = CurveTable(T_outdoor_degC=(-20.0, 10.0), T_supply_degC=(45.0, 30.0))

SITE_TOML = """\
[site]
name = "test_site"
title_en = "Test site"
title_zh = "测试"
timezone = "Asia/Shanghai"
simulation = true
stations = "stations.csv"
season = "heating"

[api]
port = 0

[districts.north]
title_en = "North"
title_zh = "城北"
strategy = "curve"

[curves.radiator]
T_outdoor_degC = [-20.0, -10.0, 0.0, 10.0]
T_supply_degC = [85.0, 75.0, 59.0, 42.0]

[curves.floor]
T_outdoor_degC = [-20.0, 10.0]
T_supply_degC = [45.0, 30.0]

[regulation.radiator]
T_indoor_degC = 20.0
T_outdoor_design_degC = -10.1
T_supply_design_degC = 75.0
T_return_design_degC = 50.0
exponent = 0.30

[regulation.floor]
T_indoor_degC = 20.0
T_outdoor_design_degC = -10.1
T_supply_design_degC = 40.0
T_return_design_degC = 32.0
exponent = 0.10
"""


def loop_config(loop=1, **changes):
    """A radiator loop of 50,000 m2 in auto with a proof."""
    fields = {
        "loop": loop,
        "emitter": "radiator",
        "piping": "double",
        "A_heated_m2": 50_000.0,
        "own_curve": CURVE,
        "T_supply_max_degC": 85.0,
        "T_supply_design_degC": 75.0,
        "T_return_design_degC": 50.0,
        "m_flow_design_kg_per_s": 35.0,
        "mode": "auto",
        "proof": "test bench",
    }
    return LoopConfig(**(fields | changes))


def station_config(station="S001", profile="plc-a", port=20001, **changes):
    """A station of any profile with one loop (none for a source), insecure where it speaks OPC UA."""
    device = builtin_profile(profile)
    if device.protocol == "modbus":
        address = ModbusAddress(host="127.0.0.1", port=port, unit=1)
    else:
        address = OpcUaAddress(url=f"opc.tcp://127.0.0.1:{port}/", security="none", server_certificate=None)
    fields = {
        "id": station,
        "name_zh": f"换热站 {station}",
        "name_en": f"Station {station}",
        "district": "north",
        "kind": "source" if device.kind == "source" else "station",
        "profile": device,
        "address": address,
        "latitude": 37.87,
        "longitude": 112.55,
        "loops": () if device.kind == "source" else (loop_config(),),
    }
    return StationConfig(**(fields | changes))


def regulation_config(**changes):
    """The law of a 75/50 radiator network."""
    fields = {
        "T_indoor_degC": 20.0,
        "T_outdoor_design_degC": -10.1,
        "T_supply_design_degC": 75.0,
        "T_return_design_degC": 50.0,
        "exponent": 0.30,
    }
    return RegulationConfig(**(fields | changes))


def site_config(folder, *stations, **changes):
    """A site in memory with the given stations, by default one of profile plc-a."""
    folder = Path(folder)
    fields = {
        "name": "test_site",
        "title_en": "Test site",
        "title_zh": "测试",
        "timezone": "Asia/Shanghai",
        "simulation": True,
        "season": "heating",
        "folder": folder,
        "data": folder / "data",
        "timing": Timing(),
        "limits": Limits(),
        "api": ApiConfig(port=0),
        "opcua": OpcUaClientConfig(
            application_uri="urn:dhc:controller",
            certificate=folder / "pki/controller.der",
            private_key=folder / "pki/controller.pem",
        ),
        "districts": {
            "north": DistrictConfig(id="north", title_en="North", title_zh="城北", strategy="curve")
        },
        "regulation": {
            "radiator": regulation_config(),
            "floor": regulation_config(T_supply_design_degC=40.0, T_return_design_degC=32.0, exponent=0.1),
        },
        "stations": stations or (station_config(),),
    }
    return SiteConfig(**(fields | changes))


def station_row(station="S001", port="20001", **changes):
    """One row of a station list: a radiator loop of a plc-a."""
    row = dict.fromkeys(COLUMNS, "") | {
        "station": station,
        "name_zh": f"换热站 {station}",
        "name_en": f"Station {station}",
        "district": "north",
        "kind": "station",
        "profile": "plc-a",
        "host": "127.0.0.1",
        "port": port,
        "unit": "1",
        "latitude": "37.87",
        "longitude": "112.55",
        "loop": "1",
        "emitter": "radiator",
        "piping": "double",
        "A_heated_m2": "50000",
        "own_curve": "radiator",
        "T_supply_design_degC": "75",
        "T_return_design_degC": "50",
        "m_flow_design_kg_per_s": "35",
        "mode": "auto",
        "proof": "test bench",
    }
    unknown = set(changes) - set(row)
    assert not unknown, f"no such column: {unknown}"
    return row | changes


SOURCE_ROW = station_row(
    "SRC", "20900", kind="source", profile="source-opcua", unit="", security="none", allow_insecure="true"
) | dict.fromkeys(COLUMNS[COLUMNS.index("loop") :], "")


def write_site(folder, rows=None, toml=SITE_TOML):
    """Write a site folder (``site.toml`` and a station list in CSV) and return it."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.toml").write_text(toml, encoding="utf-8")
    with (folder / "stations.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows([station_row()] if rows is None else rows)
    return folder


def toml_with(*changes):
    """``SITE_TOML`` with each (old, new) text replaced; the result need not be a sound site."""
    text = SITE_TOML
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def faults_of(folder):
    """All that is wrong with a site folder; fails where it is sound."""
    with pytest.raises(SiteError) as refusal:
        load_site(folder)
    return refusal.value.faults
