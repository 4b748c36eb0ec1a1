"""The rules of plausibility one by one, each at its edge."""

import pytest

from controller.counter_rules import stuck
from controller.plausibility import (
    FROZEN_MIN_CHANGES,
    FROZEN_S,
    out_of_balance,
    stands_still,
    swapped,
    value_fault,
)
from controller.point_memory import BUCKET_S, METERED, PointMemory, point_limits
from controller.unit_swap import leapt_by_unit
from stations.model.points import MEASUREMENTS
from stations.model.quality import Reason
from stations.thermal import heat_flow

POLL_S = 10.0


class Watched:
    """One point that is polled on time unless a test says otherwise."""

    def __init__(self, name, resolution=0.1, poll_s=POLL_S):
        self.memory = PointMemory(point_limits(name, resolution))
        self.poll_s = poll_s
        self.at = 1e9

    def see(self, *values, after_s=None):
        """Feed values; returns what the rules say of each."""
        reasons = []
        for value in values:
            self.at += self.poll_s if after_s is None else after_s
            reasons.append(value_fault(self.memory, value, self.at, self.poll_s))
        return reasons

    def day(self, value, hours=7.0):
        """A stretch of ordinary life around ``value``."""
        for number in range(int(hours * 3600 / 300)):
            assert self.see(value * (1.0 + 0.02 * (number % 3 - 1)), after_s=300.0) == [None]
        return self


def test_every_measurement_has_limits():
    for name in MEASUREMENTS:
        assert point_limits(name, 0.1).counter is MEASUREMENTS[name].counter


# --- spikes and rates ---


@pytest.mark.parametrize("size", [12.0, -12.0, 30.0])
@pytest.mark.parametrize("length", [1, 2])
def test_a_short_spike_is_doubted_and_the_values_after_it_are_not(size, length):
    watched = Watched("T_supply_secondary")
    watched.see(60.0, 60.1, 59.9, 60.0, 60.1)

    assert None not in watched.see(*[60.0 + size] * length)
    assert watched.see(60.0, 60.1, 59.9) == [None] * 3


@pytest.mark.parametrize(("step", "doubted"), [(0.1, False), (3.8, False), (3.9, True), (20.0, True)])
def test_a_quiet_sensor_may_step_by_noise_and_valve_but_not_more(step, doubted):
    watched = Watched("T_supply_secondary")
    watched.see(*[60.0] * 5)

    assert (watched.see(60.0 + step) != [None]) is doubted


def test_slow_polls_widen_what_may_happen_between_two():
    watched = Watched("T_supply_secondary", poll_s=60.0)
    watched.see(*[60.0] * 5)

    assert watched.see(67.9) == [None]


def test_a_new_level_is_believed_at_its_third_value():
    watched = Watched("T_supply_primary")
    watched.see(*[20.0] * 6)

    reasons = watched.see(*[90.0] * 20)

    assert None not in reasons[:2]
    assert reasons[2:] == [None] * 18


def test_a_steady_ramp_is_no_spike():
    watched = Watched("T_supply_secondary")

    assert watched.see(*[30.0 + 2.0 * n for n in range(30)]) == [None] * 30  # 12 K/min


def test_the_second_value_ever_is_judged_by_its_rate_alone():
    watched = Watched("T_supply_secondary")

    assert watched.see(60.0, 90.0, 60.0) == [None, Reason.RATE, None]


def test_a_prompt_answer_after_a_late_one_is_not_too_fast():
    watched = Watched("T_supply_secondary")
    watched.see(60.0, 60.0, 61.5, 63.0)

    assert watched.see(65.0, after_s=0.1) == [None]


@pytest.mark.parametrize("gap_s", [601.0, 86_400.0, -3600.0])
def test_after_a_pause_or_a_clock_set_back_the_past_is_no_measure(gap_s):
    watched = Watched("T_supply_secondary")
    watched.see(*[60.0] * 6)

    assert watched.see(20.0, after_s=gap_s) == [None]
    assert watched.see(20.1, 20.0) == [None, None]


def test_flows_and_positions_may_jump():
    assert Watched("m_flow_secondary").see(5.0, 5.0, 5.0, 5.0, 5.0, 0.0, 7.0) == [None] * 7
    assert Watched("y_valve_primary").see(0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 1.0) == [None] * 7


def test_a_pressure_spike_is_doubted_and_a_pump_stage_is_not():
    watched = Watched("p_supply_secondary", 1.0)
    watched.see(*[300.0, 302.0, 299.0, 300.0, 301.0])

    assert watched.see(380.0, 381.0, 379.0) == [None] * 3
    assert watched.see(900.0) == [Reason.SPIKE]


