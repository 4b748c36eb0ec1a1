"""Site folders are refused with every fault at once, or read completely."""

import dataclasses
import json
import math
from pathlib import Path

import openpyxl
import pytest

from controller.config.curves import CurveTable
from controller.config.document import MANY, SINGLE
from controller.config.loader import effective, load_site
from controller.config.model import Limits, Timing
from controller.config.table import COLUMNS
from stations.driver import ModbusAddress, OpcUaAddress
from tests.support.sites import CURVE, SITE_TOML, SOURCE_ROW, faults_of, station_row, toml_with, write_site


def test_a_sound_site_is_read_completely(tmp_path):
    rows = [
        station_row(),
        station_row(port="", loop="2", emitter="floor", own_curve="floor", A_heated_m2="1200.5", proof=""),
        station_row("S002", "20002", profile="plc-b", unit="7", mode="local", T_supply_max_degC="70"),
        station_row(
            "S003", "20003", profile="opcua-substation", unit="", security="none", allow_insecure="true"
        ),
        SOURCE_ROW,
    ]
    site = load_site(write_site(tmp_path, rows))

    assert [station.id for station in site.stations] == ["S001", "S002", "S003", "SRC"]
    first, second, third, source = site.stations
    assert first.address == ModbusAddress(host="127.0.0.1", port=20001, unit=1)
    assert second.address == ModbusAddress(host="127.0.0.1", port=20002, unit=7)
    assert third.address == OpcUaAddress(
        url="opc.tcp://127.0.0.1:20003/", security="none", server_certificate=None
    )
    assert [loop.loop for loop in first.loops] == [1, 2]
    assert first.loops[1].A_heated_m2 == 1200.5
    assert first.loops[1].T_supply_max_degC == 55.0
    assert first.loops[1].proof is None
    assert second.loops[0].T_supply_max_degC == 70.0
    assert source.kind == "source"
    assert source.loops == ()
    assert site.folder == tmp_path
    assert site.data == tmp_path / "data"
    assert site.regulation["radiator"].outdoor_filter_h == 12.0
    assert site.districts["north"].strategy == "curve"


def test_the_file_itself_names_the_site_as_well_as_its_folder(tmp_path):
    write_site(tmp_path)
    assert load_site(tmp_path / "site.toml") == load_site(tmp_path)


def test_another_data_folder_can_be_given(tmp_path):
    assert load_site(write_site(tmp_path / "site"), tmp_path / "x").data == tmp_path / "x"


def test_excel_says_the_same_as_csv(tmp_path):
    rows = [station_row(), station_row("S002", "20002", allow_insecure="true"), SOURCE_ROW]
    from_csv = load_site(write_site(tmp_path, rows))
    book = openpyxl.Workbook()
    book.active.append(list(COLUMNS))
    for row in rows:
        # As Excel keeps them: numbers as floats, flags as booleans, blanks as nothing.
        book.active.append([_excel_value(row[name]) for name in COLUMNS])
    book.save(tmp_path / "stations.xlsx")
    (tmp_path / "site.toml").write_text(toml_with(("stations.csv", "stations.xlsx")), encoding="utf-8")
    assert load_site(tmp_path).stations == from_csv.stations


def _excel_value(text):
    if text == "true":
        return True
    try:
        return float(text)
    except ValueError:
        return text or None


def test_the_effective_site_is_plain_json_with_resolved_limits(tmp_path):
    site = load_site(write_site(tmp_path, [station_row(emitter="floor", own_curve="floor")]))
    plain = json.loads(json.dumps(effective(site), allow_nan=False))
    assert plain["stations"][0]["profile"] == "plc-a"
    assert plain["stations"][0]["loops"][0]["T_supply_max_degC"] == 55.0
    assert plain["timing"]["watchdog_s"] == 180.0


