"""The pure laws of balance: inversion, comfort target, learning, questioning; houses are the test's own."""

import math
import random

import pytest

from optimizer.balance import (
    HOURS_TO_KNOW,
    PRIOR_SD_K,
    ComfortRules,
    Hour,
    LoopModel,
    conclude,
    indoor_at,
    indoor_wanted,
    learn,
    move,
    need,
)
from optimizer.inversion import (
    log_mean_excess,
    smallest_flow,
    supply_above_room,
    supply_temperature_for,
)
from optimizer.questioning import HOURS_MIN, WAVE_K, Questioning, answer, interrupt, note, wave
from optimizer.regulation import RegulationLaw, return_temperature, supply_temperature

B = 0.3
RULES = ComfortRules()
LAW = RegulationLaw(
    T_indoor=20.0, T_outdoor_design=-10.1, T_supply_design=75.0, T_return_design=50.0, exponent=B
)


def test_the_logarithmic_mean_of_75_over_50_in_a_room_of_20_is_41_degrees():
    assert log_mean_excess(75.0, 50.0, 20.0) == pytest.approx(25.0 / math.log(55.0 / 30.0))
    assert log_mean_excess(50.0, 50.0, 20.0) == 30.0


@pytest.mark.parametrize(("supply", "back"), [(45.0, 50.0), (45.0, 20.0), (45.0, 15.0)])
def test_water_that_does_not_cool_towards_the_room_has_no_excess(supply, back):
    with pytest.raises(ValueError, match="supply >= return > room"):
        log_mean_excess(supply, back, 20.0)


@pytest.mark.parametrize("drop", [0.0, 1e-9, 3.0, 12.0, 30.0])
def test_supply_and_excess_are_each_others_inverse(drop):
    supply = 20.0 + supply_above_room(25.0, drop)
    assert log_mean_excess(supply, supply - drop, 20.0) == pytest.approx(25.0, abs=1e-6)


@pytest.mark.parametrize("flow", [0.6, 0.8])
def test_less_flow_takes_the_supply_that_staged_regulation_asks(flow):
    """Two derivations of one law: the regulation's own form and the inversion of heat."""
    supply, back = supply_temperature(LAW, 0.0), return_temperature(LAW, 0.0)
    q, drop = 40.0, supply - back
    per_area = q / (4180.0 * drop)
    excess = log_mean_excess(supply, back, 20.0)
    found = supply_temperature_for(20.0, excess, q, per_area, flow)
    assert found == pytest.approx(supply_temperature(LAW, 0.0, flow), abs=1e-6)


def test_the_smallest_flow_is_the_least_whose_supply_stays_below_the_limit():
    def flow(limit):
        return smallest_flow(20.0, 25.0, 40.0, 7e-4, 0.6, limit)

    at_least, at_most = (supply_temperature_for(20.0, 25.0, 40.0, 7e-4, f) for f in (0.6, 1.0))
    assert flow(at_least + 1.0) == 0.6
    assert flow(at_most - 1.0) == 1.0
    between = flow((at_least + at_most) / 2)
    assert 0.6 < between < 1.0
    found = supply_temperature_for(20.0, 25.0, 40.0, 7e-4, between)
    assert found == pytest.approx((at_least + at_most) / 2, abs=0.02)


def test_the_target_follows_from_share_and_spreads():
    assert indoor_wanted(RULES, RULES.sd_sensors) == pytest.approx(20.76, abs=0.01)
    assert indoor_wanted(RULES, 1.5) == pytest.approx(21.78, abs=0.01)
    half = ComfortRules(share=0.5)
    assert indoor_wanted(half, 1.0) == 18.0


@pytest.mark.parametrize(
    ("word", "held", "wanted", "expected"),
    [
        ("within the dead band", 2.0, 2.29, 2.0),
        ("at its edge", 2.0, 2.3, 2.3),
        ("down by one move", 2.0, -4.0, 1.5),
        ("up by one move", -1.0, 4.0, -0.5),
        ("the last part", 2.0, 2.4, 2.4),
    ],
)
def test_a_move_has_a_dead_band_and_a_largest_step(word, held, wanted, expected):
    assert move(held, wanted, 0.3 - 1e-9, 0.5) == pytest.approx(expected), word


