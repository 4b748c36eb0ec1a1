"""Heat sources under judgement: those that take orders hear the centre, and each write to them is weighed."""

from dataclasses import replace

import pytest

from controller.decisions import LoopKey
from controller.wiring import SOURCE_LOOP, source_traits
from simulators.evaluate import trial
from simulators.evaluate.case import WRITTEN
from simulators.evaluate.door import SourceDoor
from simulators.evaluate.report import known_by
from simulators.evaluate.trial import CYCLE_S
from simulators.evaluate.verdict import verdict
from simulators.evaluate.virtual_clock import VirtualClock
from simulators.plc.source import HEAD_SHARE_PER_S, OwnHold
from simulators.scenario import load_scenario
from simulators.sitefile import load_site
from simulators.source_face import DrivenSource

BASE = LoopKey("H001", SOURCE_LOOP)


@pytest.fixture(scope="module")
def written(judge):
    """Mild hours under ``curve`` and ``optimizer``; what both had judged, and their records."""
    every, make = [], trial.Judged
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(trial, "Judged", lambda *what: every.append(make(*what)) or every[-1])
        one, records = judge.run("autumn_start", "curve", "optimizer", hours=3.0, sources=WRITTEN)
    return one, records, every


def driven(judged):
    return judged._city.source_driven(judged._copy, BASE.station)


def test_a_generated_site_lays_down_how_its_sources_are_written_to(written):
    town = written[0].contestants[0].town
    traits = source_traits(town.controlled)
    assert [key.station for key in traits] == [source.id for source in town.simulated.sources]
    assert all(one.proven for one in traits.values())
    base = next(source for source in town.simulated.sources if source.id == BASE.station)
    assert base.writes.dp_max == pytest.approx(town.field.dp_source, abs=0.1)
    for T_outdoor in (-20.0, -7.0, 4.0):
        assert base.writes.curve.at(T_outdoor) == traits[BASE].own_curve(T_outdoor)


def head_in_the_water(judged):
    p, network = judged._city._copies[judged._copy].plant.primary.p, judged._city._params.network
    link = network.sources.start
    return p[network.link_end[link]] - p[network.link_start[link]]


def test_the_source_of_a_strategy_that_plans_holds_what_it_was_ordered(written):
    _, _, (_, optimizer) = written
    plc, status = driven(optimizer).plc, optimizer.centre.state.loops[BASE]
    standing = optimizer.centre.state.source_orders.standing[BASE.station]
    assert plc.remote
    assert status.held
    assert standing.order.T_supply > plc.own.T_supply + 2.0, "to pump less"
    assert standing.state == "acknowledged"
    assert plc.T_effective == pytest.approx(standing.order.T_supply, abs=0.5)
    assert plc.dp_effective == pytest.approx(standing.order.dp, rel=0.04)
    copy = optimizer._city._copies[1]
    assert copy.state.source.T_wanted[0] == pytest.approx(plc.T_effective, abs=1.0)
    assert head_in_the_water(optimizer) == pytest.approx(plc.dp_effective, rel=0.02)


def test_a_head_that_is_written_is_the_plant_s_at_the_pace_of_its_pump(judge):
    every, make = [], trial.Judged
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(trial, "Judged", lambda *what: every.append(make(*what)) or every[-1])
        judge.run("january", "curve", hours=1.0, uncounted_hours=0.0, sources=WRITTEN)
    (curve,) = every
    city, source = curve._city, driven(curve)
    own = source.plc.own
    assert head_in_the_water(curve) == pytest.approx(own.dp, rel=0.01)
    outdoor = city.own_outdoor(city.observe()[0])
    assert source.heartbeat(1, 1, 600.0, city.now)
    assert source.write_block(1, 1, 1, own.T_supply, 0.8 * own.dp, city.now)
    city.run(5 * 60.0, outdoor)
    assert head_in_the_water(curve) == pytest.approx(0.9 * own.dp, rel=0.01)
    city.run(7 * 60.0, outdoor)
    assert not source.plc.remote, "nobody renewed the lease of ten minutes"
    city.run(10 * 60.0, outdoor)
    assert head_in_the_water(curve) == pytest.approx(own.dp, rel=0.01)


