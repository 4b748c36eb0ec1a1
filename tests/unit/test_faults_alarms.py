"""Faults of values in front of the controller's validation and alarms: the reason and the alarm of each."""

import copy

import pytest

from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from tests.support.alarm_bench import START, AlarmBench, station
from tests.support.spoilt import spoilt

T_SUPPLY, T_RETURN = Point(1, "T_supply_secondary"), Point(1, "T_return_secondary")
FLOW_PRIMARY, ENERGY = Point(0, "m_flow_primary"), Point(0, "E_heat_primary")


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """Two stations that have run for seven hours: units are judged by a past of six."""
    folder = tmp_path_factory.mktemp("site")
    bench = AlarmBench(folder, [station(f"S{i:02}", host=f"10.0.0.{i}") for i in range(1, 3)])
    assert bench.run(7 * 60).shown() == set()
    return bench


TABLE = [
    # (fault, options, minutes, point, reason seen, alarm)
    ("missing_sensor", {}, 10, T_SUPPLY, Reason.SENTINEL, "sensor_bad:S01:1:T_supply_secondary"),
    ("frozen_sensor", {}, 90, T_RETURN, Reason.FROZEN, "sensor_frozen:S01:1:T_return_secondary"),
    ("swapped_sensors", {}, 15, T_SUPPLY, Reason.SWAPPED, "sensor_swapped:S01:1:T_supply_secondary"),
    (
        "swapped_sensors",
        {"side": "primary"},
        15,
        Point(0, "T_supply_primary"),
        Reason.SWAPPED,
        "sensor_swapped:S01:0:T_supply_primary",
    ),
    ("wrong_unit", {"factor": 3.6}, 15, FLOW_PRIMARY, Reason.UNIT_SWAP, "sensor_unit:S01:0:m_flow_primary"),
    (
        "wrong_unit",
        {"factor": 0.1, "points": ["T_supply_primary"]},
        15,
        Point(0, "T_supply_primary"),
        Reason.UNIT_SWAP,
        "sensor_unit:S01:0:T_supply_primary",
    ),
    ("spikes", {"every_s": 240.0}, 60, T_SUPPLY, None, "sensor_erratic:S01:1:T_supply_secondary"),
    ("counter", {"how": "stuck"}, 90, ENERGY, None, "counter_stuck:S01:0:E_heat_primary"),
]


@pytest.mark.parametrize(("name", "options", "minutes", "point", "reason", "alarm"), TABLE)
async def test_a_spoilt_value_is_doubted_with_its_reason_and_told(
    healthy, name, options, minutes, point, reason, alarm
):
    bench = copy.deepcopy(healthy)
    reasons = set()

    def watch():
        reading = bench.state.image["S01"].readings[point]
        if reading.quality is not Quality.GOOD:
            reasons.add(reading.reason)

    bench.before_look = watch
    began = bench.clock.elapsed
    async with spoilt(name, begins=START + began, **options) as spoil:
        bench.faults["S01"] = lambda values, elapsed: spoil(values, START + elapsed)
        bench.run(minutes)
        assert bench.shown() == {alarm}
    if reason is not None:
        assert reason in reasons


async def test_a_counter_that_begins_again_is_doubted_once_and_no_alarm(healthy):
    bench = copy.deepcopy(healthy)
    doubted = []

    def watch():
        reading = bench.state.image["S01"].readings[ENERGY]
        if reading.reason is Reason.COUNTER_RESET:
            doubted.append(reading.measured_at)

    bench.before_look = watch
    async with spoilt("counter", begins=START + bench.clock.elapsed, how="reset") as spoil:
        bench.faults["S01"] = lambda values, elapsed: spoil(values, START + elapsed)
        bench.run(30)
    assert len(doubted) == 1
    assert bench.shown() == set()


async def test_a_slow_drift_of_a_balanced_sensor_is_found_by_the_balance(healthy):
    bench = copy.deepcopy(healthy)
    reasons = set()

    def watch():
        reasons.update(reading.reason for reading in bench.state.image["S01"].readings.values())

    bench.before_look = watch
    async with spoilt("drifting_sensor", begins=START + bench.clock.elapsed, per_hour=6.0) as spoil:
        bench.faults["S01"] = lambda values, elapsed: spoil(values, START + elapsed)
        bench.run(180)
    assert Reason.ENERGY_BALANCE in reasons


async def test_a_drift_grows_with_time_and_a_spike_lasts_a_tenth():
    async with spoilt("drifting_sensor", begins=0.0, per_hour=2.0, points=["T_outdoor"]) as spoil:
        values = {Point(0, "T_outdoor"): -5.0, T_SUPPLY: 50.0}
        spoil(values, 5400.0)
        assert values == {Point(0, "T_outdoor"): -2.0, T_SUPPLY: 50.0}
    async with spoilt("spikes", begins=100.0, size=30.0, every_s=50.0) as spoil:
        shown = []
        for now in range(100, 200):
            values = {T_SUPPLY: 50.0}
            spoil(values, float(now))
            shown.append(values[T_SUPPLY])
        assert [now for now, value in zip(range(100, 200), shown, strict=True) if value == 80.0] == [
            *range(100, 105),
            *range(150, 155),
        ]
