"""What loops are like now: against houses integrated elsewhere, and readings that are wrong or absent."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from optimizer.building import Buildings, joined, steady_state
from optimizer.building_prior import prior
from optimizer.estimate.cycle import estimate
from optimizer.estimate.state import Flag, Measurements, begin, trust_before
from tests.support.houses import House, recorded

HOUR_S = 3600.0
ABSENT = np.array([np.nan])


def building(house=None):
    """The optimizer's picture of a house, with its true numbers."""
    house = house or House()
    guess = prior(building_type=["office"], emitter=["radiator"], insulation=["saving"], area=[6e4])
    numbers = {
        "UA": house.UA, "share_direct": house.share, "h_ie": house.h_ie, "C_i": house.C_i, "C_e": house.C_e,
        "gain": house.gain, "solar_aperture": house.aperture, "q_n": house.K * 41.24**1.3, "excess_n": 41.24,
        "exponent": house.b, "flow_design": house.flow, "wind": 0.0,
    }  # fmt: skip
    return replace(guess, **{name: np.array([value]) for name, value in numbers.items()})


def known(n=1):
    """Trust in a loop whose numbers are right."""
    return replace(trust_before(n), disturbance_sd=np.full(n, 1.0), level_sd=np.full(n, 0.2))


def reading(b, **values):
    """A quiet cycle of loops in their steady state at -2 degC and 30 W/m2, some values changed."""
    T_i = steady_state(b, 30.0, -2.0, b.gain)[:, 0]
    n, area = len(b), b.area
    m = b.flow_design * area
    drop = 30.0 * area / 4180.0 / m
    excess = b.excess_n * (30.0 / b.q_n) ** (1.0 / (1.0 + b.exponent))
    T_supply = T_i + drop / -np.expm1(-drop / excess)
    plain = {
        "T_indoor": T_i, "T_supply": T_supply, "T_return": T_supply - drop, "m_flow": m,
        "Q_meter": 0.03 * area, "T_outdoor": np.full(n, -2.0), "sun": np.zeros(n), "wind": np.zeros(n),
    }  # fmt: skip
    return Measurements(**(plain | {name: np.broadcast_to(value, (n,)) for name, value in values.items()}))


def settled(b, hours=72, trust=None, **values):
    """A loop that was read for some days."""
    state = begin(b, trust or known(len(b)), -2.0)
    for _ in range(round(hours * 4)):
        state = estimate(state, reading(b, **values), b, 900.0)
    return state


@cache
def record(days=6):
    return recorded(days=days, seed=3)


def followed(b, rows, trust, sensors, dt_rows=1):
    """Estimates at each row of a record, and the last state."""
    state, seen, sds = begin(b, trust, float(rows["T_outdoor"][:96].mean())), [], []
    for k in range(0, len(rows["q"]), dt_rows):
        one = {name: np.array([rows[name][k]]) for name in ("T_supply", "T_return", "T_outdoor", "sun")}
        one["T_indoor"] = np.array([rows["T_indoor"][k]]) if sensors else ABSENT
        meter = np.array([rows["q"][k]]) * b.area / 1000.0
        measured = Measurements(**one, m_flow=ABSENT, Q_meter=meter, wind=np.zeros(1))
        state = estimate(state, measured, b, 900.0 * dt_rows)
        seen.append(state.T_indoor[0])
        sds.append(state.T_indoor_sd[0])
    return np.array(seen), np.array(sds), state


@pytest.mark.parametrize(("sensors", "error"), [(True, 0.3), (False, 0.4)])
def test_a_room_is_followed_with_sensors_and_nearly_as_well_without(sensors, error):
    rows, T_true = record()
    seen, sds, state = followed(building(), rows, known(), sensors)
    off = (seen - T_true)[192:]  # its sensors' bias takes two days to be told
    assert np.sqrt(np.mean(off**2)) < error
    assert np.sqrt(np.mean((off / sds[192:]) ** 2)) < 1.5
    assert state.flags[0] == (Flag.MEASURED if sensors else Flag.ESTIMATED)


def test_a_wrong_beginning_is_forgotten_within_a_day():
    rows, T_true = record()
    b = building()
    cold = begin(b, known(), -2.0)
    moved = cold.mean.copy()
    moved[:, :2] -= 6.0
    state = replace(cold, mean=moved)
    for k in range(96):
        one = {name: np.array([rows[name][k]]) for name in ("T_supply", "T_return", "T_outdoor", "sun")}
        meter = np.array([rows["q"][k]]) * b.area / 1000.0
        measured = Measurements(**one, T_indoor=ABSENT, m_flow=ABSENT, Q_meter=meter, wind=np.zeros(1))
        state = estimate(state, measured, b, 900.0)
    assert state.T_indoor[0] == pytest.approx(T_true[95], abs=0.7)


