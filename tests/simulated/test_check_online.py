"""``dhc check --online`` on real sockets: what a commissioning engineer reads, point by point."""

import asyncio
import json
import re

import pytest

from controller.cli import main
from controller.commands import check
from controller.commands.exit_codes import FAILED, OK
from controller.config.loader import load_site
from tests.support.running_city import running_city


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with running_city(tmp_path_factory.mktemp("checked"), stations=2, speed=1.0, link="none") as running:
        yield running


@pytest.fixture
def run(city, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "220")
    monkeypatch.setattr(check, "configure_logs", lambda _: None)

    def checked(*more):
        code = main(["check", str(city.folder), "--online", *more])
        return code, capsys.readouterr().out

    return checked


def test_every_station_and_the_source_answer_over_their_own_protocol(city, run):
    code, table = run()
    assert code == OK
    profiles = {station.id: station.profile.name for station in load_site(city.folder).stations}
    assert set(profiles.values()) == {"opcua-substation", "plc-a", "source-opcua"}
    for station in profiles:
        row = next(line for line in table.splitlines() if re.search(rf"\b{station}\b", line))
        cells = [cell.strip() for cell in row.strip("│┃| ").split("│")]
        assert cells[2] in ("ok", "warn"), row
        assert all(re.fullmatch(r"\d+", cells[i]) for i in (3, 4)), "ms to connect and to read"
        assert int(cells[5]) > 5, "good values"


@pytest.mark.parametrize("profile", ["plc-a", "opcua-substation"])
def test_each_point_is_told_raw_scaled_with_quality_bounds_and_design(city, run, profile):
    station = next(s.id for s in load_site(city.folder).stations if s.profile.name == profile)
    code, text = run("--station", station, "--json")
    assert code == OK
    (told,) = json.loads(text)["stations"]
    assert told["connect_ms"] > 0.0
    assert told["read_ms"] > 0.0
    view = told["points"]["1/T_supply_secondary"]
    assert 25.0 < view["value"] < 85.0
    assert (view["quality"], view["reason"]) == ("good", "ok")
    assert view["wire"] * view["scale"] == pytest.approx(view["value"], abs=0.5)
    if profile == "plc-a":
        assert view["scale"] != 1.0
        assert view["wire"] == round(view["wire"]), "a register is a whole number"

    code, table = run("--station", station)
    assert code == OK
    for heading in ("on the wire", "wire unit", "value", "quality", "believable", "design"):
        assert heading in table
    row = next(line for line in table.splitlines() if "1/T_supply_secondary" in line)
    cells = [cell.strip() for cell in row.strip("│┃| ").split("│")]
    assert 25.0 < float(cells[3]) < 85.0
    assert cells[4] == "good"
    assert re.fullmatch(r"[-\d.]+\.\.[\d.]+", cells[5])
    assert float(cells[6]) == pytest.approx(view["design"])


def test_a_station_that_does_not_answer_fails_the_check(city, run):
    station = next(s.id for s in load_site(city.folder).stations if s.profile.name == "plc-a")
    asyncio.run(city.ask("stop_server", station=station))
    try:
        code, table = run("--station", station)
    finally:
        asyncio.run(city.ask("start_server", station=station))
    assert code == FAILED
    assert "fail" in table
