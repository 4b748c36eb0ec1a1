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
from controller.admission import Admission
from controller.cycle import COMMIT_ALARM, CycleParts, cap_flows, draft_caps, freeze, run_cycle
from controller.deciding import Rules, think
from controller.decisions import Action, LoopKey, Mode, Rule
from controller.guard_caps import CapHeld
from controller.historian.command_log import CommandLog
from controller.historian.records import CommandLogError, State
from controller.image import Link
from controller.memory import ControlMemory
from controller.modes import PlanChoice, PlanOrder, StrategyOrder, Subject
from controller.outbox import FlowCapWish, Outbox
from controller.recorder import TransitionRecorder
from controller.weather.ahead import NOTHING_KNOWN, Ahead
from controller.wiring import first_state, loop_traits, regulation_laws
from controller.words.phrase import restored
from optimizer.regulation import supply_temperature
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import good
from tests.support.clocks import ManualClock
from tests.support.planned_town import published
from tests.support.sites import loop_config, site_config, station_config

KEY = LoopKey("S001", 1)
T_OUTDOOR = -5.0
T_CURVE = 67.2
"""What the 75/50 law asks at -5 degC."""
T_HELD = 65.0


class World:
    """A site of images: the test says what stations answer, the cycle says what it wants of them."""

    def __init__(self, folder, *stations):
        self.clock = ManualClock()
        self.site = site_config(folder, *(stations or default_stations()))
        self.log = CommandLog.open(folder, self.clock.now(), reserve_bytes=0)
        self.state = first_state(self.site, self.clock)
        self.state.token = 7
        traits = loop_traits(self.site)
        self.outbox = Outbox(station.id for station in self.site.stations)
        self.recorder = TransitionRecorder(self.log, self.clock, self.state)
        self.parts = CycleParts(
            clock=self.clock,
            rules=Rules(
                traits=traits,
                strategy_of={"north": "curve"},
                laws=regulation_laws(self.site),
                outdoor_filter_s={"radiator": 43_200.0},
                poll_s=10.0,
            ),
            state=self.state,
            memory=ControlMemory(traits, {}),
            outbox=self.outbox,
            command_log=self.log,
            recorder=self.recorder,
            admissions={station.id: Admission() for station in self.site.stations},
            takes_outdoor=("S001",),
        )

    def poll(self, T_supply=T_HELD, m_flow=35.0, T_outdoor=T_OUTDOOR):
        """All stations answer now."""
        now = self.clock.now()
        for station in self.site.stations:
            values = {
                Point(0, "T_outdoor"): T_outdoor,
                Point(0, "T_supply_primary"): 95.0,
                Point(1, "T_supply_secondary"): T_supply,
                Point(1, "T_return_secondary"): T_supply - 15.0,
                Point(1, "m_flow_secondary"): m_flow,
                Point(1, "y_pump_secondary"): 0.8,
            }
            readings = {point: good(value, now) for point, value in values.items()}
            self.state.image.update(station.id, readings=readings, polled_at=now, link=Link.ONLINE)
            self.parts.admissions[station.id].answered(self.clock.monotonic())

    async def cycle(self, after_s=60.0):
        self.clock.advance(after_s)
        self.poll()
        await run_cycle(self.parts)
        await self.recorder.drain()

    def pending(self, station="S001"):
        return self.outbox.box(station).setpoints

    def deliver(self, station="S001"):
        """What a dispatcher does: take the setpoint, the station holds it."""
        taken = self.pending(station).pop(1).intent
        self.state.loops[LoopKey(station, 1)].held = True
        return taken


def default_stations():
    return (station_config("S001"), station_config("S002", port=20002))


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


def cap(m_flow_max, at=0.0):
    return CapHeld(m_flow_max=m_flow_max, uncapped=20.0, at=at)


async def tell_caps(world, caps, *, kept=True, shortage=True, link=Link.ONLINE):
    thought = replace(thought_of(world), caps=caps, shortage=shortage)
    drafts = draft_caps(world.parts, freeze(world.parts), thought)
    intents = [intent for _, intent in drafts]
    world.state.image.update("S001", link=link)
    if kept:
        await world.log.commit(intents)
    cap_flows(world.parts, drafts, kept=kept)
    return intents


