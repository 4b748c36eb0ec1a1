"""Section ``[dial_in]``: who calls, what each says first, and every way in which that cannot be."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from controller.alarms.links import _host
from controller.config.loader import effective, load_site
from controller.proof import address_facts
from stations.driver import DialInAddress, ModbusAddress
from tests.support.sites import SITE_TOML, faults_of, station_row, write_site

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "dial-out.md"
ROWS = [
    station_row(),
    station_row("S002", "", host="", unit="7", profile="plc-b"),
    station_row("S003", "20003", profile="opcua-substation", unit="", security="none", allow_insecure="true"),
]


def site_with(folder, section, rows=ROWS):
    return write_site(folder, rows, f"{SITE_TOML}\n[dial_in]\n{section}\n")


def test_every_modbus_station_calls_where_nothing_else_is_said(tmp_path):
    site = load_site(site_with(tmp_path, "port = 15020"))
    first, second, third = site.stations
    assert first.address == DialInAddress(registration=b"S001", unit=1)
    assert second.address == DialInAddress(registration=b"S002", unit=7)
    assert not isinstance(third.address, DialInAddress | ModbusAddress)
    assert (site.dial_in.host, site.dial_in.port) == ("127.0.0.1", 15020)
    assert json.loads(json.dumps(effective(site)))["stations"][0]["address"]["registration"] == "hex:53303031"
    assert address_facts(first) == {"registration": "hex:53303031", "unit": 1}
    assert {_host(station) for station in site.stations[:2]} == {"DTU of S001", "DTU of S002"}


def test_some_call_and_say_what_their_dtu_was_told_to_say(tmp_path):
    section = (
        'host = "0.0.0.0"\nport = 15020\nstations = ["S002"]\nregistration = "DTU-{station}"\n'
        '[dial_in.registration_of]\nS002 = "hex:8664250001"\n'
    )
    rows = [ROWS[0], ROWS[1]]
    first, second = load_site(site_with(tmp_path, section, rows)).stations
    assert first.address == ModbusAddress(host="127.0.0.1", port=20001, unit=1)
    assert second.address == DialInAddress(registration=bytes.fromhex("8664250001"), unit=7)


@pytest.mark.parametrize(("said", "pace"), [("", 30.0), ("poll_s = 45.0", 45.0), ("poll_s = 5", 5.0)])
def test_those_that_call_are_polled_at_a_pace_of_their_own(said, pace, tmp_path):
    site = load_site(site_with(tmp_path, f'port = 15020\nstations = ["S002"]\n{said}'))
    others = site.timing.poll_s
    assert [site.poll_s_of(station) for station in site.stations] == [others, pace, others]
    assert site.slowest_poll_s == max(others, pace)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("", "dial_in.port: missing"),
        ("port = 0", "out of range (got 0); allowed 1..65535"),
        ("port = 15020\nregistration = \"hex:5\"", "registration: no pairs of hex digits after hex:"),
        ('port = 15020\nregistration = "hex:"', "registration: 0 bytes (got 'hex:'); allowed 1..256"),
        ('port = 15020\nregistration = "all"', "that of S001 and of S002 begin alike"),
        ('port = 15020\nregistration_of = {S001 = "S00", S002 = "S002"}', "(got b'S00' and b'S002')"),
        ('port = 15020\nstations = ["S001", "S009"]', "stations: 'S009' is not in the station list"),
        ('port = 15020\nstations = ["S001", "S003"]', "stations: S003 does not speak Modbus"),
        ('port = 15020\nregistration_of = {S009 = "x"}', "registration_of: 'S009' is not in the"),
        ('port = 15020\nstations = "some"', "dial_in"),
        ("port = 15020\nheartbeat = 3", "heartbeat"),
        ("port = 15020\npoll_s = 0.4", "dial_in.poll_s: out of range (got 0.4); allowed 0.5..120"),
        ("port = 15020\npoll_s = 121", "dial_in.poll_s: out of range (got 121); allowed 0.5..120"),
        ('port = 15020\npoll_s = "slow"', "dial_in.poll_s"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_key_and_value(section, told, tmp_path):
    rows = [ROWS[0], station_row("S002", "20002", unit="7", profile="plc-b"), ROWS[2]]
    faults = faults_of(site_with(tmp_path, section, rows))
    assert any(told in fault for fault in faults), faults


def test_a_station_that_does_not_call_but_has_a_registration_is_told(tmp_path):
    rows = [ROWS[0], station_row("S002", "20002", unit="7", profile="plc-b")]
    section = 'port = 15020\nstations = ["S001"]\nregistration_of = {S002 = "x"}'
    (fault,) = faults_of(site_with(tmp_path, section, rows))
    assert "registration_of.S002: the station does not call; add it to stations" in fault


def test_the_section_of_the_how_to_is_a_sound_one(tmp_path):
    example = PAGE.read_text(encoding="utf-8").partition("```toml\n[dial_in]\n")[2].partition("```")[0]
    rows = [station_row(name, str(20000 + k)) for k, name in enumerate(("S001", "S003", "S007"))]
    first, second, third = load_site(site_with(tmp_path, example, rows)).stations
    assert isinstance(first.address, ModbusAddress)
    assert second.address.registration == b"DTU-S003"
    assert third.address.registration == bytes.fromhex("8664250001")


def test_other_kinds_of_address_are_told_apart_by_their_host():
    address = ModbusAddress(host="10.0.0.5", port=502, unit=1)
    assert _host(SimpleNamespace(id="S001", address=address)) == "10.0.0.5"
