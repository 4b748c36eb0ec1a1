"""Writes to heat sources: who may, within which limits, by which pace, and what becomes of the order."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.alarms.model import AlarmKey
from controller.config import rows
from controller.config.faults import SiteError
from controller.config.loader import load_site
from controller.decisions import Action, Decision, LoopKey, Mode, Proposal, Rule, Season, Sent
from controller.guard import guard
from controller.head import flow_of, head_of
from controller.historian.records import Intent, State
from controller.last_clamp import clamp_fault
from controller.observe import observe, situation
from controller.outbox import channel_values
from controller.planning.source_book import HOUR_S, READ_BACK, OrdersNow, SourceBook, Standing
from controller.planning.source_orders import REASONS, SourceOrders
from controller.planning.source_writes import AUTHOR, source_proposals
from controller.state import LoopStatus
from controller.wiring import first_state, loop_traits, source_traits, station_points
from controller.words.phrase import verbatim
from optimizer.forecast.weather import NoWeather
from stations.model.identity import Point
from stations.model.reading import good
from stations.model.setpoint import CirculationChannel, HeatChannel
from tests.support.alarm_bench import AlarmBench, five_stations
from tests.support.api_bench import NOW as AT
from tests.support.api_bench import FixedClock
from tests.support.guard_world import MONOTONIC, NOW, T_OUTDOOR, context, many, no_value, observation, sent
from tests.support.sites import SITE_TOML, SOURCE_ROW, station_row, write_site
from tests.support.source_city import BASE, city, look_again, order, state_of, written_source

KEY = LoopKey(BASE, 1)


def section(**changes):
    """The section of the site file with other keys, as TOML."""
    keys = {
        "own_curve": "{ T_outdoor_degC = [-20.0, 10.0], T_supply_degC = [110.0, 70.0] }",
        "m_flow_design_kg_per_s": "60.0",
        "dp_min_kPa": "160.0",
        "dp_max_kPa": "400.0",
        "proof": '"simulator"',
        **changes,
    }
    lines = "\n".join(f"{key} = {value}" for key, value in keys.items() if value is not None)
    return f"\n[planning.sources.{BASE}.writes]\n{lines}\n"


def guard_says(action, author):
    why = (verbatim("its own head is above the limit"),)
    return Decision(
        key=KEY, action=action, T_supply=92.0, m_flow=60.0, author=author, why=why, cuts=(), takes_over=False
    )


def site_with(folder, text, **row):
    source = SOURCE_ROW | {"station": BASE, "profile": "source-opcua-lease"} | row
    write_site(folder, [station_row(), source])
    (folder / "site.toml").write_text(SITE_TOML + text, encoding="utf-8")
    return load_site(folder)


@pytest.fixture
def traits(tmp_path):
    (found,) = source_traits(site_with(tmp_path, section())).values()
    return found


def seen(**changes):
    """A source at 90 degC and 400 kPa, which is its design flow of 60 kg/s."""
    base = observation(
        key=KEY,
        T_supply=good(90.0, NOW - 5.0),
        T_return=good(50.0, NOW - 5.0),
        T_supply_effective=good(90.0, NOW - 5.0),
        m_flow_effective=good(60.0, NOW - 5.0),
        dp_worst=90.0,
    )
    return replace(base, **changes)


def decided(traits, T=92.0, dp=300.0, look=None, history=(), now=NOW, at=0.0, **changes):
    """Return the guard's answer to an order of supply and head, beside two houses that want nothing."""
    hour = HOUR_S * (NOW // HOUR_S)
    standing = Standing(order=order(BASE, hour, T_supply=T, dp=dp), issued_at=hour)
    orders = OrdersNow(standing={BASE: standing}, advised_at=now - at)
    look = look or seen()
    own = {traits.key: history} if history else {}
    world = context(
        [*many(2), traits],
        [observation(1), observation(2), look],
        history={one.key: (sent(120),) for one in many(2)} | own,
        **changes,
    )
    wishes = source_proposals(orders, world.traits, world.observations, world.sent, now)
    return guard(wishes, world).decisions[traits.key]


# ------------------------------------------------------------------------------------------- the site file


def test_without_the_section_a_source_that_could_take_setpoints_is_only_advised(tmp_path):
    site = site_with(tmp_path, "")
    (source,) = [one for one in site.stations if one.kind == "source"]
    assert (source.writes, source.n_loops, source_traits(site)) == (None, 0, {})
    assert KEY not in first_state(site, FixedClock()).loops


def test_with_the_section_it_has_one_controller_and_stays_no_loop_of_a_house(tmp_path, traits):
    site = site_with(tmp_path, section(mode='"local"'))
    (source,) = [one for one in site.stations if one.kind == "source"]
    assert Point(1, "T_supply_source_set_readback") in station_points(source.profile, source.n_loops)
    assert KEY not in loop_traits(site)
    assert first_state(site, FixedClock()).loops[KEY].mode is Mode.LOCAL
    assert (traits.heat, traits.circulation) == (HeatChannel.T_SUPPLY_SOURCE, CirculationChannel.DP_SOURCE)
    assert traits.own_curve(-5.0) == pytest.approx(90.0)


def test_all_faults_come_at_once_with_file_key_value_and_range(tmp_path):
    wrong = section(dp_min_kPa="5.0", own_band_K="30.0", m_flow_design_kg_per_s="nan", mode='"manual"')
    with pytest.raises(SiteError) as refusal:
        site_with(tmp_path, wrong)
    told = "\n".join(refusal.value.faults)
    at = f"site.toml: planning.sources.{BASE}.writes"
    for expected in (
        f"{at}.dp_min_kPa: out of range (got 5); allowed 20..2500",
        f"{at}.own_band_K: out of range (got 30); allowed 1..20",
        f"{at}.m_flow_design_kg_per_s: not a finite number",
        f"{at}.mode: ",
    ):
        assert expected in told


def test_heads_that_the_device_does_not_take_are_refused_with_what_it_takes(tmp_path, monkeypatch):
    """Until then such a source was never written to, and nothing said so."""
    real = rows.builtin_profile
    profile = real("source-opcua-lease")
    points = tuple(
        point.model_copy(update={"maximum": 350.0}) if point.name == "dp_source_set" else point
        for point in profile.points
    )
    narrow = profile.model_copy(update={"points": points})
    monkeypatch.setattr(rows, "builtin_profile", lambda name: narrow if name == narrow.name else real(name))
    with pytest.raises(SiteError) as refusal:
        site_with(tmp_path, section())
    (fault,) = refusal.value.faults
    assert fault == (
        f"site.toml: planning.sources.{BASE}.writes.dp_max_kPa: profile source-opcua-lease does not take it"
        " (got 400); allowed 20..350"
    )


def test_what_a_site_may_ask_of_a_source_its_profile_takes(tmp_path):
    """A city of 200 stations has heads of 1,652 kPa at its sources."""
    site = site_with(tmp_path, section(dp_min_kPa="20.0", dp_max_kPa="2500.0"))
    assert [one.writes.dp_max_kPa for one in site.stations if one.kind == "source"] == [2500.0]


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        (section(dp_min_kPa="400.0"), {}, "dp_min_kPa: not below dp_max_kPa (got 400 and 400)"),
        (section(own_curve=None), {}, "own_curve: missing"),
        (
            section(own_curve="{ T_outdoor_degC = [0.0], T_supply_degC = [200.0] }"),
            {},
            "out of range (got 200); allowed 30..150",
        ),
        (
            section(),
            {"profile": "source-opcua"},
            "profile source-opcua is read only (class C); allowed with source-opcua-lease",
        ),
    ],
)
def test_a_section_that_can_not_be_is_refused(tmp_path, text, row, expected):
    with pytest.raises(SiteError) as refusal:
        site_with(tmp_path, text, **row)
    assert any(expected in fault for fault in refusal.value.faults), refusal.value.faults


