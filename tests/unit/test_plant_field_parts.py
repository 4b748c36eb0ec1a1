"""Sources, valve stems, sun, people and instruments of the physical city."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from simulators.fieldtruth.build import season_start, sky_at
from simulators.fieldtruth.commission import FACTOR_LIMITS, station_mean
from simulators.fieldtruth.control import MIN_RUN_S
from simulators.fieldtruth.draw_houses import draw_houses
from simulators.fieldtruth.draw_sensors import KINDS, draw_indoor, draw_meters
from simulators.fieldtruth.parameters import parameter_hash, parameters
from simulators.plant import people, plants, riser, sensing, valve, zone
from simulators.plant.facade import Sky, irradiation
from simulators.plant.network.errors import InvalidValue
from simulators.plant.plants import PlantParams, PlantState
from simulators.plant.water import C_WATER
from tests.support.field_cities import Stepped, field_city


def one(value):
    return np.array([float(value)])


BOILER = PlantParams(
    Q_max=one(10_000),
    m_flow_design=one(60),
    ramp_per_s=one(0.04 / 900),
    supply_K_per_s=one(15 / 3600),
    min_load=one(0.35),
    start_s=one(5400),
    T_return_max=one(70),
    dp_inner=one(200),
    efficiency=one(0.7),
)
WARM = PlantState(T_supply=one(80), T_wanted=one(80), Q_firing=one(7000), ordered_s=one(1e6))


def fired(state=WARM, *, on=True, T_set=80.0, m=60.0, T_return=50.0, share=1.0, steps=1, dt=60.0):
    for _ in range(steps):
        state = plants.step(state, BOILER, np.array([on]), one(T_set), one(m), one(T_return), one(share), dt)
    return state


def test_a_source_in_balance_stays_there():
    after = fired(steps=600)
    assert after.T_supply[0] == pytest.approx(80.0, abs=0.05)
    assert after.Q_firing[0] == pytest.approx(60.0 * C_WATER * 30.0, rel=1e-3)


def test_the_supply_setpoint_moves_no_faster_than_its_ramp_and_the_firing_no_faster_than_its_own():
    after = fired(T_set=95.0, steps=30)
    assert after.T_wanted[0] == pytest.approx(80.0 + 15.0 * 0.5)
    one_step = fired(T_set=95.0)
    assert abs(one_step.Q_firing[0] - 7000.0) <= 10_000.0 * 0.04 / 15.0 + 1e-9


def test_a_peak_plant_gives_heat_only_after_its_start_time():
    cold = replace(WARM, Q_firing=one(0), ordered_s=one(0), T_supply=one(50), T_wanted=one(60))
    assert fired(cold, T_set=60.0, m=5.0, steps=90).Q_firing[0] == 0.0
    assert fired(cold, T_set=60.0, m=5.0, steps=91).Q_firing[0] > 0.0
    assert fired(WARM, on=False).Q_firing[0] == 0.0


def test_a_source_gives_no_more_than_what_is_left_of_it_and_no_less_than_its_minimum_load():
    assert fired(m=120.0, steps=120).Q_firing[0] == 10_000.0
    assert fired(m=120.0, share=0.5).Q_firing[0] == 5_000.0


def test_a_plant_with_less_to_do_than_its_minimum_fires_that_or_nothing_until_the_water_has_cooled():
    state, fires, supply = WARM, [], []
    for _ in range(600):
        state = fired(state, m=20.0)
        fires.append(float(state.Q_firing[0]))
        supply.append(float(state.T_supply[0]))
    settled = fires[60:]
    assert set(settled) == {0.0, 3_500.0}
    assert 20.0 * C_WATER * 30.0 < 3_500.0  # what is asked of it
    starts = sum(before == 0.0 < after for before, after in itertools.pairwise(settled))
    assert starts >= 3
    # between the setpoint and what trips it, a step further at most
    assert min(supply[60:]) > 80.0
    assert max(supply[60:]) < 80.0 + plants.TRIP_K + 3_500.0 * 60.0 / BOILER.capacity[0]
    used = 20.0 * C_WATER * (np.mean(supply[60:]) - 50.0)
    assert np.mean(settled) == pytest.approx(used, rel=0.02)


@pytest.mark.parametrize(
    ("loads", "runs"),
    [
        ([0.96], [False]),
        ([0.98], [True]),
        ([0.98, 0.96, 0.82], [True, True, True]),
        ([0.98, 0.79, 0.96], [True, False, False]),
        ([0.50, 1.30], [False, True]),
    ],
)
def test_peak_plants_start_above_97_percent_of_the_base_plants_capacity_and_stop_below_80(loads, runs):
    field = field_city()
    city = Stepped(field)
    out, state = city.step(), city.state
    control, network = field.control(state.time), field.params.network
    base = np.array([True, False])
    capacity = float(field.params.source.Q_max[base].sum())
    fall, before = state.source.T_wanted - out.T_return_source, None
    for load, on in zip(loads, runs, strict=True):
        link = out.m_flow_link.copy()
        link[network.sources] = [load * capacity / (C_WATER * fall[0]), 0.0]
        told = [control._dispatch(state, replace(out, m_flow_link=link), 60.0)[0] for _ in range(900)]
        np.testing.assert_array_equal(told[-1], base | on)
        # the load is looked at by the hour: what is new is not acted on at once
        assert before is None or told[0][1] == before
        before = on


def dispatched(hours, loads):
    """What becomes of a peak plant, minute by minute, while the load goes from one of these to the next.

    Loads are shares of the base plants' capacity at these hours; returns stay as they were.
    """
    field = field_city()
    city = Stepped(field)
    out, state = city.step(), city.state
    control, params = field.control(state.time), field.params
    back, wanted = out.T_return_source, state.source.T_wanted
    whole = float(params.source.Q_max[0]) / float((wanted - back)[0]) / C_WATER
    source, m, told = state.source, np.zeros(2), []
    for load in np.interp(np.arange(0.0, hours[-1], 1.0 / 60.0), hours, loads):
        link = np.zeros_like(out.m_flow_link)
        link[params.network.consumers.start] = load * whole
        link[params.network.sources] = m if m.any() else [load * whole, 0.0]
        on, m = control._dispatch(replace(state, source=source), replace(out, m_flow_link=link), 60.0)
        source = plants.step(source, params.source, on, wanted, m, back, np.ones(2), 60.0)
        told.append((on[1], *m, source.Q_firing[1], (source.T_supply - wanted)[1]))
        assert m.sum() == pytest.approx(load * whole)
    return params.source, np.array(told, dtype=float)


def test_a_peak_plant_takes_its_part_and_gives_it_back_at_the_pace_of_its_firing():
    source, told = dispatched([0, 8, 16, 24, 40], [0.7, 1.2, 1.2, 0.7, 0.7])
    on, _, m, Q, off_by = told.T
    gives = np.flatnonzero(m > 0.0)
    assert (np.diff(gives) == 1).all(), "one run"
    assert on[gives].all()
    heat, least = Q[gives] / source.Q_max[1], float(source.min_load[1])
    assert heat.max() > 2.0 * least
    # its water is as warm as it should be from its first minutes to its last
    assert np.abs(off_by[gives[30:]]).max() < 2.0
    assert np.abs(np.diff(heat)).max() < 1.5 * source.ramp_per_s[1] * 60.0
    assert heat[0] == pytest.approx(least)
    assert heat[-1] == pytest.approx(least, rel=0.05)
    assert Q[gives[-1] + 1 :].max() == 0.0


def test_a_peak_plant_that_was_started_runs_for_four_hours():
    _, told = dispatched([0, 1, 4, 5, 12], [0.7, 1.2, 1.2, 0.6, 0.6])
    gives = np.flatnonzero(told[:, 2] > 0.0)
    assert (np.diff(gives) == 1).all(), "one run"
    assert len(gives) * 60.0 == pytest.approx(MIN_RUN_S, abs=60.0)  # base plants could long do without it


def test_vacant_flats_are_the_coldest_of_their_houses_and_no_emitter_warms_them():
    field = field_city()
    indoor = zone.indoor(field.begin(1_767_225_600.0, 60.0).T)
    vacant = ~field.occupied
    assert vacant.sum() >= 5
    assert (field.params.riser.deviation[vacant] == parameters()["emitters"]["shut_share"]).all()
    for house in np.flatnonzero(vacant.any(axis=1) & field.occupied.any(axis=1)):
        assert indoor[house][vacant[house]].max() < indoor[house][field.occupied[house]].min()


def test_vacant_flats_stand_between_outdoors_and_their_neighbours_and_most_of_them_above_freezing():
    """Row houses' worth of shut flats: colder than one alone would be, which docs/explanation tell."""
    field = field_city(40, 1)
    cold = season_start(field.city.weather) + 76 * 86_400.0
    T_outdoor = sky_at(field.city.weather, cold).T_outdoor
    T, vacant = zone.indoor(field.begin(cold, 600.0).T), ~field.occupied
    assert T_outdoor < -5.0
    assert T[vacant].min() > 0.0
    assert 6.0 < np.median(T[vacant]) < 10.0
    # no roof above, no ground below: the middle of a house is warmer than its top
    middle, top = T[:, 1:3][vacant[:, 1:3]].mean(), T[:, 3][vacant[:, 3]].mean()
    assert middle > top + 2.0