def house(T_supply, T_outdoor=-5.0, K=0.5, U=1.3, drop=8.0):
    """Indoor temperature and heat of a house at rest, by fixed-point iteration of the test's own."""
    T = 20.0
    for _ in range(200):
        ratio = (T_supply - T) / (T_supply - drop - T)
        q = K * (drop / math.log(ratio)) ** (1 + B)
        T += 0.2 * (T_outdoor + 3.0 + q / U - T)
    return T, q


def hours(n, model=None, *, sensor=True, T_supply=47.0, drop=8.0, T_outdoor=-5.0, **changes):
    model = model or LoopModel()
    T, q = house(T_supply, T_outdoor, drop=drop, **changes)
    for _ in range(n):
        hour = Hour(
            T_supply=T_supply,
            T_return=T_supply - drop,
            T_outdoor=T_outdoor,
            q=q,
            T_indoor=T if sensor else None,
        )
        model = learn(model, hour, B, RULES)
    return model


def test_a_loop_with_sensors_is_known_after_half_a_day():
    assert not hours(HOURS_TO_KNOW - 1).known
    model = hours(HOURS_TO_KNOW)
    assert model.known
    assert pytest.approx(0.5) == model.K
    assert model.sd == RULES.sd_sensors


@pytest.mark.parametrize("T_outdoor", [-12.0, -5.0, 5.0])
@pytest.mark.parametrize("K", [0.35, 0.5, 0.7])
def test_what_a_loop_needs_makes_its_house_as_warm_as_wanted_at_any_weather(K, T_outdoor):
    q, excess = need(hours(24, K=K), 20.6, T_outdoor, B)
    per_area = 47.0 / 4180.0 / 8.0
    T_supply = supply_temperature_for(20.6, excess, q, per_area, 1.0)
    drop = q / (4180.0 * per_area)
    assert house(T_supply, T_outdoor, K=K, drop=drop)[0] == pytest.approx(20.6, abs=0.05)


def test_a_sensor_that_fails_is_replaced_by_what_the_emitters_tell():
    model = hours(48)
    T_before = model.T_indoor
    model = hours(200, model, sensor=False, T_supply=43.0)
    T_cooler, _ = house(43.0)
    assert T_before - T_cooler > 1.5
    assert model.T_indoor == pytest.approx(T_cooler, abs=0.3)


def test_a_room_warmer_than_its_return_water_tells_nothing_of_the_emitters():
    hour = Hour(T_supply=30.0, T_return=22.0, T_outdoor=10.0, q=10.0, T_indoor=23.0)
    model = learn(LoopModel(), hour, B, RULES)
    assert model.T_indoor == 23.0
    assert model.K is None


def heat(T_supply, room, *, passed_by=0.0, K=0.5, flow=9e-4):
    """Heat and mixed return of emitters that a share of the water passes by; bisection of the test's own."""
    low, high = room, T_supply
    for _ in range(60):
        T_out = (low + high) / 2
        excess = (T_supply - T_out) / math.log((T_supply - room) / (T_out - room))
        given, carried = K * excess ** (1 + B), 4180.0 * flow * (1 - passed_by) * (T_supply - T_out)
        low, high = (T_out, high) if carried > given else (low, T_out)
    return carried, T_supply - carried / (4180.0 * flow)


def asked(T_indoor, *, n=72, noise=0.0, fill=0.0, seed=1, **emitter):
    """A loop that answers honestly: heat by its excess, with what still fills pipes after a step.

    Its rooms follow the water by 3 % and swing by ``noise`` K besides.
    """
    rng = random.Random(seed)
    model, before = LoopModel(), 46.0
    for hour in range(n):
        T_supply = 46.0 + wave(hour, 3) + 2.0 * math.sin(2 * math.pi * hour / 24)
        room = T_indoor + 0.03 * (T_supply - 46.0) + noise * rng.gauss(0.0, 1.0)
        q, T_return = heat(T_supply, room, **emitter)
        q *= math.exp(fill * (T_supply - before))
        now = Hour(T_supply=T_supply, T_return=T_return, T_outdoor=-5.0, q=q, T_indoor=None)
        model = learn(model, now, B, RULES)
        before = T_supply
    return model