# ------------------------------------------------------------------------------------------------ the guard


def test_a_source_is_taken_over_with_what_it_holds_and_then_moved_by_a_kelvin_a_write(traits):
    first = decided(traits)
    assert (first.action, first.takes_over, first.T_supply) == (Action.SET, True, 90.0)
    held = (sent(5, T_supply=90.0, m_flow=60.0),)
    then = decided(traits, history=held)
    assert (then.action, then.T_supply) == (Action.SET, 91.0)
    assert then.m_flow == pytest.approx(60.0 * 0.95), "5 % of the design flow, as a head 390 -> 361 kPa"
    assert channel_values(then, traits, T_OUTDOOR)[1] == pytest.approx(400.0 * 0.95**2)


@pytest.mark.parametrize(("worst", "lower"), [(90.0, True), (49.0, False), (None, False)])
def test_a_head_sinks_only_while_every_station_has_enough_and_says_so(traits, worst, lower):
    held = (sent(40, T_supply=90.0, m_flow=55.0),)
    world = context(
        [*many(2), traits],
        [observation(1), observation(2), seen(dp_worst=worst)],
        history={one.key: (sent(120),) for one in many(2)} | {KEY: held},
    )
    why = verbatim("whoever asks for it")
    wish = Proposal(key=KEY, T_supply=90.0, m_flow=flow_of(300.0, traits), author="test", reason=why)
    told = guard([wish], world).decisions[KEY]
    assert (told.m_flow < 55.0) is lower
    assert (Rule.PRESSURE in {cut.rule for cut in told.cuts}) is not lower
    assert decided(traits, T=90.0, dp=395.0, history=held, look=seen(dp_worst=worst)).m_flow > 55.0