def test_emitters_that_commissioning_would_make_still_larger_or_smaller_are_counted():
    assert not field_city().at_limits.any()
    unlike = field_city(40, 3, 4.0)
    drawn = draw_houses(unlike.city, parameters()).riser.Q_nominal
    factor = unlike.params.riser.Q_nominal / drawn
    np.testing.assert_array_equal(
        unlike.at_limits, (factor <= FACTOR_LIMITS[0]) | (factor >= FACTOR_LIMITS[1])
    )
    assert 0 < unlike.at_limits.sum() < 0.05 * unlike.at_limits.size


def test_limits_of_a_ways_share_bind_open_ways_only_at_flows_that_no_strategy_asks_for():
    params = field_city(40, 1).params
    house, ways = params.house, params.riser
    for ratio, most in ((1.0, 0.0), (0.6, 0.0), (0.3, 0.02)):
        of_houses = riser.bounded(house.deviation, np.full(len(house.loop), ratio), house.exponent)
        of_zones = riser.bounded(ways.deviation, np.full_like(ways.exponent, ratio), ways.exponent)
        assert of_houses.mean() <= most
        assert of_zones.mean() <= most
    assert riser.bounded(ways.deviation, np.full_like(ways.exponent, 0.05), ways.exponent).any()


def test_a_return_over_its_limit_takes_the_capacity_away():
    assert fired(T_return=72.5, m=200.0, steps=60).Q_firing[0] == pytest.approx(5_000.0)
    assert fired(T_return=75.0, m=200.0, steps=60).Q_firing[0] == 0.0


