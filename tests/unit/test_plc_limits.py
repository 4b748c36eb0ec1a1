import pytest

from simulators.plc.control import PumpController, ValveController
from simulators.plc.curve import HeatingCurve
from simulators.plc.limits import (
    NO_LIMIT,
    Interlocks,
    Limit,
    Limiter,
    LoopInputs,
    LoopRating,
    clamp_flow,
    clamp_supply,
)
from simulators.plc.outdoor import Outdoor, OutdoorSource
from simulators.plc.ramp import approach, follow_centre

NOW = 1_736_899_200.0
RATING = LoopRating(T_supply_max=55.0, m_flow_design=40.0)
CURVE = HeatingCurve((-20.0, -10.0, 0.0, 10.0), (68.0, 58.0, 48.0, 36.0))


def _seen(**changes):
    seen = {"T_supply": 50.0, "T_return": 40.0, "T_return_primary": 43.0, "m_flow": 40.0, "y_valve": 0.6}
    return LoopInputs(**(seen | changes))


@pytest.mark.parametrize(
    ("T_outdoor", "T_supply"),
    [(-30.0, 68.0), (-20.0, 68.0), (-15.0, 63.0), (-10.0, 58.0), (5.0, 42.0), (10.0, 36.0), (25.0, 36.0)],
)
def test_the_curve_is_linear_between_and_flat_beyond_its_points(T_outdoor, T_supply):
    assert CURVE.at(T_outdoor) == pytest.approx(T_supply)


@pytest.mark.parametrize(
    ("outdoor", "supply"),
    [((0.0,), (50.0,)), ((0.0, 0.0), (50.0, 40.0)), ((0.0, 10.0), (40.0, 50.0)), ((0.0, 1.0), (50.0,))],
)
def test_senseless_curves_are_refused(outdoor, supply):
    with pytest.raises(ValueError, match="curve"):
        HeatingCurve(outdoor, supply)


@pytest.mark.parametrize(
    ("T", "clamped", "bit"),
    [(55.0, 55.0, NO_LIMIT), (55.1, 55.0, Limit.T_MAX), (25.0, 25.0, NO_LIMIT), (24.9, 25.0, Limit.T_MIN)],
)
def test_supply_clamps(T, clamped, bit):
    assert clamp_supply(T, RATING) == (clamped, bit)


@pytest.mark.parametrize(
    ("flow", "clamped", "bit"),
    [(40.0, 40.0, NO_LIMIT), (41.0, 40.0, Limit.FLOW), (12.0, 12.0, NO_LIMIT), (0.0, 12.0, Limit.FLOW)],
)
def test_flow_clamps(flow, clamped, bit):
    assert clamp_flow(flow, RATING) == (clamped, bit)


def test_a_hot_primary_return_lowers_the_setpoint_until_it_is_cool_again():
    limiter = Limiter()
    for _ in range(120):
        wanted, bits = limiter.step(50.0, _seen(T_return_primary=71.0), 5.0)
    assert wanted == pytest.approx(45.0)
    assert bits is Limit.RETURN_TEMPERATURE
    held, _ = limiter.step(50.0, _seen(T_return_primary=69.0), 5.0)
    assert held == pytest.approx(45.0)
    for _ in range(60 * 12 * 5):
        wanted, bits = limiter.step(50.0, _seen(T_return_primary=60.0), 5.0)
    assert (wanted, bits) == (50.0, NO_LIMIT)


def test_a_primary_shortage_shows_after_five_minutes_with_the_valve_open():
    limiter = Limiter()
    short = _seen(T_supply=44.0, y_valve=1.0)
    for _ in range(60):
        wanted, bits = limiter.step(50.0, short, 5.0)
    assert (wanted, bits) == (50.0, NO_LIMIT)
    for _ in range(60 * 12 * 3):
        wanted, bits = limiter.step(50.0, short, 5.0)
    assert wanted == pytest.approx(45.0, abs=0.1)
    assert bits is Limit.PRIMARY_SHORTAGE