@pytest.mark.parametrize(
    ("worst", "head"),
    [(None, 300.0), (95.0, 300.0), (70.0, 360.0), (60.0, 390.0), (5.0, 400.0), (-300.0, 400.0)],
)
def test_a_station_with_too_little_raises_the_head_past_the_order_and_no_further_than_the_site_allows(
    traits, worst, head
):
    held = {KEY: (sent(40, T_supply=90.0, m_flow=flow_of(360.0, traits)),)}
    hour = HOUR_S * (NOW // HOUR_S)
    standing = Standing(order=order(BASE, hour, T_supply=90.0, dp=300.0), issued_at=hour)
    orders = OrdersNow(standing={BASE: standing}, advised_at=NOW)
    (told,) = source_proposals(orders, {KEY: traits}, {KEY: seen(dp_worst=worst)}, held, NOW)
    assert head_of(told.m_flow, traits) == pytest.approx(head)
    assert (told.reason.id == "dispatch.written_raised") is (head > 300.0)


def test_fires_set_the_pace_where_they_are_slower_than_the_contract(traits):
    lately = (sent(30, 90.0, 60.0), sent(6, 90.5, 60.0))
    slow = replace(traits, change_K_per_h=2.0)
    assert decided(slow, T=95.0, dp=400.0, history=lately).T_supply == pytest.approx(90.5)
    assert decided(traits, T=91.2, dp=400.0, history=lately).T_supply == pytest.approx(91.2)


@pytest.mark.parametrize(
    ("order_", "rule", "low", "high"),
    [
        ({"T": 140.0}, Rule.OWN_CURVE, 0.0, 83.4 + 8.0),
        ({"T": 20.0}, Rule.HARD_TEMPERATURE, 75.3, 90.0),
        ({"dp": 900.0}, Rule.HARD_FLOW, 0.0, 150.0),
        ({"dp": 10.0}, Rule.HARD_FLOW, 0.0, 150.0),
    ],
)
def test_no_order_passes_the_limits_of_the_site(traits, order_, rule, low, high):
    held = (sent(120, T_supply=90.0, m_flow=60.0),)
    decision = decided(traits, history=held, **order_)
    assert rule in {cut.rule for cut in decision.cuts}
    assert low <= decision.T_supply <= high
    assert 160.0 <= head_of(decision.m_flow, traits) <= 400.0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=st.lists(st.tuples(st.floats(), st.floats()), min_size=3, max_size=12))
def test_whatever_is_ordered_minute_by_minute_nothing_outside_of_the_contract_is_written(traits, orders):
    history = ()
    for minute, (T, dp) in enumerate(orders):
        decision = decided(traits, T=T, dp=dp, history=history, monotonic=MONOTONIC + 60.0 * minute)
        if decision.action is not Action.SET:
            continue
        heat, head = channel_values(decision, traits, T_OUTDOOR)
        intent = replace(_intent(traits), heat_value=heat, circulation_value=head)
        assert clamp_fault(traits, intent) is None
        lately = history or (Sent(at=MONOTONIC, T_supply=90.0, m_flow=60.0),)
        assert abs(heat - lately[-1].T_supply) <= 1.0 + 1e-6
        assert max(abs(heat - one.T_supply) for one in lately) <= 3.0 + 1e-6
        assert abs(decision.m_flow - lately[-1].m_flow) <= 0.05 * 60.0 + 1e-6
        one = Sent(at=MONOTONIC + 60.0 * minute, T_supply=decision.T_supply, m_flow=decision.m_flow)
        history = (*history, one)


