"""What heat sources are advised: the plan's heat and pipe losses, in water that serves all; or reasons."""

from dataclasses import replace

import numpy as np
import pytest

from controller.config.sources import SourceRules
from controller.knowing.known import first_known
from controller.knowing.loads import Load, Loads
from controller.planning.source_advice import advised, end_of_next_day
from controller.planning.source_scene import sources_now
from controller.wiring import loop_traits
from optimizer.forecast.weather import NoWeather
from optimizer.plan.status import moved_on
from optimizer.reason import because
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.api_bench import NOW
from tests.support.published import outlook, published
from tests.support.source_city import BASE, HOUR, PEAK, city, seen, source_writes

ZONE = "Asia/Shanghai"


def advice_of(site, plan, *, now=NOW, weather=None, loads=None, **sources):
    images = seen(site, now, **sources)
    there = sources_now(site, images, now)
    return advised(plan, there, weather or outlook(now, 160), {}, images, ZONE, now, loads)


def forecast(plan, times_now, *, made_at=NOW - 6 * HOUR, network=None, only=None):
    """A night: each loop takes so many times what it takes now, half as much again from hour 22 on."""
    times = NOW - 6 * HOUR + HOUR * np.arange(48)
    course = times_now * np.where(times >= NOW + 22 * HOUR, 1.5, 1.0)
    q = np.maximum(plan.known.state.q, 0.0)
    wide = np.array([0.9, 0.92, 1.0, 1.08, 1.1])[:, None]
    loops = {
        key: Load(load=q[i] * course, quantiles=wide * q[i] * course, wape=0.1)
        for i, key in enumerate(plan.keys)
        if only is None or key in only
    }
    total = None
    if network is not None:
        load = np.asarray(network)
        total = Load(load=load, quantiles=wide * load, wape=None)
    return Loads(made_at=made_at, times=times, loops=loops, network=total)


def heat(advice, hour):
    return sum(order.Q_flow for order in advice.orders if order.hour == NOW + HOUR * hour)


def reason(advice, name):
    return next((one for one in advice.reasons if one.id == name), None)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return city(tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="module")
def plan(site):
    return published(site, NOW)


def of(advice, source):
    return [order for order in advice.orders if order.source == source]


def ids(advice):
    return {reason.id for reason in advice.reasons}


def test_every_hour_to_the_end_of_the_next_local_day_has_an_order_for_each_source(site, plan):
    advice = advice_of(site, plan)
    end = end_of_next_day(NOW, ZONE)
    assert end - NOW == 40 * HOUR  # it is eight in the morning there
    for source in (BASE, PEAK):
        hours = [order.hour for order in of(advice, source)]
        assert hours == [NOW + HOUR * h for h in range(40)]
    assert [order.ahead for order in of(advice, BASE)] == ["plan"] * 24 + ["weather"] * 16
    assert "dispatch.weather_only" in ids(advice)


def test_orders_add_up_to_the_plan_s_heat_and_what_the_pipes_lose(site, plan):
    advice = advice_of(site, plan, H001={"Q": 5000.0})
    q_now = np.maximum(plan.known.state.q, 0.0)
    lost = 5000.0 - float(plan.known.buildings.area @ q_now) / 1000.0
    lost = min(max(lost, 0.0), 0.3 * 5000.0)
    for h in range(24):
        total = sum(order.Q_flow for order in advice.orders if order.hour == NOW + HOUR * h)
        assert total == pytest.approx(plan.plan.P[4 * h : 4 * h + 4].mean() + lost, rel=1e-6)


def test_hours_beyond_the_plan_follow_the_cold_that_is_forecast(site, plan):
    same = advice_of(site, plan)
    weather = outlook(NOW, 160)
    colder = np.where(np.arange(160) >= 96, weather.series.T_outdoor - 8.0, weather.series.T_outdoor)
    cold = advice_of(site, plan, weather=replace(weather, series=replace(weather.series, T_outdoor=colder)))
    assert of(cold, BASE)[23].Q_flow == pytest.approx(of(same, BASE)[23].Q_flow, rel=0.05)
    total = [sum(o.Q_flow for o in a.orders if o.hour == NOW + 30 * HOUR) for a in (same, cold)]
    assert total[1] > 1.2 * total[0]
    none = advice_of(site, plan, weather=NoWeather(quantity="T_outdoor", begin=NOW))
    assert len(of(none, BASE)) == 24


def test_the_water_carries_the_heat_and_changes_no_faster_than_15_kelvin_an_hour(site, plan):
    orders = [order for order in of(advice_of(site, plan), BASE) if order.phase == "on"]
    T = np.array([order.T_supply for order in orders])
    assert np.abs(np.diff(np.append(88.0, T))).max() <= 15.0 + 1e-9
    assert ((T >= 60.0) & (T <= 120.0)).all()
    for order in orders:
        carried = 4.18 * order.m_flow * (order.T_supply - order.T_return)
        assert carried == pytest.approx(order.Q_flow, rel=0.01)
        assert order.T_return < order.T_supply
        assert order.dp > 50.0