def reply(model):
    return answer(model.asked, B, model.T_supply - model.T_return)


@pytest.mark.parametrize("T_indoor", [16.0, 20.0, 25.0])
@pytest.mark.parametrize("fill", [0.0, 0.01])
@pytest.mark.parametrize("passed_by", [0.0, 0.25])
def test_a_questioned_loop_tells_how_far_its_rooms_are_from_the_water(T_indoor, fill, passed_by):
    told = reply(asked(T_indoor, fill=fill, passed_by=passed_by))
    assert told is not None
    assert told.value == pytest.approx(46.0 - T_indoor, abs=0.7)


def test_doubt_of_an_answer_grows_with_what_it_cannot_explain():
    sure, unsure = (reply(asked(20.0, noise=noise)) for noise in (0.02, 0.1))
    assert sure is not None
    assert unsure is not None
    assert 0.4 < sure.sd < unsure.sd
    assert abs(unsure.value - 26.0) < 3 * unsure.sd


@pytest.mark.parametrize("n", [0, 8, 20])
def test_too_few_hours_are_no_answer(n):
    assert reply(asked(20.0, n=n)) is None


def test_a_supply_that_stood_still_is_no_answer():
    questioning = Questioning()
    for _ in range(HOURS_MIN):
        questioning = note(questioning, 46.0, 30.0)
    assert answer(questioning, B, 8.0) is None


def test_an_interruption_compares_only_neighbours():
    questioning = asked(20.0, n=20).asked
    again = note(interrupt(questioning), 60.0, 5.0)
    assert len(again.recent) == 1
    assert again.count == questioning.count


def test_the_wave_moves_a_kelvin_and_a_half_an_hour_and_cancels_over_phases():
    assert max(abs(wave(h + 1, 5) - wave(h, 5)) for h in range(30)) == 1.5
    assert sum(wave(7, phase) for phase in range(len(WAVE_K))) == 0.0


def test_a_house_that_cools_down_is_not_taken_for_one_that_needs_little():
    """While it comes down by 3 K in two days, walls pay a tenth of its heat."""
    at_rest, cooling = hours(72), hours(24)
    for hour in range(1, 49):
        T, q = house(47.0)
        T_indoor = T - 3.0 * hour / 48.0
        paid = 50.0 * 3.0 / 48.0
        now = Hour(T_supply=47.0, T_return=39.0, T_outdoor=-5.0, q=q * (T_indoor + 2.0) / (T + 2.0) - paid,
                   T_indoor=T_indoor)  # fmt: skip
        cooling = learn(cooling, now, B, RULES)
    assert cooling.q_stored < -1.0
    rested, cooled = (need(model, 20.0, -5.0, B)[0] for model in (at_rest, cooling))
    assert cooled == pytest.approx(rested, rel=0.03)


def like(*emitters):
    return [(50_000.0, hours(24, K=K)) for K in emitters]


def test_without_an_answer_the_others_tell_what_the_same_water_does():
    model = hours(24, sensor=False)
    assert conclude(model, like(0.5, 0.5), B) is None
    told = conclude(model, like(0.4, 0.5, 0.6), B)
    assert told is not None
    assert told.T_indoor == pytest.approx(house(47.0)[0], abs=0.3)
    assert 1.0 <= told.sd <= PRIOR_SD_K


def test_an_answer_weighs_more_than_the_guess_when_it_is_surer():
    model = asked(24.0, noise=0.03)
    told = conclude(model, like(0.4, 0.5, 0.6), B)
    assert told is not None
    assert told.known
    assert told.T_indoor == pytest.approx(24.0, abs=1.0)
    assert told.sd < 1.0


def test_a_house_at_anothers_water_temperatures_is_where_gain_meets_loss():
    model = hours(24)
    assert indoor_at(model, hours(1, T_supply=52.0), B) == pytest.approx(house(52.0)[0], abs=0.05)
