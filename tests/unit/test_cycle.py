"""One control cycle after another, on a real command log, with stations that are only images."""

import ast
import asyncio
import inspect
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

import controller.cycle
import controller.deciding
from controller.cycle import COMMIT_ALARM, freeze, run_cycle
from controller.deciding import think
from controller.decisions import Action, Mode, Rule
from controller.historian.records import CommandLogError, State
from controller.image import Link
from controller.modes import StrategyOrder, Subject
from controller.weather.ahead import NOTHING_KNOWN, Ahead
from controller.wiring import regulation_laws
from controller.words.phrase import restored
from optimizer.regulation import supply_temperature
from stations.model.quality import Reason
from tests.support.cycle_world import KEY, T_CURVE, T_HELD, T_OUTDOOR, World
from tests.support.planned_town import published
from tests.support.sites import loop_config, station_config


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.log.close()


async def test_the_first_cycle_takes_every_loop_over_where_it_is_and_moves_it_by_at_most_1_k(world):
    await world.cycle()
    intent = world.pending()[1].intent
    assert T_HELD <= intent.T_supply_set <= T_HELD + 1.0
    assert intent.heat_value == intent.T_supply_set
    assert (intent.token, intent.sequence, intent.author) == (7, 1, "strategy:curve")
    assert [i.id for i in world.log.since(0.0)] == [
        i.intent.id for i in (world.pending("S001")[1], world.pending("S002")[1])
    ], "every intent is in the command log before it is handed over"
    assert world.state.loops[KEY].write_state is State.REQUESTED
    assert world.state.last_cycle_monotonic == world.clock.monotonic()


@pytest.mark.parametrize("strategy", ["balance", "optimizer"])
async def test_a_district_that_leaves_a_strategy_is_sent_what_the_curve_says_bit_for_bit(world, strategy):
    sent = []

    async def run(cycles):
        sent.clear()
        for _ in range(cycles):
            world.clock.advance(1200.0)
            world.poll(T_supply=64.8)  # so the last of the guard's steps of 1 K is above its dead-band
            if strategy == "optimizer":  # plans go on after nobody follows them any more
                plan = published(world.parts.rules.traits, at=world.clock.now())
                world.state.published, world.parts.memory.known = plan, plan.known
            await run_cycle(world.parts)
            await world.recorder.drain()
            if world.pending():
                sent.append(world.deliver())

    district = Subject("strategy", "north")
    chosen = StrategyOrder(order=1, author="lei", strategy=strategy, configured="curve")
    world.parts.orders.put(district, chosen)
    await run(4 if strategy == "balance" else 1)  # beyond 3 K from the curve the guard would ask a person
    assert {intent.author for intent in sent} == {f"strategy:{strategy}"}
    assert abs(sent[-1].T_supply_set - T_CURVE) > 1.0, "it begins where the loop was"
    if strategy == "balance":
        assert world.parts.memory.records
    else:
        assert restored(sent[-1].why[0]).id == "plan.instruction"

    world.parts.orders.put(district, replace(chosen, order=2, strategy="curve"))
    await run(8)
    (T_outdoor,) = set(world.parts.memory.T_outdoor_filtered.values())
    exact = supply_temperature(regulation_laws(world.site)["radiator"], T_outdoor)
    assert {intent.author for intent in sent} == {"strategy:curve"}
    assert (sent[-1].reason, sent[-1].T_supply_set, sent[-1].heat_value) == ((), exact, exact)
    assert restored(sent[-1].why[0]).id.startswith("curve."), "why it is wanted is kept"
    assert world.state.loops[KEY].T_supply_set == exact


async def test_rates_bind_over_cycles_and_sequences_grow(world):
    sent = []
    for _ in range(6):
        await world.cycle()
        if world.pending():
            sent.append(world.deliver())
    assert [intent.sequence for intent in sent] == list(range(1, len(sent) + 1))
    supplies = [intent.T_supply_set for intent in sent]
    assert all(b - a <= 1.0 + 1e-9 for a, b in zip([T_HELD, *supplies], supplies, strict=False))
    assert supplies[0] < supplies[-1] == pytest.approx(T_CURVE, abs=0.3)