TOML_FAULTS = [
    ("an unknown section", ("[api]", "[web]"), "site.toml: web: unknown; allowed site, timing"),
    ("an unknown key", ("port = 0", "prot = 0"), "site.toml: api: prot: unknown; allowed host, port"),
    ("a missing key", ('season = "heating"\n', ""), "site.toml: site.season: missing"),
    ("a wrong type", ("port = 0", 'port = "0"'), "site.toml: api.port: not a whole number (got '0')"),
    ("a flag as text", ("simulation = true", 'simulation = "yes"'), "simulation: not true or false"),
    ("a port out of range", ("port = 0", "port = 70000"), "(got 70000); allowed 0..65535"),
    ("a season of its own", ('"heating"', '"winter"'), "season: not allowed (got 'winter'); allowed 'off'"),
    ("a time zone of nowhere", ("Asia/Shanghai", "Asia/Atlantis"), "not a time zone (got 'Asia/Atlantis')"),
    ("a strategy that is not there", ('= "curve"', '= "magic"'), "(got 'magic'); allowed 'curve'"),
    ("a secret", ("port = 0", 'port = 0\napi_token = "x"'), "api_token: a secret does not belong"),
    ("a number that is none", ("exponent = 0.30", "exponent = nan"), "not a finite number (got nan)"),
    ("an infinite number", ("exponent = 0.30", "exponent = inf"), "not a finite number (got inf)"),
    (
        "a curve that rises",
        ("[45.0, 30.0]", "[30.0, 45.0]"),
        "curves.floor.T_supply_degC: rises while it gets warmer",
    ),
    ("a curve that turns", ("[-20.0, 10.0]", "[10.0, -20.0]"), "T_outdoor_degC: does not rise"),
    ("a curve of one point", ("T_supply_degC = [45.0, 30.0]", "T_supply_degC = [45.0]"), "(got 2 and 1)"),
    (
        "a law above the limit",
        ("= 40.0", "= 60.0"),
        "above the limit of this emitter (got 60); allowed 25..55",
    ),
    (
        "a law for nothing",
        ("[regulation.floor]", "[regulation.ceiling]"),
        "ceiling: unknown; allowed radiator",
    ),
    (
        "a return above supply",
        ("T_return_design_degC = 50.0", "T_return_design_degC = 76.0"),
        "not between room and supply (got 76); allowed 20..75",
    ),
    (
        "a watchdog outside",
        ("[api]", "[timing]\nwatchdog_s = 30\n[api]"),
        "site.toml: timing.watchdog_s: out of range (got 30); allowed 60..600",
    ),
    (
        "a watchdog too short",
        ("[api]", "[timing]\nheartbeat_s = 61\n[api]"),
        "too short for heartbeat_s = 61 (got 180); allowed 183..600",
    ),
    (
        "a limit wider than the hard one",
        ("[api]", "[limits]\nT_supply_max_floor_degC = 56\n[api]"),
        "limits.T_supply_max_floor_degC: out of range (got 56); allowed 25..55",
    ),
    (
        "limits in the wrong order",
        ("[api]", "[limits]\nT_supply_min_degC = 60\n[api]"),
        "limits.T_supply_min_degC: not below every maximum (got 60); allowed 25..55",
    ),
    (
        "staged without bands",
        ("exponent = 0.30", 'exponent = 0.30\nflow = "staged"'),
        'regulation.radiator.flow_bands: missing, flow = "staged" needs at least one band',
    ),
    (
        "an unknown key in a band",
        ("exponent = 0.30", "exponent = 0.30\nflow_bands = [{above_degC = 3, fraction = 1, x = 1}]"),
        "flow_bands.0: x: unknown; allowed above_degC, fraction",
    ),
    (
        "bands in the wrong order",
        (
            "exponent = 0.30",
            "exponent = 0.30\nflow_bands = [{above_degC = 0, fraction = 0.6}, {above_degC = 3, fraction = 1}]",  # noqa: E501
        ),
        "above_degC must fall",
    ),
    (
        "a value for a table",
        ("[districts.north]", "[districts]\nnorth = 1\n[x]"),
        "north: not a table of keys",
    ),
    ("no list of that name", ("stations.csv", "none.csv"), "none.csv: No such file or directory"),
    ("a list of another kind", ("stations.csv", "site.toml"), "not a station list; allowed .csv or .xlsx"),
    ("no TOML", ("[site]", "[site"), "site.toml: not a TOML file: "),
]


