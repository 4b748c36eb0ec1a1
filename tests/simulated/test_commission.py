"""``dhc commission`` on real sockets: every driven class is proven, and the contract is kept."""

import asyncio
import json
import sys

import pytest

from controller.config.loader import load_site
from controller.proof import load_record, proof_fault
from tests.support.running_city import controller_process, intents_of, running_city
from tests.support.source_city import let_it_take_orders

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.xdist_group("commission")]

SPEED = 60.0
CLASS_OF = {
    "plc-a": "A",
    "plc-d": "A",
    "opcua-substation": "A",
    "trovis-5578": "T",
    "plc-b": "B",
    "source-opcua-lease": "A",
}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    with running_city(folder, stations=12, speed=SPEED, prepare=let_it_take_orders) as running:
        yield running


async def commission(city, station, data, *options):
    """Run the command; returns (exit code, stdout, stderr)."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "controller.cli", "commission", str(city.folder), station),
        *("--data", str(data), "--clock", city.clock.to_text(), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def dhc(*arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "controller.cli", *arguments, stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def of_profile(city, profile):
    stations = (station for station in city.site(None).stations if station.profile.name == profile)
    return max(stations, key=lambda station: len(station.loops)).id


async def test_a_station_of_every_driven_class_is_proven_and_left_as_it_was(city, tmp_path):
    chosen = {profile: of_profile(city, profile) for profile in CLASS_OF}
    results = await asyncio.gather(
        *(commission(city, name, tmp_path / name, "--json") for name in chosen.values())
    )
    for (profile, name), (code, out, err) in zip(chosen.items(), results, strict=True):
        assert code == 0, (profile, out, err)
        told = json.loads(out)
        record = load_record(city.folder / "proofs" / told["file"].rsplit("/", 1)[-1])
        assert record["station"] == name
        assert record["simulation"] is True
        assert record["station_class"] == CLASS_OF[profile]
        assert len(record["wire"]["loops"]) == len(record["loops"]) >= 1
        for facts in record["wire"]["loops"].values():
            if CLASS_OF[profile] == "A":
                assert 40.0 <= facts["fallback_after_s"] <= 100.0
                assert facts["ramp_K_per_min"] <= 0.35
        intents = intents_of(tmp_path / name, city.clock.now())
        assert {intent.author for intent in intents} == {"commissioning"}
        assert all(intent.state.final for intent in intents)
        code, listed, err = await dhc("audit", "verify", str(city.folder), "--data", str(tmp_path / name))
        assert code == 0, err
        assert "1 entr" in listed
    assert any(len(json.loads(out)["loops"]) == 2 for _, out, _ in results), "two loops at once"
    loops = await city.loops()
    for (name, _), loop in loops.items():
        if name in chosen.values() and loop["class"] != "B":
            assert loop["state"] != "remote"
    broken = await city.ask("record")
    assert broken["frames_out_of_contract"] == 0, broken["breaks"]
    await named_in_the_station_list_they_hold(city, results)


async def named_in_the_station_list_they_hold(city, results):
    """A site that names the records loads, and the station list's other columns still agree with them."""
    table = city.folder / "stations.csv"
    text = table.read_text(encoding="utf-8")
    lines = text.splitlines()
    column = lines[0].split(",").index("proof")
    files = {json.loads(out)["station"]: json.loads(out)["file"].rsplit("/", 1)[-1] for _, out, _ in results}
    for i, line in enumerate(lines):
        cells = line.split(",")
        if cells[0] in files:
            cells[column] = f"proofs/{files[cells[0]]}"
            lines[i] = ",".join(cells)
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        site = load_site(city.folder)
        assert [proof_fault(site, station) for station in site.stations] == [None] * len(site.stations)
    finally:
        table.write_text(text, encoding="utf-8")


async def test_a_running_controller_forbids_it_and_is_named(city, tmp_path):
    name = of_profile(city, "plc-a")
    async with controller_process(city, tmp_path) as controller:
        code, out, err = await commission(city, name, tmp_path)
        assert code == 1
        assert out == ""
        assert str(controller.process.pid) in err
        assert "driven twice" in err
        # the same from another data folder: the station itself shows that a centre drives it
        await controller.all_confirmed()
        code, out, err = await commission(city, name, tmp_path / "other")
        assert code == 1
        assert "FAIL ready of loop 1: the loop follows a centre already" in out
        assert "not proven" in err
        assert intents_of(tmp_path / "other", city.clock.now()) == ()
        # a planned stop: class B would keep its offset otherwise, and could not be tried by the next test
        assert (await controller.stop())[0] == 0


@pytest.mark.parametrize(("station", "words"), [("S999", "not in the station list"), (None, "read only")])
async def test_what_can_not_be_tried_is_refused_in_words(city, tmp_path, station, words):
    code, out, err = await commission(city, station or of_profile(city, "ecl-310"), tmp_path)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err
