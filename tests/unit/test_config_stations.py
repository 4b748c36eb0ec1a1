"""A station list, CSV or Excel, is refused with line, column, value and range of every fault."""

import openpyxl
import pytest

from controller.config.loader import load_site
from controller.config.table import COLUMNS
from tests.support.sites import SOURCE_ROW, faults_of, station_row, toml_with, write_site

ROW_FAULTS = [
    ("no id", {"station": ""}, "line 2 column station: empty; allowed letters, digits"),
    ("an id with a slash", {"station": "../S1"}, "column station: not allowed (got '../S1')"),
    ("an unknown district", {"district": "moon"}, "column district: not known (got 'moon'); allowed north"),
    ("an unknown profile", {"profile": "plc-x"}, "not known (got 'plc-x'); allowed ecl-310, multical-603"),
    ("an unknown kind", {"kind": "plant"}, "column kind: not allowed (got 'plant'); allowed station, source"),
    ("a kind against the profile", {"kind": "source"}, "does not go with profile plc-a of kind station"),
    ("no host", {"host": ""}, "column host: empty; allowed a host name or an IP address"),
    ("a host with a path", {"host": "a/b"}, "column host: not allowed (got 'a/b')"),
    ("port zero", {"port": "0"}, "column port: not a whole number in range (got '0'); allowed 1..65535"),
    ("a port with a point", {"port": "502.5"}, "(got '502.5'); allowed 1..65535"),
    ("a unit too high", {"unit": "256"}, "column unit: not a whole number in range (got '256')"),
    ("a promise Modbus cannot hold", {"security": "sign_and_encrypt"}, "column security: not allowed"),
    ("a latitude off the globe", {"latitude": "91"}, "out of range (got 91); allowed -90..90"),
    ("a number with a comma", {"latitude": "37,8"}, "column latitude: not a number (got '37,8')"),
    ("not a number", {"A_heated_m2": "nan"}, "column A_heated_m2: not a number (got 'nan')"),
    ("infinity", {"A_heated_m2": "1e999"}, "column A_heated_m2: out of range (got 1e999)"),
    ("digits of another script", {"A_heated_m2": "٣٣"}, "column A_heated_m2: not a number"),
    ("an empty number", {"m_flow_design_kg_per_s": ""}, "m_flow_design_kg_per_s: empty; allowed 0.01..2000"),
    ("an unknown emitter", {"emitter": "oven"}, "(got 'oven'); allowed radiator, floor, dhw"),
    (
        "an unknown curve",
        {"own_curve": "x"},
        "column own_curve: not known (got 'x'); allowed floor, radiator",
    ),
    (
        "a limit too high",
        {"T_supply_max_degC": "86"},
        "T_supply_max_degC: out of range (got 86); allowed 25..85",
    ),
    ("a floor at 60", {"emitter": "floor", "T_supply_max_degC": "60"}, "(got 60); allowed 25..55"),
    ("a return above supply", {"T_return_design_degC": "80"}, "not below T_supply_design_degC (got 80)"),
    ("an unknown mode", {"mode": "manual"}, "column mode: not allowed (got 'manual'); allowed auto, local"),
    ("a use that no table has", {"building": "shed"}, "(got 'shed'); allowed residential, school, office"),
    ("an unknown insulation", {"insulation": "2010"}, "(got '2010'); allowed old, saving, new"),
    ("loop zero", {"loop": "0"}, "column loop: not a whole number in range (got '0'); allowed 1..4"),
    (
        "a loop too many",
        {"profile": "plc-b", "loop": "2"},
        "column loop: not a whole number in range (got '2')",
    ),
    ("a gap in the loops", {"loop": "2"}, "loops of station S001 have a gap (got [2])"),
    (
        "OPC UA without a word on security",
        {"profile": "opcua-substation"},
        "column security: empty; allowed sign_and_encrypt, none",
    ),
    (
        "no security without saying so",
        {"profile": "opcua-substation", "security": "none", "allow_insecure": "false"},
        'column allow_insecure: security "none" sends setpoints that anybody on the way can change',
    ),
    (
        "security without a pin",
        {"profile": "opcua-substation", "security": "sign_and_encrypt"},
        "column server_certificate: empty; sign_and_encrypt needs",
    ),
    (
        "a pin that is not there",
        {"profile": "opcua-substation", "security": "sign_and_encrypt", "server_certificate": "pki/x.der"},
        "column server_certificate: no such file (got 'pki/x.der'",
    ),
    ("a name with a bell", {"name_en": "S\a1"}, "line 2 column name_en: has control characters"),
]