async def test_a_changed_cap_is_handed_over_once_and_lifted_when_it_is_not_wanted_any_more(world):
    box, caps = world.outbox.box("S001"), {"S001": cap(16.0)}
    (first,) = await tell_caps(world, caps)
    assert (box.cap.m_flow_max, box.cap.intent, world.state.caps) == (16.0, first, {"S001": 16.0})
    box.cap = None
    assert await tell_caps(world, caps) == []
    assert box.cap is None, "the same one asks for no write"
    (lower,) = await tell_caps(world, {"S001": cap(14.0)})
    assert box.cap.m_flow_max == 14.0
    (lifted,) = await tell_caps(world, {"S001": None}, shortage=False)
    assert (box.cap.m_flow_max, world.state.caps, world.parts.memory.caps) == (None, {}, {})
    all_three = (first, lower, lifted)
    told = [(one.loop, one.m_flow_set, one.previous_m_flow_set, one.sequence) for one in all_three]
    assert told == [(0, 16.0, None, 1), (0, 14.0, 16.0, 2), (0, None, 14.0, 3)]
    assert {(one.T_supply_set, one.author) for one in all_three} == {(None, "strategy:optimizer")}
    await world.recorder.drain()
    ends = [world.log.transitions(one.id)[-1].state for one in (first, lower, lifted)]
    assert ends == [State.REQUESTED, State.EXPIRED, State.REQUESTED], "one was replaced before it was sent"


@pytest.mark.parametrize(
    ("wish", "shortage", "ids"),
    [
        (16.0, True, ["cap.share"]),
        (9.0, True, ["cap.share", "cap.guarded"]),
        (None, True, ["cap.lifted"]),
        (None, False, ["cap.over"]),
    ],
)
async def test_each_cap_says_why_with_its_numbers(world, wish, shortage, ids):
    world.parts.memory.caps = {"S001": cap(18.0)}
    held = None if wish is None else replace(cap(16.0), wish=wish)
    (told,) = await tell_caps(world, {"S001": held}, shortage=shortage)
    said = [restored(text) for text in told.why]
    assert [phrase.id for phrase in said] == ids
    if wish is not None:
        assert said[0].params == {"share": pytest.approx(3.6 * wish), "drawn": pytest.approx(72.0)}
        assert all(phrase.params == {"allowed": pytest.approx(57.6)} for phrase in said[1:])


async def test_a_lifting_without_a_link_waits_for_it_and_stands_open_nowhere(world):
    world.parts.memory.caps = {"S001": cap(16.0)}
    (lifted,) = await tell_caps(world, {"S001": None}, link=Link.LOST)
    assert world.outbox.box("S001").cap == FlowCapWish(None, lifted.sequence)
    await world.recorder.drain()
    assert world.log.transitions(lifted.id)[-1].state is State.EXPIRED
    assert world.log.open_intents() == ()


async def test_what_the_log_can_not_take_caps_nobody_but_is_lifted_all_the_same(world):
    box = world.outbox.box("S001")
    await tell_caps(world, {"S001": cap(16.0)}, kept=False)
    assert (box.cap, world.state.caps, world.parts.memory.caps) == (None, {}, {})
    world.parts.memory.caps = {"S001": cap(16.0)}
    (lifted,) = await tell_caps(world, {"S001": None}, kept=False)
    assert (box.cap.m_flow_max, box.cap.intent, box.cap.sequence) == (None, None, lifted.sequence)
    assert world.parts.memory.caps == {}


async def test_caps_are_lifted_as_soon_as_no_shortage_is_declared(world):
    world.poll()
    world.parts.memory.caps = {"S001": cap(16.0)}
    await world.cycle()
    assert world.outbox.box("S001").cap.m_flow_max is None
    assert world.state.caps == {}


async def test_the_guard_knows_of_a_shortage_for_an_hour_after_it_was_declared(world):
    world.poll()
    world.parts.memory.shortage_at = world.clock.monotonic() - 3500.0
    assert thought_of(world).context.shortage_declared
    world.parts.memory.shortage_at -= 200.0
    assert not thought_of(world).context.shortage_declared
    assert not thought_of(world).shortage


def thought_of(world):
    return think(freeze(world.parts), world.parts.rules)


async def test_a_plan_that_is_only_looked_at_declares_no_shortage_and_caps_nobody(world, monkeypatch):
    """Strategy curve decides; a shadow plan shares a shortage out."""
    monkeypatch.setattr(controller.deciding, "declares_shortage", lambda *_: True)
    world.poll()
    assert not thought_of(world).shortage
    rules = replace(world.parts.rules, strategy_of={"north": "optimizer"})
    assert think(freeze(world.parts), rules).shortage
    held_back = PlanOrder(order=7, author="olga", reason="test", choice=PlanChoice.HOLD, until=1e12)
    frozen = replace(freeze(world.parts), plan_orders=dict.fromkeys(world.parts.rules.traits, held_back))
    assert not think(frozen, rules).shortage


async def test_a_bug_in_caps_costs_caps_and_no_cycle(world, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(controller.deciding, "declares_shortage", lambda *_: True)
    monkeypatch.setattr(controller.deciding, "flow_caps", broken)
    world.poll()
    rules = replace(world.parts.rules, strategy_of={"north": "optimizer"})
    thought = think(freeze(world.parts), rules)
    assert thought.shortage
    assert set(thought.caps.values()) <= {None}