def test_no_write_to_a_source_breaks_the_contract_and_other_strategies_write_none(written):
    _, records, (curve, optimizer) = written
    assert [record.control.breaks for record in records] == [[], []]
    assert optimizer.doors[BASE.station].writes > 20
    assert curve.doors[BASE.station].writes == 0
    assert not driven(curve).plc.remote
    assert driven(curve).plc.dp_effective == driven(curve).plc.own.dp


def test_a_verdict_says_which_sources_took_orders(written):
    one, records, _ = written
    assert known_by(verdict(one, records)).endswith("heat sources that take orders: H001, H002")


def test_without_the_switch_sources_are_advised_and_keep_their_head(judge):
    every, make = [], trial.Judged
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(trial, "Judged", lambda *what: every.append(make(*what)) or every[-1])
        one, records = judge.run("january", "curve", hours=1.0, uncounted_hours=0.0)
    assert driven(every[0]) is None
    assert known_by(verdict(one, records)).endswith("heat sources advised")


def test_a_source_whose_link_is_gone_goes_back_to_its_own_hold(judge):
    every, make = [], trial.Judged
    outage = {"name": "outage", "at_s": 2.0 * 3600.0, "duration_s": 7200.0, "stations": ["H001"]}
    scenario = replace(load_scenario("january"), faults={"fault": [outage]})
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(trial, "Judged", lambda *what: every.append(make(*what)) or every[-1])
        _, (record,) = judge.run(scenario, "optimizer", hours=3.0, uncounted_hours=0.0, sources=WRITTEN)
    plc = driven(every[0]).plc
    assert record.control.breaks == []
    assert [event.why for event in plc.events] == ["setpoint", "watchdog"]
    assert not plc.remote


# ------------------------------------------------------------------------------------------- the door alone


class Still:
    """A source of a plant that stands still at 80 degC and 400 kPa."""

    id, profile = "H001", "source-opcua-lease"

    def __init__(self):
        self.held = None

    def values(self):
        return {}

    def own(self):
        return OwnHold(T_supply=80.0, dp=400.0, T_outdoor=-8.0)

    def obey(self, T_supply, dp):
        self.held = T_supply, dp


@pytest.fixture
def door(written):
    base = next(s for s in written[0].contestants[0].town.simulated.sources if s.id == BASE.station)
    clock, plant = VirtualClock(0.0), Still()
    source = DrivenSource(plant)
    base = replace(base, writes=replace(base.writes, dp_min=100.0, dp_max=400.0))
    return SourceDoor(base, source, clock), source, plant


def whats(door):
    return sorted({broken.what for broken in door.breaks})


def test_a_step_of_the_head_is_weighed_by_the_flow_that_it_drives(door):
    door, source, plant = door
    assert door.write_block(1, 1, 1, 80.0, 400.0, 0.0)
    assert door.breaks == []
    door.write_block(1, 1, 2, 80.0, 370.0, CYCLE_S)
    assert door.breaks == [], "3.8 % of the flow that 400 kPa drive"
    door.write_block(1, 1, 3, 80.0, 200.0, 2 * CYCLE_S)
    assert "flow in 5 min" in whats(door)
    source.scan(2 * CYCLE_S, 60.0)
    assert plant.held[1] >= 400.0 * (1.0 - 60.0 * HEAD_SHARE_PER_S) - 1e-6, "its pump goes at its own pace"


@pytest.mark.parametrize(
    ("heat", "head", "what"),
    [(98.0, 400.0, "T_supply beside own curve"), (80.0, 30.0, "flow share"), (82.5, 400.0, "T_supply step")],
)
def test_writes_that_no_centre_may_send_are_breaks(door, heat, head, what):
    door, _, _ = door
    door.write_block(1, 1, 1, heat, head, 0.0)
    assert what in whats(door)


def test_a_site_of_a_folder_decides_by_its_own_file(written):
    folder = load_site(written[0].contestants[0].town.simulated.folder)
    assert [source.profile for source in folder.sources] == ["source-opcua-lease"] * len(folder.sources)
