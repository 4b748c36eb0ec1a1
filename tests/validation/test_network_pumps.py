"""Boosters and pumps in stations: where a generated city gets them, what controls them, what they take.

One small city of 12 stations in its third week of winter, when the base plant serves it alone for some hours:
pressures at the valves as they are held without them, electricity as their curves ask for it.
"""

import re
from dataclasses import replace

import numpy as np
import pytest

from simulators.citygen.generate import generate
from simulators.citygen.judgement import design_day_of, summary
from simulators.citygen.network_files import NetworkFileError, network_of, read_network, write_network
from simulators.citygen.pumping import NoPlaceForPump, boosted, distributed
from simulators.citygen.site_files import write_site
from simulators.citygen.site_ranges import SiteFaults
from simulators.citygen.sizing import DP_STATION_MIN_kPa
from simulators.citygen.taken import taken
from simulators.evaluate.physical_copy import Begun, PhysicalCopy
from simulators.fieldtruth.build import build
from simulators.fieldtruth.fingerprint import city_hash
from simulators.fieldtruth.parameters import parameters
from simulators.fieldtruth.season import net_heat
from simulators.plant.network.bridges import only_ways
from simulators.plant.network.errors import NetworkError
from simulators.plant.network.solution import rises
from tests.support.field_cities import Stepped, field_city

CITY = generate(12, 3)
PUMPED = {"boosters": boosted(CITY), "station_pumps": distributed(CITY)}
HELD_kPa = parameters()["network"]["dp_worst_kPa"]


@pytest.fixture(params=PUMPED)
def pumped(request):
    return PUMPED[request.param]


def at_valves(city, out):
    """Return the differential pressure at each station with what its own pump added."""
    network = city.field.params.network
    added = rises(network, city.control._plain.pump_speed, out.m_flow_link)
    return out.dp + added[network.consumers]


def test_pipes_that_alone_lead_to_stations_are_those_without_which_the_stations_are_dry():
    network = CITY.pipes.network()
    found = only_ways(network)
    assert len(found) > 12  # each station's own, and what leads to several
    for trench in range(len(CITY.pipes.trenches)):
        trenches = tuple(t for i, t in enumerate(CITY.pipes.trenches) if i != trench)
        try:
            replace(CITY.pipes, trenches=trenches).network()
            parted = False
        except NetworkError:
            parted = True
        behind = found.get(trench, ())
        assert not behind or parted
        if parted and not behind:  # what hangs on it are sources, then
            ends = {CITY.pipes.trenches[trench].start, CITY.pipes.trenches[trench].end}
            assert any(source.place in ends for source in CITY.pipes.sources)


def test_pumps_spare_the_sources_pressure_and_every_station_has_what_it_needs(pumped):
    before, day = design_day_of(network_of(CITY)), design_day_of(network_of(pumped))
    assert pumped.sources.dp_design[0] < CITY.sources.dp_design[0] - 50.0
    assert day.dp_served.min() >= DP_STATION_MIN_kPa
    assert day.solution.p.max() < before.solution.p.max()
    assert day.solution.p.min() >= 100.0
    assert any("booster B1" in line or "pumps in 12 stations" in line for line in summary(day))


def test_own_controls_hold_the_pressure_at_the_valves_with_the_pumps_and_the_balance_closes(pumped):
    city = Stepped(build(pumped), day=20.0)
    heat, fired, stored = 0.0, 0.0, city.plant.stored_heat(city.state)
    least, speeds, drawn = [], [], []
    for _ in range(150):
        out = city.step()
        heat, fired = heat + net_heat(out) * 60.0, fired + float(out.Q_source.sum()) * 60.0
        least.append(at_valves(city, out).min())
        speeds.append(city.control._plain.pump_speed.max())
        drawn.append(out.P_network.sum())
    assert np.min(speeds) == 0.0 < 0.5 < np.max(speeds) <= 1.0  # they stand where the sources suffice
    assert np.min(least) > HELD_kPa - 7.0
    assert least[-1] == pytest.approx(HELD_kPa, abs=2.0)
    assert np.ptp(speeds[-10:]) < 0.05  # and do not hunt
    assert np.array(drawn)[np.array(speeds) == 0.0].max() == 0.0
    assert drawn[-1] > 1.0
    assert abs(heat - (city.plant.stored_heat(city.state) - stored)) < 1e-9 * fired