def test_what_is_steady_stays_and_nothing_is_doubted():
    b = building()
    state = settled(b)
    assert state.T_indoor == pytest.approx(steady_state(b, 30.0, -2.0, b.gain)[:, 0], abs=0.05)
    assert state.x[:, 1] == pytest.approx(steady_state(b, 30.0, -2.0, b.gain)[:, 1], abs=0.2)
    assert state.disturbance == pytest.approx(0.0, abs=0.1)
    assert state.q == pytest.approx(30.0)
    assert state.reasons(0) == ()


@pytest.mark.parametrize(
    ("changes", "q", "told"),
    [
        ({}, 30.0, []),
        ({"Q_meter": np.nan}, 30.0, []),
        ({"m_flow": np.nan}, 30.0, []),
        ({"T_return": np.nan}, 30.0, []),
        ({"Q_meter": 33.0 * 60.0}, None, []),
        ({"Q_meter": 40.0 * 60.0}, 35.0, ["heat_disagrees"]),
        ({"Q_meter": 0.0}, 15.0, ["heat_disagrees"]),
        ({"Q_meter": np.nan, "m_flow": np.nan}, 30.0, ["no_heat"]),
        ({"Q_meter": 1e9}, 30.0, ["implausible"]),
        ({"m_flow": np.inf}, 30.0, ["implausible"]),
        ({"T_supply": 900.0}, 30.0, ["implausible"]),
        ({"T_supply": 36.0, "T_return": 42.0}, 30.0, ["swapped"]),
        ({"T_supply": 36.0, "T_return": 42.0, "Q_meter": np.nan}, 30.0, ["no_heat", "swapped"]),
        ({"T_outdoor": np.nan}, 30.0, ["no_outdoor"]),
        ({"sun": np.nan, "wind": np.nan}, 30.0, ["no_sun"]),
    ],
)
def test_heat_is_checked_against_itself_and_what_is_odd_is_named(changes, q, told):
    b = building()
    before = settled(b, 24)
    after = estimate(before, reading(b, **changes), b, 60.0)
    if q is not None:
        assert after.q == pytest.approx(q, rel=0.01)
    assert [reason.id for reason in after.reasons(0)] == [f"estimate.{name}" for name in told]
    if "heat_disagrees" in told or "no_heat" in told:
        assert after.q_sd[0] > before.q_sd[0]


def test_a_disagreement_tells_both_heats_and_doubts_both():
    b = building()
    after = estimate(settled(b, 24), reading(b, Q_meter=45.0 * 60.0), b, 60.0)
    (reason,) = after.reasons(0)
    assert reason.params["meter"] == pytest.approx(45.0)
    assert reason.params["water"] == pytest.approx(30.0)
    assert after.q_sd[0] > 7.5
    agree = estimate(settled(b, 24), reading(b, Q_meter=32.0 * 60.0), b, 60.0)
    assert 30.0 < agree.q[0] < 32.0
    assert agree.q_sd[0] < 1.5


def test_silence_widens_what_is_known_and_ends_in_lost():
    b = building()
    state = settled(b)
    silent = Measurements(**dict.fromkeys(Measurements.__slots__, ABSENT))
    flags, sds = [], []
    for _ in range(2 * 24 * 20):
        state = estimate(state, silent, b, 1800.0)
        flags.append(Flag(int(state.flags[0])))
        sds.append(state.T_indoor_sd[0])
    assert flags[3] == Flag.MEASURED
    assert flags[4] == Flag.ESTIMATED
    assert flags[2 * 7] == Flag.LOST
    assert np.diff(sds[4:100]).min() > 0.0
    assert sds[-1] < 12.0  # bounded: a house is somewhere
    assert sds[-1] == pytest.approx(sds[-49], rel=0.02)


def test_a_loop_is_measured_again_with_its_first_reading():
    b = building()
    silent = Measurements(**dict.fromkeys(Measurements.__slots__, ABSENT))
    state = estimate(settled(b), silent, b, 3 * 24 * HOUR_S)
    assert state.flags[0] == Flag.LOST
    back = estimate(state, reading(b), b, 900.0)
    assert back.flags[0] == Flag.MEASURED
    assert back.T_indoor == pytest.approx(reading(b).T_indoor, abs=0.5)