def test_a_peak_source_is_off_while_the_base_source_suffices_and_starts_ahead_where_it_does_not(site, plan):
    assert {order.phase for order in of(advice_of(site, plan), PEAK)} == {"off"}
    need = [
        sum(o.Q_flow for o in advice_of(site, plan).orders if o.hour == NOW + HOUR * h) for h in range(40)
    ]
    most = 0.96 * max(need)
    advice = advice_of(site, plan, H001={"Q": 0.9 * need[0], "most": most})
    phases = [order.phase for order in of(advice, PEAK)]
    assert "on" in phases
    begins = phases.index("on")
    assert phases[max(0, begins - 2) : begins] == ["starting"] * min(2, begins)
    assert all(order.T_supply is None for order in of(advice, PEAK) if order.phase != "on")


def test_a_source_that_can_not_give_enough_is_told_with_numbers(site, plan):
    advice = advice_of(site, plan, H001={"Q": 2000.0, "most": 2500.0}, H002={"Q": 0.0, "most": 300.0})
    assert "dispatch.short" in ids(advice)


def test_loops_outside_of_the_plan_are_counted_by_their_forecast(site):
    out = first_known(loop_traits(site), -4.0).keys[0]
    plan = published(site, NOW, without=(out,))
    kW = plan.known.buildings.area[0] * plan.known.state.q[0] / 1000.0
    plain, told = advice_of(site, plan), advice_of(site, plan, loads=forecast(plan, 1.2))
    assert heat(told, 3) - heat(plain, 3) == pytest.approx(0.2 * kW, rel=1e-3)
    assert heat(told, 23) - heat(plain, 23) == pytest.approx(0.8 * kW, rel=1e-3), "half as much again by then"
    assert reason(told, "dispatch.by_forecast").params == {"loops": 1}
    assert reason(plain, "dispatch.by_forecast") is None


@pytest.mark.parametrize(
    "why",
    [
        "old",
        "of tomorrow",
        "far from what it takes",
        "of other loops",
        "set by a person",
        "a shortage",
        "inside",
    ],
)
def test_a_forecast_that_does_not_tell_of_them_changes_nothing(site, why):
    keys = first_known(loop_traits(site), -4.0).keys
    plan = published(site, NOW, without=() if why == "inside" else keys[:1])
    made_at = {"old": NOW - 37 * HOUR, "of tomorrow": NOW + HOUR}.get(why, NOW - HOUR)
    loads = forecast(
        plan,
        2.5 if why == "far from what it takes" else 1.2,
        made_at=made_at,
        only=keys[1:] if why == "of other loops" else None,
    )
    if why == "set by a person":
        plan = replace(plan, excluded={keys[0]: because("plan.loop_mode", mode="manual")})
    if why == "a shortage":
        plan = replace(plan, plan=replace(plan.plan, why=because("plan.rationed")))
    told, plain = advice_of(site, plan, loads=loads), advice_of(site, plan)
    assert told == plain


def test_heat_that_leaves_the_band_of_the_forecast_is_told_with_how_far(site, plan):
    ordered = plan.plan.P.reshape(24, 4).mean(axis=1)

    like_it = np.concatenate([np.ones(6), ordered, ordered[:18]])  # from six hours ago on

    def told(times):
        loads = forecast(plan, 1.0, network=times * like_it)
        return reason(advice_of(site, plan, loads=loads), "dispatch.off_forecast")

    assert told(1.0) is None
    assert told(1.13) is None, "outside of the band, but by less than 15 %"
    more = told(0.8)
    assert more.params["hours"] == more.params["of_h"] == 40
    assert more.params["off_percent"] == pytest.approx(25.0, abs=5.0)
    assert told(2.0).params["off_percent"] == pytest.approx(-50.0, abs=2.0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"H001": None}, "dispatch.source_silent"),
        ({"plan": None}, "dispatch.no_plan"),
        ({"now": NOW + 4 * HOUR}, "dispatch.no_plan"),
    ],
)
def test_without_plan_or_word_of_a_source_there_is_no_order_but_a_reason(site, plan, change, expected):
    given = {"plan": plan} | change
    advice = advice_of(site, given.pop("plan"), **given)
    assert advice.orders == ()
    assert [reason.id for reason in advice.reasons] == [expected]


def test_a_site_without_a_source_is_told_so(plan):
    advice = advised(plan, (), outlook(NOW, 160), {}, {}, ZONE, NOW)
    assert (advice.orders, [reason.id for reason in advice.reasons]) == ((), ["dispatch.no_source"])