async def test_a_network_that_would_move_too_far_at_once_is_held_until_an_operator_confirms(world):
    for _ in range(8):
        world.clock.advance(60.0)
        world.poll(T_supply=60.0)
        await run_cycle(world.parts)
        if world.pending():
            world.deliver()
    assert world.state.mass_change is not None
    assert Rule.MASS_CHANGE in {cut.rule for cut in world.state.loops[KEY].decision.cuts}
    assert world.state.loops[KEY].T_supply_set <= 61.0


async def test_an_undelivered_instruction_is_replaced_and_recorded_as_expired(world):
    await world.cycle()
    first = world.pending()[1].intent
    await world.cycle()
    assert world.pending()[1].intent.id > first.id
    assert {i.id: i.state for i in world.log.since(0.0)}[first.id] is State.EXPIRED


async def test_an_instruction_for_a_station_that_was_lost_while_the_cycle_thought_ends_at_once(
    world, monkeypatch
):
    """Nobody looks into the box of a lost station: its dispatcher had emptied it just before."""
    kept = world.parts.command_log.commit

    async def lost_meanwhile(intents):
        world.state.image.update("S001", link=Link.LOST)
        return await kept(intents)

    monkeypatch.setattr(world.parts.command_log, "commit", lost_meanwhile)
    await world.cycle()
    assert not world.pending()
    assert world.pending("S002")
    ended = {i.station: i.state for i in world.log.since(0.0)}
    assert ended == {"S001": State.EXPIRED, "S002": State.REQUESTED}
    assert world.parts.memory.sent[KEY] == ()


@pytest.mark.parametrize("fault", ["slow", "refused"])
async def test_without_a_commit_nothing_is_written_leases_go_on_and_the_alarm_stands(
    world, monkeypatch, fault
):
    async def commit(intents):
        if fault == "refused":
            raise CommandLogError("disk full")
        await asyncio.Event().wait()

    monkeypatch.setattr(controller.cycle, "COMMIT_LIMIT_S", 0.05)
    monkeypatch.setattr(world.log, "commit", commit)
    await world.cycle()
    assert not world.pending()
    assert world.state.alarms == [COMMIT_ALARM]
    assert world.state.last_cycle_monotonic == world.clock.monotonic(), "held leases are still licensed"
    monkeypatch.undo()
    await world.cycle()
    assert world.pending()
    assert world.state.alarms == []


async def test_a_loop_set_to_local_is_given_back_once(world):
    await world.cycle()
    world.deliver()
    world.state.loops[KEY].mode = Mode.LOCAL
    await world.cycle()
    assert 1 in world.outbox.box("S001").releases
    assert world.state.loops[KEY].decision.action is Action.RELEASE


async def test_a_station_that_no_longer_holds_ours_is_taken_over_bumpless_again(world):
    for _ in range(4):
        await world.cycle()
        if world.pending():
            world.deliver()
    world.state.loops[KEY].held = False
    await world.cycle()
    assert world.pending()[1].intent.T_supply_set <= T_HELD + 1.0, "it starts from what the station holds now"


async def test_the_outdoor_temperature_is_told_when_it_moves_and_before_it_gets_old(world):
    box = world.outbox.box("S001")
    await world.cycle()
    assert box.T_outdoor_centre == T_OUTDOOR
    box.T_outdoor_centre = None
    await world.cycle()
    assert box.T_outdoor_centre is None
    for _ in range(30):
        await world.cycle()
    assert box.T_outdoor_centre == T_OUTDOOR
    assert world.outbox.box("S002").T_outdoor_centre is None, "only stations that take it are told"