@pytest.mark.parametrize(
    ("changes", "expected"), [case[1:] for case in ROW_FAULTS], ids=[case[0] for case in ROW_FAULTS]
)
def test_a_fault_in_the_station_list_is_named_with_line_column_value_and_range(tmp_path, changes, expected):
    faults = faults_of(write_site(tmp_path, [station_row(**changes)]))
    assert any(expected in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([station_row(), station_row()], "line 3 column loop: loop 1 of station S001 stands twice"),
        (
            [station_row(), station_row(port="20002", loop="2")],
            "line 3 column port: contradicts the first row of station S001, stations.csv: line 2",
        ),
        ([station_row(), station_row("S002")], "127.0.0.1:20001 unit 1 is already taken by station S001"),
        (
            [
                station_row(),
                station_row("S002", profile="opcua-substation", security="none", allow_insecure="true"),
            ],
            "127.0.0.1:20001 is already taken by station S001",
        ),
        (
            [SOURCE_ROW, SOURCE_ROW | {"loop": "1"}],
            "a source has one row; it has no loops",
        ),
        ([SOURCE_ROW | {"loop": "1"}], "column loop: a source has no loops (got '1'); allowed blank"),
    ],
)
def test_rows_that_do_not_go_together_are_named(tmp_path, rows, expected):
    faults = faults_of(write_site(tmp_path, rows))
    assert any(expected in fault for fault in faults), faults


def test_a_modbus_gateway_may_hold_several_units(tmp_path):
    rows = [station_row(), station_row("S002", unit="2")]
    assert len(load_site(write_site(tmp_path, rows)).stations) == 2


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("station,name_zh\nS1,\u6362".encode("gb18030"), "line 2: not UTF-8 (got byte 0x"),
        (b"", "stations.csv: empty; the first row names the columns: station"),
        (b",,\n\n,,\n", "stations.csv: empty; the first row"),
        (b"station;name_zh;name_en\n", "columns are not separated by commas"),
        ((",".join(COLUMNS) + "\n").encode(), "stations.csv: no stations"),
        ((",".join(COLUMNS[: COLUMNS.index("mode")]) + "\n").encode(), "line 1: column mode: missing"),
        ((",".join(COLUMNS) + ",colour\n").encode(), "column colour: unknown; allowed station"),
        ((",".join(COLUMNS) + ",password\n").encode(), "column password: a secret does not belong"),
        ((",".join(COLUMNS) + ",loop\n").encode(), "column loop: stands twice"),
        ((",".join(COLUMNS) + "\nS1,a\n").encode(), f"line 2: 2 cells; allowed {len(COLUMNS)}"),
        ((",".join(COLUMNS) + '\n"S1\n').encode(), "not CSV: "),
    ],
    ids=["gbk", "empty", "blank", "semicolons", "header only", "missing", "unknown", "secret", "twice",
         "short", "open quote"],
)  # fmt: skip
def test_a_station_list_that_can_not_be_read_says_where(tmp_path, data, expected):
    write_site(tmp_path)
    (tmp_path / "stations.csv").write_bytes(data)
    faults = faults_of(tmp_path)
    assert any(expected in fault for fault in faults), faults


def test_columns_that_only_opc_ua_needs_may_be_left_out(tmp_path):
    write_site(tmp_path)
    kept = [name for name in COLUMNS if name not in ("security", "allow_insecure", "server_certificate")]
    row = station_row()
    (tmp_path / "stations.csv").write_text(
        ",".join(kept) + "\n" + ",".join(row[name] for name in kept) + "\n", encoding="utf-8"
    )
    assert load_site(tmp_path).stations[0].id == "S001"


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04 torn", b"\xd0\xcf\x11\xe0 old or encrypted", b"no workbook"],
    ids=["empty", "torn", "old", "text"],
)
def test_an_excel_file_that_can_not_be_read_is_a_fault_not_a_crash(tmp_path, data):
    write_site(tmp_path, toml=toml_with(("stations.csv", "stations.xlsx")))
    (tmp_path / "stations.xlsx").write_bytes(data)
    (fault,) = faults_of(tmp_path)
    assert fault.startswith("stations.xlsx: not a readable Excel workbook")


def test_every_torn_end_of_an_excel_file_is_a_fault_not_a_crash(tmp_path):
    write_site(tmp_path, toml=toml_with(("stations.csv", "stations.xlsx")))
    book = openpyxl.Workbook()
    book.active.append(list(COLUMNS))
    book.save(tmp_path / "stations.xlsx")
    whole = (tmp_path / "stations.xlsx").read_bytes()
    for cut in range(0, len(whole), max(1, len(whole) // 40)):
        (tmp_path / "stations.xlsx").write_bytes(whole[:cut] + b"\xff" * (len(whole) - cut))
        assert faults_of(tmp_path)