@pytest.mark.parametrize("seen", [_seen(y_valve=1.0, T_supply=49.5), _seen(y_valve=0.9, T_supply=40.0)])
def test_no_shortage_while_the_valve_has_reserve_or_the_supply_is_reached(seen):
    limiter = Limiter()
    for _ in range(1000):
        wanted, bits = limiter.step(50.0, seen, 5.0)
    assert (wanted, bits) == (50.0, NO_LIMIT)


@pytest.mark.parametrize(
    ("T_supply", "T_return", "bits"),
    [
        (60.0, 40.0, NO_LIMIT),
        (60.1, 40.0, Limit.OVER_TEMPERATURE),
        (50.0, 4.9, Limit.FROST),
        (50.0, 5.0, NO_LIMIT),
    ],
)
def test_interlocks_trip(T_supply, T_return, bits):
    assert Interlocks().step(_seen(T_supply=T_supply, T_return=T_return), RATING) == bits


def test_interlocks_latch_until_clearly_past():
    locks = Interlocks()
    locks.step(_seen(T_supply=61.0, T_return=4.0), RATING)
    assert locks.step(_seen(T_supply=55.0, T_return=8.0), RATING) == Limit.OVER_TEMPERATURE | Limit.FROST
    assert locks.step(_seen(T_supply=54.9, T_return=8.1), RATING) == NO_LIMIT


@pytest.mark.parametrize(
    ("value", "target", "after"),
    [(50.0, 51.0, 51.0), (50.0, 49.0, 49.0), (50.0, 58.0, 50.0 + 2.0 / 6.0), (50.0, 42.0, 50.0 - 2.0 / 6.0)],
)
def test_steps_of_the_centre_up_to_one_kelvin_act_at_once(value, target, after):
    assert follow_centre(value, target, 10.0) == pytest.approx(after)


def test_an_approach_never_passes_its_target():
    assert approach(50.0, 50.01, 0.5) == 50.01
    assert approach(50.0, 40.0, 0.5) == 49.5


def test_controllers_stay_inside_their_actuators_and_do_not_wind_up():
    valve, pump = ValveController(command=0.5), PumpController(command=0.5)
    for _ in range(500):
        assert 0.0 <= valve.step(60.0, 20.0, 10.0) <= 1.0
        assert 0.0 <= pump.step(40.0, 0.0, 40.0, 10.0) <= 1.0
    assert valve.step(60.0, 61.0, 10.0) < 1.0
    assert pump.step(40.0, 44.0, 40.0, 10.0) < 1.0


@pytest.mark.parametrize(
    ("centre_age_h", "own", "source", "T"),
    [
        (2.0, -3.0, OutdoorSource.CENTRE, -7.0),
        (2.01, -3.0, OutdoorSource.OWN, -3.0),
        (3.0, None, OutdoorSource.MEAN_24H, -7.0),
        (3.0, 85.0, OutdoorSource.MEAN_24H, -7.0),
        (30.0, None, OutdoorSource.FIXED, -5.0),
    ],
)
def test_outdoor_temperature_falls_back_step_by_step(centre_age_h, own, source, T):
    outdoor = Outdoor()
    assert outdoor.take_centre(-7.0, NOW)
    outdoor.choose(None, NOW)
    assert outdoor.choose(own, NOW + centre_age_h * 3600.0) == pytest.approx(T)
    assert outdoor.source is source


def test_the_memory_is_the_mean_of_the_last_day_by_hours():
    outdoor = Outdoor()
    for minute in range(0, 48 * 60, 10):
        outdoor.choose(-10.0 if minute < 36 * 60 else 0.0, NOW + 60.0 * minute)
    assert outdoor.choose(None, NOW + 48 * 3600.0) == pytest.approx(-5.0, abs=0.5)


@pytest.mark.parametrize("T", [float("nan"), 51.0, -51.0])
def test_an_implausible_centre_is_not_taken(T):
    outdoor = Outdoor()
    assert not outdoor.take_centre(T, NOW)
    assert outdoor.centre is None