@pytest.mark.parametrize(
    ("change", "expected"), [case[1:] for case in TOML_FAULTS], ids=[case[0] for case in TOML_FAULTS]
)
def test_a_fault_in_the_site_file_is_named_with_key_value_and_range(tmp_path, change, expected):
    faults = faults_of(write_site(tmp_path, toml=toml_with(change)))
    assert any(expected in fault for fault in faults), faults


def test_faults_of_all_files_and_sections_come_at_once(tmp_path):
    rows = [station_row(port="x"), station_row("S002", "20002", mode="remote")]
    toml = toml_with(("season", "saison"), ("exponent = 0.30", "exponent = 3"), ("port = 0", "port = -1"))
    faults = faults_of(write_site(tmp_path, rows, toml))
    for expected in (
        "saison",
        "season: missing",
        "exponent",
        "api.port",
        "line 2 column port",
        "line 3 column",
    ):
        assert any(expected in fault for fault in faults), (expected, faults)


def test_a_law_is_demanded_for_every_emitter_in_use(tmp_path):
    law_of_floors = SITE_TOML[SITE_TOML.index("[regulation.floor]") :]
    folder = write_site(
        tmp_path, [station_row(emitter="floor", own_curve="floor")], toml_with((law_of_floors, ""))
    )
    assert faults_of(folder) == [
        "site.toml: regulation.floor: missing; loops with this emitter are in the station list"
    ]


def test_a_folder_without_a_site_file_says_what_a_site_is(tmp_path):
    (fault,) = faults_of(tmp_path)
    assert fault.endswith("No such file or directory; a site is a folder with a site.toml, or that file")


def test_a_site_file_that_is_not_utf_8_names_the_line(tmp_path):
    write_site(tmp_path)
    (tmp_path / "site.toml").write_bytes(SITE_TOML.encode("gb18030"))
    (fault,) = faults_of(tmp_path)
    assert fault.startswith("site.toml: line 4: not UTF-8 (got byte 0x")


def test_half_of_the_clients_key_pair_is_refused(tmp_path):
    write_site(tmp_path)
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "controller.der").write_bytes(b"x")
    (fault,) = faults_of(tmp_path)
    assert "controller.pem is missing while controller.der is there" in fault


@pytest.mark.parametrize(
    ("T_outdoor", "T_supply"),
    [(-30, 85), (-20, 85), (-15, 80), (-10, 75), (-5, 67), (9.999, 42.0017), (10, 42), (25, 42)],
)
def test_a_curve_is_linear_between_its_points_and_level_outside(T_outdoor, T_supply):
    assert math.isclose(CURVE(T_outdoor), T_supply, abs_tol=1e-9)


def test_the_model_refuses_the_same_when_built_by_hand():
    with pytest.raises(ValueError, match="too short"):
        dataclasses.replace(Timing(), heartbeat_s=100.0)
    with pytest.raises(ValueError, match="not below every maximum"):
        Limits(T_supply_min_degC=55.0)
    with pytest.raises(ValueError, match="rises"):
        CurveTable(T_outdoor_degC=(0.0, 1.0), T_supply_degC=(30.0, 31.0))


# ------------------------------------------------------------------ the page that people read

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "site-file.md"


def test_the_site_file_of_the_documentation_is_a_sound_one(tmp_path):
    example = PAGE.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    site = load_site(write_site(tmp_path, [station_row(own_curve="radiator_75_50")], example))
    assert site.timing == Timing()
    assert site.limits == Limits()


def test_the_documentation_names_every_section_key_and_column():
    page = PAGE.read_text(encoding="utf-8")
    keys = {
        field.name for section in [*SINGLE.values(), *MANY.values()] for field in dataclasses.fields(section)
    }
    assert {name for name in {*keys, *COLUMNS, *SINGLE, *MANY} if name not in page} == set()