def test_where_no_station_tells_of_its_primary_side_heat_is_advised_and_water_is_not(site, plan):
    images = {
        name: replace(image, readings={}) if name.startswith("S") else image
        for name, image in seen(site).items()
    }
    advice = advised(plan, sources_now(site, images, NOW), outlook(NOW, 160), {}, images, ZONE, NOW)
    assert "dispatch.stations_unknown" in ids(advice)
    assert all(order.T_supply is None and order.m_flow is None for order in advice.orders)
    assert of(advice, BASE)[0].Q_flow > 1000.0


def test_a_plan_that_was_moved_on_is_advised_as_far_as_it_goes(site, plan):
    later = NOW + 1800.0
    moved = replace(plan, plan=moved_on(plan.plan, later, because("plan.solver_died")))
    advice = advice_of(site, moved, now=later)
    hours = [order.hour for order in of(advice, BASE)]
    assert hours[0] == NOW + HOUR
    assert len(hours) == 23


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf])
def test_no_broken_number_of_a_plan_becomes_an_order(site, plan, spoilt):
    P = plan.plan.P.copy()
    P[7] = spoilt
    advice = advice_of(site, replace(plan, plan=replace(plan.plan, P=P)))
    for order in advice.orders:
        values = (order.Q_flow, order.T_supply, order.m_flow, order.dp)
        assert all(value is None or np.isfinite(value) for value in values)
    assert ids(advice) == {"dispatch.heat_unknown"}


def test_a_source_without_a_section_is_for_base_load():
    rules = SourceRules()
    assert (rules.role, rules.starts_in_h, rules.costs) == ("base", 8.0, 1.0)
    peak = SourceRules(role="peak")
    assert (peak.starts_in_h, peak.costs) == (1.5, 1.6)
    assert SourceRules(role="peak", start_h=0.5, price=2.0).starts_in_h == 0.5


@pytest.mark.parametrize("back", [40.2, 39.0])
def test_an_exchanger_whose_cold_end_thermometers_can_not_tell_is_reckoned_with(site, plan, back):
    images = seen(site)
    point = Point(0, "T_return_primary")
    images = {
        name: replace(image, readings={**image.readings, point: good(back, NOW)}) if name[0] == "S" else image
        for name, image in images.items()
    }
    advice = advised(plan, sources_now(site, images, NOW), outlook(NOW, 160), {}, images, ZONE, NOW)
    first = of(advice, BASE)[0]
    assert "dispatch.stations_unknown" not in ids(advice)
    assert 38.0 < first.T_return < first.T_supply
    assert first.T_supply < 110.0


def test_a_station_whose_valve_is_nearly_shut_needs_cooler_water_than_one_whose_valve_is_open(site, plan):
    def with_valve(y):
        point = Point(0, "y_valve_primary")
        images = {
            name: replace(image, readings={**image.readings, point: good(y, NOW)})
            if name[0] == "S"
            else image
            for name, image in seen(site).items()
        }
        advice = advised(plan, sources_now(site, images, NOW), outlook(NOW, 160), {}, images, ZONE, NOW)
        return max(order.T_supply for order in of(advice, BASE))

    assert with_valve(0.4) < with_valve(1.0) - 1.0


def with_rules(site, **changes):
    """The same city whose first source has other rules."""
    rules = SourceRules(**changes)
    return replace(site, planning=replace(site.planning, sources={**site.planning.sources, BASE: rules}))


def test_a_source_that_is_written_to_is_advised_nothing_that_its_guard_would_cut(site, plan):
    writes = source_writes(dp_min_kPa=250.0, dp_max_kPa=260.0, own_band_K=4.0)
    free = of(advice_of(site, plan), BASE)
    bound = of(advice_of(with_rules(site, writes=writes), plan), BASE)
    weather = outlook(NOW, 160).series
    assert min(order.dp for order in free) < 250.0
    assert max(order.dp for order in free) > 260.0
    for order in bound:
        own = writes.own_curve(float(np.interp(order.hour + 0.5 * HOUR, weather.times, weather.T_outdoor)))
        assert abs(order.T_supply - own) <= 4.0 + 1e-6 or order.hour < NOW + 2 * HOUR
        assert 250.0 <= order.dp <= 260.0


def test_the_dearer_electricity_is_the_warmer_the_water_and_the_less_of_it(site, plan):
    def water(price):
        orders = of(advice_of(with_rules(site, price_electricity=price), plan), BASE)[2:24]
        return np.mean([[order.T_supply, order.m_flow, order.dp] for order in orders], axis=0)

    cheap, usual, dear = water(0.0), water(5.0), water(100.0)
    assert cheap[0] < usual[0] <= dear[0]
    assert cheap[1] > usual[1] >= dear[1]
    assert cheap[2] > usual[2] >= dear[2]