def test_less_electricity_lifts_the_same_water_where_pumps_stand_where_they_are_needed(pumped):
    plain, helped = (Stepped(field, day=20.0) for field in (field_city(12, 3), build(pumped)))
    drawn = []
    for city in (plain, helped):
        outs = [city.step() for _ in range(60)]
        power = np.mean([out.P_source.sum() + out.P_network.sum() for out in outs[30:]])
        drawn.append(power / np.mean([out.m_flow_primary.sum() for out in outs[30:]]))
    assert drawn[1] < 0.97 * drawn[0]
    assert helped.field.params.source.dp_inner == pytest.approx(plain.field.params.source.dp_inner)


def test_the_judge_counts_them_among_the_primary_pumps(pumped):
    city = Stepped(build(pumped), day=20.0)
    copy = PhysicalCopy(city.field, Begun(state=city.state, control=city.control, out=None))
    copy.step(city.control._plain.sky, city.state.motor, city.state.y_pump)
    assert copy.out.P_network.sum() > 1.0
    assert copy.flows.P_source == pytest.approx(copy.out.P_source.sum() + copy.out.P_network.sum())


def test_a_site_folder_gives_the_same_pumps_again(pumped, tmp_path):
    write_site(pumped, tmp_path)
    again = taken(CITY, tmp_path)
    assert again.pipes.boosters == pumped.pipes.boosters
    assert [c.pump for c in again.pipes.consumers] == [c.pump for c in pumped.pipes.consumers]
    assert city_hash(build(again)) == city_hash(build(pumped)) != city_hash(field_city(12, 3))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("B9,booster,P00001,up,10,50,1.25,0.78", "pumps.csv:2: side: 'up'; allowed supply, return"),
        ("S001,station,S099,,10,50,1.25,0.78", "pumps.csv:2: at: 'S099'; allowed a station, each once"),
        ("S001,kettle,S001,,10,50,1.25,0.78", "pumps.csv:2: kind: 'kettle'; allowed booster, station"),
        ("B9,booster,P00001,supply,x,50,1.25,0.78", "m_flow_design_kg_per_s: 'x' is not a number"),
    ],
)
def test_a_pump_that_cannot_be_is_told_with_file_and_row(row, told, tmp_path):
    write_network(CITY, tmp_path)
    header = "pump,kind,at,side,m_flow_design_kg_per_s,dp_design_kPa,rise,efficiency"
    (tmp_path / "pumps.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    with pytest.raises(NetworkFileError, match=re.escape(told)):
        read_network(tmp_path)


def test_a_pump_outside_of_its_range_and_one_in_no_pipe_are_refused_with_a_site(tmp_path):
    write_site(PUMPED["boosters"], tmp_path)
    file = tmp_path / "network" / "pumps.csv"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(",1.250,", ",1.000,"), encoding="utf-8")
    with pytest.raises(SiteFaults, match=r"network/pumps\.csv:2: rise: got 1\.000; allowed 1\.01\.\.3"):
        taken(CITY, tmp_path)
    file.write_text(text.replace(PUMPED["boosters"].pipes.boosters[0].trench, "P99999"), encoding="utf-8")
    with pytest.raises(NetworkError, match="pump B1: no pipe: P99999 supply"):
        taken(CITY, tmp_path)


def test_a_city_without_a_street_that_lacks_pressure_gets_no_booster():
    with pytest.raises(NoPlaceForPump, match="spare the sources 20 kPa"):
        boosted(generate(6, 3))


def test_pumps_that_a_site_puts_into_a_ring_hold_the_pressure_of_the_whole_city():
    """A booster between the plant and the city lifts all of its water."""
    first = CITY.pipes.sources[0].place
    trench = next(t for t in CITY.pipes.trenches if first in (t.start, t.end))
    booster = PUMPED["boosters"].pipes.boosters[0]
    flow = float(CITY.sources.m_flow_design.sum())
    curve = type(booster.pump).through(flow, 60.0)
    trenches = tuple(
        replace(t, start=first, end=t.end if t.start == first else t.start) if t is trench else t
        for t in CITY.pipes.trenches
    )
    one = replace(booster, trench=trench.name, pump=curve)
    field = build(replace(CITY, pipes=replace(CITY.pipes, trenches=trenches, boosters=(one,))))
    assert field.dp_source < field_city(12, 3).dp_source - 50.0
    city = Stepped(field, day=20.0)
    for _ in range(20):
        out = city.step()
    assert out.dp.min() > HELD_kPa - 7.0
