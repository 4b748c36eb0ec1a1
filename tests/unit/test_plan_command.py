"""``dhc plan``: one plan of what a controller laid down, and what it says where there is none."""

import asyncio
import json
from dataclasses import replace

import numpy as np
import pytest

from controller.cli import main
from controller.config.loader import load_site
from controller.historian.journal import Journal
from controller.historian.slot import Answer, Slot
from controller.knowing.gathered import SERIES, Quarter
from controller.knowing.keeper import introduced
from controller.knowing.known import first_known
from controller.knowing.store import KnowingStore
from controller.knowing.warm import kept
from controller.knowing.watch import ROOMS
from controller.weather.site import weather_feed
from controller.wiring import loop_traits
from optimizer.building import steady_heat
from optimizer.estimate.cycle import estimate
from optimizer.estimate.state import measured
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.clocks import ManualClock
from tests.support.guard_world import NOW
from tests.support.sites import SOURCE_ROW, station_row, write_site

AT = 900.0 * (NOW // 900.0)
T_OUTDOOR = -4.0


def listened_to(known, hours=8.0):
    """Loops that kept 21.5 degC by their sensors for some hours; the second one has none."""
    b, state = known.buildings, known.state
    q = steady_heat(b, 21.5, T_OUTDOOR, b.gain)
    for _ in range(round(hours * 12)):
        seen = measured(len(b), T_indoor=21.5, Q_meter=q * b.area / 1000.0, T_outdoor=T_OUTDOOR, sun=0.0)
        seen.T_indoor[1] = np.nan
        state = estimate(state, seen, b, 300.0)
    return replace(known, state=state, at=AT)


@pytest.fixture
def site(tmp_path):
    rows = [
        station_row(),
        station_row("S002", "20002"),
        station_row("S003", "20003", mode="local"),
        station_row("S004", "20004", proof=""),
    ]
    return laid_down(tmp_path, rows)


def laid_down(folder, rows):
    """A site of which a controller gathered something."""
    folder = write_site(folder, rows)
    config = load_site(folder)
    traits = loop_traits(config)
    known = listened_to(first_known(traits, T_OUTDOOR))
    config.data.mkdir()
    store = KnowingStore(config.data)
    store.introduce(introduced(known, traits, AT - 86_400.0))
    loops = np.full((len(known), len(SERIES)), np.nan, dtype=np.float16)
    shared = np.array([T_OUTDOOR, 0.0, 2.0, 80.0], dtype=np.float16)
    store.add(known.keys, Quarter(round(AT) - 900, loops, shared))
    store.note(ROOMS, kept(known, AT))
    asyncio.run(weather_feed(config, ManualClock(AT)).observe(AT - 60.0, T_OUTDOOR))
    return folder


def test_a_plan_is_told_for_each_loop_with_its_reason(site, capsys):
    assert main(["plan", str(site), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "optimal"
    assert told["at"] == AT
    (loop,) = told["loops"]
    assert (loop["station"], loop["loop"]) == ("S001", 1)
    assert loop["T_indoor_degC"] == pytest.approx(21.5, abs=0.5)
    assert 5.0 < loop["q_all_W_per_m2"] < 80.0
    assert 25.0 < loop["T_supply_degC"] < 85.0
    assert loop["reason"]["id"] == "plan.instruction"
    why = {each["station"]: each["why"]["id"] for each in told["excluded"]}
    assert why == {
        "S002": "plan.loop_unknown",
        "S003": "plan.loop_mode",
        "S004": "plan.loop_not_driven",
    }
    *others, advised = told["excluded"]
    assert all(each["advice"] is None for each in others)
    assert advised["advice"]["id"] == "plan.instruction"
    assert advised["T_supply_advised_degC"] == pytest.approx(loop["T_supply_degC"], abs=0.5), "a house alike"


def test_people_get_a_table_and_the_loops_that_stay_on_the_curve(site, capsys):
    assert main(["plan", str(site)]) == 0
    out = capsys.readouterr().out
    assert "optimal" in out
    assert "the source counts as unlimited: nobody told" in out
    assert "S001/1" in out
    assert "S003/1 stays on the curve: it is in local mode" in out
    assert "S004/1: it takes no setpoints; advice: " in " ".join(out.split())


def read_last(folder, **stations):
    """What the journal read last, by station: values of its points."""
    kept = Journal.open(load_site(folder).data)
    answers = [
        Answer(station, {Point(0, name): good(value, AT - 30.0) for name, value in values.items()})
        for station, values in stations.items()
    ]
    assert kept.append(Slot(start=AT // 10 * 10 - 30, answers=answers)).result(10)
    kept.close()


def test_what_sources_can_give_and_who_answers_is_as_the_journal_read_it_last(tmp_path, capsys):
    rows = [station_row(f"S00{n}", f"2000{n}") for n in (1, 3, 4)]
    folder = laid_down(tmp_path, [rows[0], station_row("S002", "20002"), *rows[1:], SOURCE_ROW])
    heat = {"T_supply_source": 95.0, "Q_flow_source": 4000.0}
    answering = {f"S00{n}": {"T_supply_primary": 90.0} for n in (1, 2, 3)}
    told = []
    for most in (1e5, 3000.0):
        read_last(folder, SRC={**heat, "Q_flow_source_max": most}, **answering)
        assert main(["plan", str(folder), "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    plenty, short = told
    assert [one["source_kW"] for one in told] == [1e5, 3000.0]
    assert (plenty["status"], short["why"]["id"]) == ("optimal", "plan.rationed")
    heats = [sum(loop["q_all_W_per_m2"] for loop in one["loops"]) for one in told]
    assert heats[1] < 0.8 * heats[0]
    why = {each["station"]: each["why"]["id"] for each in short["excluded"]}
    assert why == {"S002": "plan.loop_unknown", "S004": "plan.loop_no_link"}
    main(["plan", str(folder)])
    assert "the source can give 3.0 MW" in capsys.readouterr().out


def test_without_weather_there_is_no_plan_and_the_curve_is_named(site, capsys):
    for file in (site / "data" / "weather").iterdir():
        file.unlink()
    assert main(["plan", str(site), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["status"], told["why"]["id"], told["loops"]) == ("none", "weather_unknown", [])


def test_a_site_that_nobody_ever_ran_has_nothing_to_plan_from(tmp_path, capsys):
    assert main(["plan", str(write_site(tmp_path))]) == 1
    assert "`dhc run` gathers what plans are made from" in capsys.readouterr().err


def test_a_faulty_site_is_wrong_use(tmp_path, capsys):
    assert main(["plan", str(tmp_path / "nowhere")]) == 2
    assert "nothing was started" in capsys.readouterr().err