@pytest.mark.parametrize(
    ("changes", "action"),
    [
        ({"look": seen(mode=Mode.LOCAL)}, Action.RELEASE),
        ({"look": seen(season=Season.MAINTENANCE)}, Action.RELEASE),
        ({"look": seen(pump_running=False)}, Action.RENEW),
        ({"look": seen(polled_at=NOW - 700.0)}, Action.RELEASE),
        ({"at": 4 * HOUR_S}, Action.RELEASE),
        ({"now": NOW + 2 * HOUR_S}, Action.RELEASE),
        ({"T": None}, Action.RELEASE),
        ({"T": float("nan")}, Action.RENEW),
    ],
    ids=["local", "season", "pump", "silent", "old advice", "another hour", "no supply", "no number"],
)
def test_without_a_sound_order_and_source_nothing_new_is_written(traits, changes, action):
    held = (sent(20, T_supply=90.0, m_flow=60.0),)
    assert decided(traits, history=held, **changes).action is action


def test_what_is_not_proven_or_does_not_tell_what_it_holds_is_never_taken_over(traits):
    assert decided(replace(traits, proven=False)).action is Action.NONE
    assert decided(traits, look=seen(m_flow_effective=no_value())).action is Action.NONE


def test_houses_are_judged_as_if_the_source_were_not_there(traits):
    alone = guard([], context(many(2)))
    beside = guard([], context([*many(2), traits], [observation(1), observation(2), seen()]))
    assert {key: beside.decisions[key] for key in alone.decisions} == dict(alone.decisions)


@pytest.mark.parametrize(
    ("heat", "dp", "fault"),
    [(90.0, 300.0, None), (160.0, 300.0, "T_supply"), (90.0, 401.0, "head"), (90.0, 100.0, "head")],
)
def test_the_last_clamp_looks_again(traits, heat, dp, fault):
    intent = replace(_intent(traits), heat_value=heat, circulation_value=dp)
    told = clamp_fault(traits, intent)
    assert told is None if fault is None else fault in told


def _intent(traits):
    return Intent(
        id=1, at=NOW, station=BASE, loop=1, token=1, sequence=1, T_supply_set=90.0, m_flow_set=50.0,
        heat_channel=traits.heat, heat_value=90.0, circulation_channel=traits.circulation,
        circulation_value=300.0, author="plan:source", reason=(), why=(), previous_T_supply_set=None,
        previous_m_flow_set=None, valid_until=NOW + 60.0, state=State.REQUESTED, state_at=NOW,
    )  # fmt: skip


def test_a_head_is_observed_as_the_flow_that_it_stands_for(tmp_path, traits):
    site = site_with(tmp_path, section())
    state = first_state(site, FixedClock())
    image = state.image.freeze()[BASE]
    readings = image.readings | {
        Point(1, "dp_source_set_effective"): good(100.0, NOW),
        Point(1, "dp_source_set_readback"): good(144.0, NOW),
        Point(1, "T_supply_source_set_effective"): good(91.0, NOW),
        Point(0, "P_pump_source"): good(40.0, NOW),
    }
    house = state.image.freeze()["S001"]
    pressures = {"p_supply_primary": 660.0, "p_return_primary": 600.0}
    shown = house.readings | {Point(0, name): good(value, NOW) for name, value in pressures.items()}
    images = {BASE: replace(image, readings=readings, polled_at=NOW), "S001": replace(house, readings=shown)}
    told = observe(images, {KEY: traits}, {KEY: situation(Mode.AUTO, Season.HEATING, True)}, NOW)[KEY]
    assert (told.m_flow_effective.value, told.T_supply_effective.value) == (pytest.approx(30.0), 91.0)
    assert told.m_flow_readback.value == pytest.approx(36.0)
    assert (told.pump_running, told.dp_worst) == (True, pytest.approx(60.0))
    later = observe(images, {KEY: traits}, {KEY: situation(Mode.AUTO, Season.HEATING, True)}, NOW + 700.0)
    assert later[KEY].dp_worst is None
    assert flow_of(head_of(42.0, traits), traits) == pytest.approx(42.0)


# ------------------------------------------------------------------------------------- what becomes of orders


