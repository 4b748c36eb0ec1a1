"""The path of energy on a real journal: counters at a few instants, cut to what is stored."""

import asyncio
import sqlite3

import httpx
import pytest

from controller.api import schema
from controller.historian import instants
from controller.historian.journal import Journal
from controller.historian.slot import Answer, Slot
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good
from tests.support.api_bench import BEARER, NOW, ApiBench

HEAT, PUMP, MAKEUP = Point(0, "E_heat_primary"), Point(1, "E_pump_secondary"), Point(1, "V_makeup")
INDOOR, OUTDOOR = Point(1, "T_indoor_mean"), Point(0, "T_outdoor")
START = NOW - 7200.0


@pytest.fixture
async def bench(tmp_path):
    bench = ApiBench(tmp_path, n_stations=2)
    bench.journal_folder = tmp_path / "journal"
    bench.journal_folder.mkdir()
    yield bench
    bench.close()


@pytest.fixture
async def journal(bench):
    """Two hours of slots: S001 counts steadily, the counter of S002 begins anew after an hour."""
    journal = Journal.open(bench.journal_folder)
    for number in range(0, 7200, 60):
        at, hours = START + number, number / 3600.0
        steady = {
            HEAT: good(1000.0 + 1500.0 * hours, at),
            PUMP: good(500.0 + 40.0 * hours, at),
            MAKEUP: good(20.0 + 0.2 * hours, at),
            INDOOR: good(20.5, at),
            OUTDOOR: good(-6.0, at),
        }
        begun_anew = {HEAT: good(5000.0 + 1500.0 * hours if hours < 1 else 1500.0 * (hours - 1), at)}
        slot = Slot(
            start=at,
            answers=[
                Answer("S001", steady),
                Answer("S002", begun_anew | {PUMP: bad(Reason.SENTINEL, at)}),
            ],
        )
        # one after the other: the journal's queue is short
        assert await asyncio.wrap_future(journal.append(slot))
    yield journal
    journal.close()


async def asked(bench, journal, start, end):
    bench.api.reader.source = journal
    transport = httpx.ASGITransport(bench.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=BEARER) as client:
        return await client.get("/api/v1/energy", params={"start": start, "end": end})


async def test_energy_is_counted_over_what_is_stored_of_the_period(bench, journal):
    answer = await asked(bench, journal, NOW - 7 * 86_400, NOW)
    assert answer.status_code == 200
    energy = schema.Energy.model_validate_json(answer.content)
    assert (energy.start, energy.end) == (START, START + 7150), "cut to the journal"
    assert energy.T_outdoor_mean == -6.0
    assert energy.degree_days == pytest.approx(24.0 * 7150 / 86_400, abs=0.01)
    steady, anew = energy.stations
    hours = steady.heat.counted_s / 3600.0
    assert hours == pytest.approx(1.97, abs=0.05)
    assert steady.heat.amount == pytest.approx(1500.0 * hours)
    assert steady.pump.amount == pytest.approx(40.0 * hours)
    assert steady.makeup.amount == pytest.approx(0.2 * hours, abs=0.01)
    assert steady.heat.doubts == []
    assert steady.T_indoor_mean == 20.5
    assert "reset" in anew.heat.doubts
    assert anew.heat.amount == pytest.approx(1500.0 * anew.heat.counted_s / 3600.0)
    assert anew.heat.counted_s < steady.heat.counted_s
    assert anew.degree_days < steady.degree_days
    assert (anew.pump.amount, anew.pump.doubts) == (None, ["no_data"])
    assert anew.T_indoor_mean is None


async def test_few_slots_are_read_however_long_the_period(bench, journal, monkeypatch):
    read = []
    whole = instants.Block
    monkeypatch.setattr(instants, "Block", lambda content: read.append(1) or whole(content))
    wanted = {"S001": [HEAT]}
    assert len(journal.at_instants([START, START + 3600.0, START + 7000.0], wanted)) == 3
    assert len(read) == 3


async def test_an_empty_journal_is_an_answer_and_no_fault(bench, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    journal = Journal.open(empty)
    try:
        answer = await asked(bench, journal, NOW - 3600, NOW)
    finally:
        journal.close()
    energy = schema.Energy.model_validate_json(answer.content)
    assert energy.degree_days is None
    assert {station.heat.amount for station in energy.stations} == {None}


@pytest.mark.parametrize(
    ("start", "end"), [(NOW, NOW), (NOW, NOW - 1), (NOW - 9 * 86_400, NOW)], ids=["empty", "reversed", "long"]
)
async def test_a_period_that_is_none_is_refused_in_words(bench, journal, start, end):
    answer = await asked(bench, journal, start, end)
    assert answer.status_code == 422
    assert "allowed" in answer.json()["error"]["message"]


async def test_damaged_slots_are_passed_over(bench, journal):
    wanted = {"S001": [HEAT]}
    journal.close()
    with sqlite3.connect(bench.journal_folder / "store.db") as connection:
        connection.execute("UPDATE slots SET block = x'00' WHERE start = ?", (START + 600,))
    (found,) = instants.at_instants(bench.journal_folder / "store.db", [START + 600], wanted)
    assert found["S001", HEAT].measured_at in (START + 540, START + 660)