def test_firing_trips_far_above_the_setpoint():
    hot = replace(WARM, T_supply=one(95))
    assert fired(hot, T_set=80.0).Q_firing[0] == 0.0


def test_a_stem_follows_its_motor_with_play_and_reaches_both_ends():
    stroke, play = one(60), one(0.02)
    motor, stem = one(0.5), one(0.5)
    positions = []
    for command in (0.6, 0.6, 0.59, 0.58, 0.57, 0.0, 1.0):
        motor, stem = valve.move_stem(motor, stem, one(command), stroke, play, 60.0)
        positions.append((round(float(motor[0]), 4), round(float(stem[0]), 4)))
    assert positions == [
        (0.6, 0.59),
        (0.6, 0.59),
        (0.59, 0.59),
        (0.58, 0.59),
        (0.57, 0.58),
        (0.0, 0.0),
        (1.0, 1.0),
    ]


def sky(elevation, azimuth, direct=800.0, diffuse=100.0):
    return Sky(
        T_outdoor=0.0,
        wind=0.0,
        sun_direct=direct,
        sun_diffuse=diffuse,
        sun_elevation=elevation,
        sun_azimuth=azimuth,
    )


def test_a_south_front_gets_the_noon_sun_and_a_north_front_the_sky_alone():
    north, east = np.array([-1.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    south, back, side = irradiation(sky(30.0, 180.0), north, east)
    flat = 50.0 + 0.1 * (100.0 + 800.0 * 0.5)
    assert south == pytest.approx(flat + 800.0 * math.cos(math.radians(30.0)))
    assert back == pytest.approx(flat)
    assert side == pytest.approx(flat)
    assert irradiation(sky(-5.0, 180.0, direct=0.0, diffuse=0.0), north, east).max() == 0.0


@pytest.mark.parametrize("when", [-3601.0, -1.0, 8_760 * 3600.0, math.nan])
def test_a_moment_of_which_the_weather_knows_nothing_is_refused_with_what_it_knows(when):
    weather = field_city().city.weather
    first, last = weather.time[0], weather.time[-1]
    for moment in (first, last):
        assert math.isfinite(sky_at(weather, float(moment)).T_outdoor)
    with pytest.raises(InvalidValue, match=f"of UTC seconds {first:.0f}..{last:.0f}, there is none at"):
        sky_at(weather, float(first) + when)


def test_people_are_home_in_the_evening_and_at_school_on_weekday_mornings_but_not_in_the_holiday():
    monday, day = 1_764_547_200.0 - 8 * 3600.0, 86_400.0
    evening, morning = people.present(monday + 20 * 3600.0), people.present(monday + 9 * 3600.0)
    assert evening[0] > morning[0]
    assert morning[1] > 2.0 > 0.2 > evening[1]
    assert people.present(monday + 5 * day + 9 * 3600.0)[1] < 0.2
    january = monday + 49 * day + 9 * 3600.0
    assert people.present(january)[1] < 0.2
    assert (people.airing(morning) >= 0.0).all()


def test_means_of_people_stay_near_one_over_a_week_so_that_nominal_heat_means_what_it_says():
    monday = 1_764_547_200.0
    week = np.mean([people.present(monday + 3600.0 * hour) for hour in range(168)], axis=0)
    assert week[0] == pytest.approx(1.0, abs=0.1)
    assert week[3] == pytest.approx(1.0, abs=0.15)


def test_instruments_err_by_their_own_offset_drop_readings_and_keep_their_own_time():
    field = field_city()
    station = field.params.station.station
    bank = draw_meters(field.city, station, parameters())
    true = np.tile(np.array([[50.0], [40.0], [80.0], [45.0], [10.0], [30.0]]), (1, len(station)))
    assert len(KINDS) == len(true)
    rng = np.random.default_rng(1)
    shown = [sensing.show(true, bank, 86_400.0 * 10, 0.0, rng) for _ in range(400)]
    there = np.mean([s.there for s in shown])
    assert 0.975 < there < 0.998
    offset = np.mean([s.value[0] for s in shown], axis=0) - 50.0
    np.testing.assert_allclose(offset, bank.meters.offset[0], atol=0.03)
    assert np.ptp(shown[0].measured_at) > 1.0
    assert np.abs(shown[0].measured_at - 864_000.0).max() < 120.0


def test_sensors_hang_in_occupied_and_rather_in_warm_dwellings_of_seventy_percent_of_the_stations():
    field = field_city(40, 1)
    T = field.begin(1_767_225_600.0, 60.0).T
    indoor = 0.5 * T[0] + 0.2 * T[1] + 0.3 * T[3]
    sensors = draw_indoor(field.city, field.params, field.occupied, indoor, parameters())
    counts = np.bincount(sensors.station, minlength=40)
    assert (counts == 0).sum() == 12
    assert counts[counts > 0].min() >= 3
    assert counts.max() <= 10
    assert field.occupied[sensors.house, sensors.zone].all()
    assert sensors.bias.std() == pytest.approx(0.5, abs=0.1)
    A = np.where(field.occupied, field.params.zone.A_heated, 0.0)
    mean = station_mean(indoor, A, field.station_of_house)
    above = indoor[sensors.house, sensors.zone] - mean[sensors.station]
    assert 0.1 < above.mean() < 1.2


def test_the_hash_of_the_parameters_knows_values_and_not_their_order():
    tables = parameters()
    assert parameter_hash() == parameter_hash(dict(reversed(tables.items())))
    assert parameter_hash({**tables, "level": {**tables["level"], "loss": 9.9}}) != parameter_hash()