class Bench:
    """Who issues orders, with a source that takes them; houses and plan stand still."""

    def __init__(self, folder):
        self.site = city(folder)
        source, written = written_source()
        rules = written.sources[BASE]
        stations = (*(one for one in self.site.stations if one.id != BASE), source)
        planning = replace(self.site.planning, sources={**self.site.planning.sources, BASE: rules})
        self.site = replace(self.site, stations=stations, planning=planning)
        self.site.data.mkdir(parents=True)
        self.clock, self.state = FixedClock(), state_of(self.site)
        self.status = self.state.loops[KEY] = LoopStatus(key=KEY, mode=Mode.AUTO, season=Season.HEATING)
        self.book = SourceBook(self.site.data)
        self.orders = SourceOrders(
            self.site,
            self.clock,
            self.state,
            self.book,
            beliefs=dict,
            forecast=lambda _: NoWeather(why="none"),
        )
        self.hour = HOUR_S * (AT // HOUR_S)
        self.book.issue([order(BASE, self.hour, T_supply=92.0, dp=350.0)], self.hour)
        self.book.note(REASONS, {"at": AT, "reasons": []})

    async def standing(self):
        look_again(self.state, self.site, self.clock.time)
        await self.orders.look()
        return self.state.source_orders.standing[BASE]

    def written(self, T=92.0, dp=350.0, state=State.CONFIRMED):
        """The dispatcher has written so much, and this became of it."""
        self.status.held, self.status.write_state = True, state
        self.status.T_supply_set, self.status.circulation_value = T, dp


async def test_an_order_is_acknowledged_when_the_registers_hold_it_and_not_on_the_way(tmp_path):
    bench = Bench(tmp_path)
    assert (await bench.standing()).state == "issued"
    for other in ({"T": 91.0}, {"dp": 300.0}, {"state": State.SENT}, {"state": State.REJECTED}):
        bench.written(**other)
        assert (await bench.standing()).state == "issued", other
    bench.written(T=91.8, dp=342.0, state=State.CONFIRMED_LIMITED)
    told = await bench.standing()
    assert (told.state, told.acknowledged_by) == ("acknowledged", READ_BACK)
    (kept,) = bench.book.between(bench.hour, bench.hour + 1.0)
    assert kept == told
    assert bench.book.last_acknowledged(BASE) is None, "no person did"


async def test_what_the_cycle_sees_is_of_this_hour_only(tmp_path):
    bench = Bench(tmp_path)
    await bench.standing()
    assert bench.state.source_orders.advised_at == AT
    bench.clock.time += HOUR_S
    await bench.orders.look()
    assert bench.state.source_orders.standing == {}


def test_a_source_that_refuses_or_does_otherwise_raises_the_alarms_of_a_loop(tmp_path):
    source, planning = written_source()
    bench = AlarmBench(tmp_path, [*five_stations()[:2], source], planning=planning)
    status = bench.state.loops[KEY]
    status.mode = Mode.AUTO
    assert bench.run(15).shown() == set(), "in auto without an order"

    def held(values, _elapsed):
        values |= {Point(1, "dp_source_set_readback"): 390.0, Point(1, "dp_source_set_effective"): 310.0}

    status.held, bench.faults[BASE] = True, held
    assert bench.run(75).shown() == {f"setpoint_limited:{BASE}:1"}
    del bench.faults[BASE]
    status.held, status.rejected = False, (bench.clock.now() + 1.0, verbatim("a newer token"))
    assert f"setpoint_rejected:{BASE}:1" in bench.run(15).shown()


def test_orders_that_stand_and_are_not_written_raise_an_alarm_of_their_own(tmp_path):
    source, planning = written_source()
    bench = AlarmBench(tmp_path, [*five_stations()[:2], source], planning=planning)
    status, alarm = bench.state.loops[KEY], f"order_not_written:{BASE}:1"
    status.mode = Mode.AUTO
    status.decision = guard_says(Action.NONE, "")
    assert bench.run(60).shown() == set(), "nobody asks"
    status.decision = guard_says(Action.NONE, AUTHOR)
    assert alarm not in bench.run(20).shown()
    assert alarm in bench.run(20).shown()
    status.held, status.decision = True, guard_says(Action.SET, AUTHOR)
    assert not bench.run(5).book.standing(AlarmKey("order_not_written", BASE, 1))