# --- units and words ---


@pytest.mark.parametrize("ratio", [10.0, 0.1, 100.0, 1000.0, 3.6, 1.0 / 3.6, 65536.0])
def test_a_flow_in_another_unit_is_doubted_until_it_is_back(ratio):
    watched = Watched("m_flow_primary", 0.0).day(5.0)

    watched.see(5.0 * ratio, after_s=300.0)
    assert watched.memory.leapt
    assert leapt_by_unit(watched.memory)
    assert watched.see(4.6 * ratio, 5.5 * ratio) == [Reason.UNIT_SWAP] * 2
    assert watched.see(5.2, 5.0) == [None, None]


@pytest.mark.parametrize("value", [0.0, 2.0, 9.0, 25.0, 12.0])
def test_other_leaps_are_no_unit(value):
    watched = Watched("m_flow_primary", 0.0).day(5.0)
    watched.see(value, after_s=300.0)

    assert not leapt_by_unit(watched.memory)


def test_a_level_known_from_the_last_day_is_no_unit():
    watched = Watched("m_flow_primary", 0.0).day(0.5, hours=2.0)
    watched.day(5.0)
    watched.see(0.5, after_s=300.0)

    assert watched.memory.leapt
    assert not leapt_by_unit(watched.memory)


def test_without_six_hours_of_past_nothing_is_unusual():
    watched = Watched("m_flow_primary", 0.0).day(5.0, hours=5.0)
    watched.see(50.0, after_s=300.0)

    assert not leapt_by_unit(watched.memory)


def test_a_temperature_of_a_tenth_is_a_unit_and_a_warm_start_is_not():
    watched = Watched("T_supply_secondary").day(55.0)
    watched.see(5.5)
    assert leapt_by_unit(watched.memory)

    cold = Watched("T_supply_primary").day(25.0)
    cold.see(90.0)
    assert not leapt_by_unit(cold.memory)


def test_a_doubted_unit_is_let_go_after_a_day():
    watched = Watched("m_flow_primary", 0.0).day(5.0)
    watched.see(50.0, after_s=300.0)
    assert leapt_by_unit(watched.memory)

    reasons = watched.see(*[50.0] * 300, after_s=300.0)

    assert reasons[:280] == [Reason.UNIT_SWAP] * 280
    assert reasons[-10:] == [None] * 10


@pytest.mark.parametrize(("value", "doubted"), [(2.3e-41, True), (-1e-30, True), (0.0, False), (1e-9, False)])
def test_a_float_with_exchanged_words_is_doubted(value, doubted):
    assert (Watched("m_flow_primary", 0.0).see(value) == [Reason.UNIT_SWAP]) is doubted


# --- counters ---


def test_a_counter_that_falls_is_doubted_once():
    watched = Watched("E_heat_primary", 1.0)

    assert watched.see(500.0, 501.0, 3.0, 3.0, 4.0) == [None, None, Reason.COUNTER_RESET, None, None]


@pytest.mark.parametrize(("before", "after"), [(65_535.0, 0.0), (4_294_967_295.0, 1.0)])
def test_a_roll_over_is_a_fall(before, after):
    assert Watched("V_primary", 1.0).see(before, after) == [None, Reason.COUNTER_RESET]


def test_a_counter_that_rises_faster_than_any_meter_is_doubted():
    assert Watched("E_heat_primary", 1.0).see(5_000.0, 5_000.0 * 65_536.0)[1] is Reason.COUNTER_RESET
    assert Watched("E_heat_primary", 100.0).see(5_000.0, 5_100.0) == [None, None]  # one coarse step


def test_a_counter_may_have_risen_by_any_amount_during_an_outage():
    watched = Watched("E_heat_primary", 1.0)
    watched.see(5_000.0)

    assert watched.see(9_000.0, after_s=86_400.0) == [None]


def run_counter(watched, hours, power, rises_to=None):
    metered, found_at = METERED["E_heat_primary"], None
    value = watched.memory.last
    for number in range(int(hours * 360)):
        if rises_to is not None:
            value = rises_to(number * 10.0)
        watched.see(value)
        if stuck(watched.memory, metered, power, 10.0) and found_at is None:
            found_at = number * 10.0
    return found_at


@pytest.mark.parametrize(
    ("power", "hours", "found"),
    [(500.0, 1.0, True), (50.0, 1.0, True), (0.0, 24.0, False), (None, 24.0, False), (5.0, 5.0, False)],
)
def test_a_counter_stands_still_only_without_power(power, hours, found):
    watched = Watched("E_heat_primary", 1.0)
    watched.see(100.0, 101.0)

    assert (run_counter(watched, hours, power) is not None) is found