async def test_stale_inputs_stop_new_setpoints_and_then_release(world):
    await world.cycle()
    world.deliver()
    world.clock.advance(300.0)
    await run_cycle(world.parts)
    assert world.state.loops[KEY].decision.action is Action.RENEW
    world.clock.advance(400.0)
    await run_cycle(world.parts)
    assert world.state.loops[KEY].decision.action is Action.RELEASE


async def test_a_loop_without_proof_is_advised_and_never_written(tmp_path):
    world = World(tmp_path, station_config("S001", loops=(loop_config(proof=None),)), station_config("S002"))
    try:
        await world.cycle()
        assert not world.pending()
        decision = world.state.loops[KEY].decision
        assert decision.action is Action.NONE
        assert decision.T_supply is not None
    finally:
        world.log.close()


def test_run_cycle_fits_a_screen_and_awaits_at_most_four_times():
    tree = ast.parse(Path(inspect.getfile(controller.cycle)).read_text(encoding="utf-8"))
    (function,) = [n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef) and n.name == "run_cycle"]
    assert function.end_lineno - function.lineno + 1 <= 60
    touching = [n for n in ast.walk(function) if isinstance(n, ast.Await | ast.AsyncFor | ast.AsyncWith)]
    assert 1 <= len(touching) <= 4


async def test_rates_run_from_the_answer_to_a_write_and_not_from_its_decision(world):
    await world.cycle()
    world.deliver()
    world.state.loops[KEY].written_at = world.clock.monotonic() + 40.0
    world.clock.advance(60.0)
    world.poll()
    frozen = controller.cycle.freeze(world.parts)
    assert frozen.sent[KEY][-1].at == world.state.loops[KEY].written_at


async def test_a_lost_loop_whose_register_wears_out_is_not_taken_over_again_at_once(tmp_path):
    world = World(tmp_path, station_config("S001", "trovis-5578"), station_config("S002", port=20002))
    try:
        await world.cycle()
        world.deliver()
        status = world.state.loops[KEY]
        status.written_at, status.held = world.clock.monotonic(), False
        await world.cycle(after_s=600.0)
        assert not world.pending()
        await world.cycle(after_s=400.0)
        assert world.pending()
    finally:
        world.log.close()


async def test_stations_are_told_the_outdoor_temperature_at_3_k_an_hour_also_by_a_controller_that_begins(
    world,
):
    world.parts.outdoor_told = (world.clock.monotonic() - 600.0, T_OUTDOOR - 4.0)  # by the one before it
    told = []
    for _ in range(60):
        await world.cycle()
        box = world.outbox.box("S001")
        if box.T_outdoor_centre is not None:
            told.append((world.clock.monotonic(), box.T_outdoor_centre))
            box.T_outdoor_centre = None

    assert told[0][1] == pytest.approx(T_OUTDOOR - 4.0 + 3.0 * 660.0 / 3600.0)
    for (at, T), (later, T_later) in itertools.pairwise(told):
        assert 0.3 <= T_later - T <= 3.0 * (later - at) / 3600.0 + 1e-9
    assert told[-1][1] > T_OUTDOOR - 0.9


async def test_a_forecast_stands_in_for_lost_sensors_and_tells_the_guard_the_coldest_of_the_day(world):
    await world.cycle()
    world.parts.ahead = lambda now: Ahead(now=-9.0, least=-12.0)
    world.clock.advance(40 * 60.0)  # all sensors are older than they may be
    thought = think(freeze(world.parts), world.parts.rules)
    assert -9.0 < thought.T_outdoor_centre.value < T_OUTDOOR
    assert thought.T_outdoor_centre.reason is Reason.SUBSTITUTED
    assert thought.context.T_outdoor_forecast_min == -12.0
    world.parts.ahead = lambda now: NOTHING_KNOWN
    blind = think(freeze(world.parts), world.parts.rules)
    assert blind.T_outdoor_centre.value == T_OUTDOOR
    assert blind.context.T_outdoor_forecast_min is None