def test_heat_that_nobody_metered_shows_as_disturbance():
    b = building()
    state = settled(b, trust=replace(known(), disturbance_sd=np.array([4.0])))
    guests = replace(b, gain=b.gain + 8.0)
    T = steady_state(b, 30.0, -2.0, b.gain)
    for _ in range(4 * 24):
        # the room warms as it does with 8 W/m2 more
        T = T + 0.25 / 40.0 * (steady_state(guests, 30.0, -2.0, guests.gain) - T)
        warm = T[:, 0]
        excess = warm - steady_state(b, 30.0, -2.0, b.gain)[:, 0]
        plain = reading(b)
        measured = replace(
            plain, T_indoor=warm, T_supply=plain.T_supply + excess, T_return=plain.T_return + excess
        )
        state = estimate(state, measured, b, 900.0)
    assert 3.0 < state.disturbance[0] < 12.0


def test_one_wild_reading_moves_little_and_is_named_and_what_lasts_is_believed():
    b = building()
    plain = settled(b)
    wild = estimate(plain, reading(b, T_indoor=35.0), b, 60.0)
    assert abs(wild.T_indoor[0] - plain.T_indoor[0]) < 0.3
    assert [reason.id for reason in wild.reasons(0)] == ["estimate.indoor_jumped"]
    state = plain
    T = reading(b).T_indoor + 3.0
    for _ in range(4 * 48):
        state = estimate(state, reading(b, T_indoor=T, T_supply=np.nan), b, 900.0)
    assert state.T_indoor[0] > plain.T_indoor[0] + 1.0


def test_sensors_that_contradict_the_water_are_found_out_in_part():
    b = building()
    plain = settled(b, 120)
    warm = settled(b, 120, T_indoor=reading(b).T_indoor + 1.0)
    moved = warm.T_indoor[0] - plain.T_indoor[0]
    assert 0.1 < moved < 0.8
    assert warm.mean[0, 3] > plain.mean[0, 3] + 0.2


@pytest.mark.parametrize("size", [0.8, 1.25])
def test_sensors_are_believed_where_emitters_are_of_another_size_than_thought(size):
    b = building()
    thought, shown = replace(b, q_n=size * b.q_n), reading(b)
    state = begin(thought, replace(trust_before(1), level_sd=np.array([0.6])), -2.0)
    for _ in range(7 * 96):
        state = estimate(state, shown, thought, 900.0)
    assert state.T_indoor[0] == pytest.approx(shown.T_indoor[0], abs=0.4)
    assert state.T_indoor_sd[0] >= 0.6, "what is used of the bias is less than what is doubted"


def test_the_length_of_a_cycle_hardly_matters():
    b = building()
    told = []
    for dt_s in (60.0, 300.0, 900.0):
        state = begin(b, known(), -2.0)
        for _ in range(round(8 * HOUR_S / dt_s)):
            state = estimate(state, reading(b, T_indoor=np.nan), b, dt_s)
        told.append((state.T_indoor[0], np.sqrt(state.covariance[0, 0, 0])))
    for T, sd in told[:2]:
        assert pytest.approx(told[2][0], abs=0.1) == T
        assert pytest.approx(told[2][1], rel=0.15) == sd


def test_loops_do_not_know_of_each_other():
    one, other = building(), building(House(UA=1.0, K=1.0))
    both = joined([one, other])
    assert isinstance(both, Buildings)
    together = estimate(begin(both, known(2), -2.0), reading(both), both, 60.0)
    alone = estimate(begin(other, known(1), -2.0), reading(other), other, 60.0)
    assert together.mean[1] == pytest.approx(alone.mean[0])
    assert together.covariance[1] == pytest.approx(alone.covariance[0])


def test_an_unidentified_loop_without_sensors_is_doubted_by_what_stations_differ():
    b = building()
    state = settled(b, 72, trust=trust_before(1), T_indoor=np.nan)
    assert state.T_indoor_sd[0] >= 2.3
    measured = settled(b, 72, trust=trust_before(1))
    assert measured.T_indoor_sd[0] <= 0.8


@pytest.mark.parametrize("dt_s", [0.0, -60.0, np.nan])
def test_a_cycle_that_takes_no_time_is_a_fault_of_the_caller(dt_s):
    b = building()
    with pytest.raises(ValueError, match="a cycle takes"):
        estimate(begin(b, known(), 0.0), reading(b), b, dt_s)