def test_a_coarse_counter_stands_still_between_its_steps():
    watched = Watched("E_heat_primary", 0.0)  # a float that moves by 100 kWh
    watched.see(1000.0, 1100.0)

    found = run_counter(watched, 12.0, 60.0, lambda t: 1100.0 + t / 3600.0 * 60.0 // 100.0 * 100.0)

    assert found is None


def test_a_counter_never_seen_to_rise_is_given_more_time():
    watched = Watched("E_heat_primary", 1.0)
    watched.see(100.0)

    assert run_counter(watched, 5.0, 500.0) is None
    assert run_counter(watched, 5.0, 500.0) is not None


# --- frozen ---


def live(watched, count=FROZEN_MIN_CHANGES + 5):
    for number in range(count):
        watched.see(60.0 + 0.2 * (number % 5))
    return watched


def test_a_live_sensor_stands_still_after_half_an_hour():
    watched = live(Watched("T_supply_secondary"))
    watched.see(*[61.0] * int(FROZEN_S / POLL_S - 1))
    assert not stands_still(watched.memory)
    watched.see(61.0, 61.0)

    assert stands_still(watched.memory)
    watched.see(61.4)
    assert not stands_still(watched.memory)


def test_one_wire_step_to_and_fro_is_no_movement():
    watched = live(Watched("T_supply_secondary"))
    watched.see(*[61.0, 61.1] * int(FROZEN_S / POLL_S))

    assert stands_still(watched.memory)


def test_a_calm_that_ended_by_itself_is_waited_for_twice_over():
    watched = live(Watched("T_supply_primary"))
    watched.see(*[61.0] * 300)  # 50 min
    assert stands_still(watched.memory)
    watched.see(61.2, 61.0)
    watched.see(*[61.0] * 500)
    assert not stands_still(watched.memory)
    watched.see(*[61.0] * 200)

    assert stands_still(watched.memory)


def test_a_stand_still_that_ended_in_a_leap_was_a_fault_and_teaches_nothing():
    watched = live(Watched("T_supply_primary"))
    watched.see(*[61.0] * 600)
    watched.see(65.0, 65.3, 65.0)
    watched.see(*[65.0] * 190)

    assert stands_still(watched.memory)


def test_a_sensor_not_known_to_move_is_given_six_hours():
    watched = Watched("T_supply_primary")
    watched.see(*[61.0] * 2000)
    assert not stands_still(watched.memory)
    watched.see(*[61.0] * 200)

    assert stands_still(watched.memory)


def test_an_outage_is_no_stand_still():
    watched = live(Watched("T_supply_primary"))
    watched.see(61.0)
    watched.see(61.0, after_s=7200.0)

    assert not stands_still(watched.memory)


def test_movement_is_the_range_of_the_last_buckets():
    watched = Watched("T_return_secondary")
    for number in range(int(4 * BUCKET_S / POLL_S)):
        watched.see(40.0 + number * POLL_S / 3600.0)

    assert 0.5 < watched.memory.moved() < 0.8


# --- swapped, balance ---


@pytest.mark.parametrize(
    ("T_supply", "T_return", "m_flow", "wrong"),
    [
        (40.0, 42.1, 5.0, True),
        (40.0, 42.0, 5.0, False),
        (40.0, 60.0, None, True),
        (40.0, 60.0, 0.0, False),  # standing water may be of any temperature
        (60.0, 40.0, 5.0, False),
    ],
)
def test_water_comes_back_colder(T_supply, T_return, m_flow, wrong):
    assert swapped(T_supply, T_return, m_flow) is wrong


@pytest.mark.parametrize(
    ("share", "m_flow", "T_supply", "T_return", "wrong"),
    [
        (1.0, 5.0, 90.0, 45.0, False),
        (1.09, 5.0, 90.0, 45.0, False),
        (1.11, 5.0, 90.0, 45.0, True),
        (0.89, 5.0, 90.0, 45.0, True),
        (1.5, 0.1, 90.0, 45.0, False),  # 9 kW on a small station is within its meter
        (1.3, 5.0, 48.0, 45.0, False),  # a third of 3 K is within its sensors
        (1.5, 5.0, -3.0, -4.0, False),  # no water: nothing to balance
        (0.0, 5.0, 45.0, 90.0, True),
    ],
)
def test_power_is_flow_times_temperature_difference(share, m_flow, T_supply, T_return, wrong):
    expected = heat_flow(m_flow, T_supply, T_return) if T_supply > 0 else 20.0

    assert out_of_balance(share * expected, m_flow, T_supply, T_return) is wrong
