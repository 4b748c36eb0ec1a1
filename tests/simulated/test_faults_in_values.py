"""Faults of values on real sockets: what the controller's driver reads of the same truth, spoilt."""

import math

import pytest
import pytest_asyncio

from stations.driver import Deadlines
from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from tests.support.fault_bench import fault_bench

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults")]

FLOW = Point(1, "m_flow_secondary")
T_SUPPLY, T_RETURN = Point(1, "T_supply_secondary"), Point(1, "T_return_secondary")
FLOW_PRIMARY, ENERGY = Point(0, "m_flow_primary"), Point(0, "E_heat_primary")
PROFILES = ["plc-a", "opcua-substation"]
PATIENT = Deadlines(connect_s=30.0, request_s=30.0, close_s=5.0)
"""What is read is tested here, not how soon: server and driver share a loop, and a machine with others."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory):
    """A city whose time stands nearly still, so that what differs differs by a fault."""
    async with fault_bench(tmp_path_factory.mktemp("city"), factor=1.0) as running:
        yield running


async def read(bench, post):
    async with bench.connected(post, PATIENT) as driver:
        return await driver.read()


async def before_and_during(bench, post, name, **options):
    before = await read(bench, post)
    async with bench.fault(name, post, **options):
        during = await read(bench, post)
    after = await read(bench, post)
    for point in (T_SUPPLY, T_RETURN, FLOW_PRIMARY):
        assert after[point].value == pytest.approx(before[point].value, rel=0.1)
    return before, during


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("value", "quality", "reason", "number"),
    [
        ("nan", Quality.BAD, Reason.NOT_A_NUMBER, None),
        ("infinity", Quality.BAD, Reason.NOT_A_NUMBER, None),
        ("minus_infinity", Quality.BAD, Reason.NOT_A_NUMBER, None),
        ("huge", Quality.BAD, Reason.OUT_OF_RANGE, None),
        ("minus_zero", Quality.GOOD, Reason.OK, 0.0),
        ("denormal", Quality.GOOD, Reason.OK, 0.0),
    ],
)
async def test_what_no_measurement_can_be_is_no_value(bench, profile, value, quality, reason, number):
    _, during = await before_and_during(bench, bench.post(profile), "not_a_number", value=value)
    reading = during[FLOW]
    assert (reading.quality, reason) == (quality, reading.reason)
    if number is None:
        assert reading.value is None
    else:
        assert reading.value == pytest.approx(number, abs=1e-30)
        assert math.isfinite(reading.value)
    assert during[T_SUPPLY].quality is Quality.GOOD


@pytest.mark.parametrize(
    ("profile", "reason"), [("plc-a", Reason.SENTINEL), ("opcua-substation", Reason.STATUS_BAD)]
)
async def test_a_missing_sensor_shows_the_devices_sign_for_it(bench, profile, reason):
    _, during = await before_and_during(bench, bench.post(profile), "missing_sensor")
    assert (during[T_SUPPLY].quality, during[T_SUPPLY].reason) == (Quality.BAD, reason)


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_spike_is_as_high_as_was_asked(bench, profile):
    post = bench.post(profile)
    before, during = await before_and_during(bench, post, "spikes", size=30.0, every_s=86_400)
    assert during[T_SUPPLY].value - before[T_SUPPLY].value == pytest.approx(30.0, abs=2.0)


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_frozen_value_is_what_it_was(tmp_path, profile):
    # a city of its own: what is done to its water here stays in it
    async with fault_bench(tmp_path, factor=1.0) as bench:
        post, city = bench.post(profile), bench.simulation.city
        async with bench.fault("frozen_sensor", post, points=["T_return_secondary", "m_flow_secondary"]):
            first = await read(bench, post)
            city.works.loops.T_return[:] += 5.0
            city.step(city.now + 10.0)
            second = await read(bench, post)
        third = await read(bench, post)
    assert third[T_RETURN].value > first[T_RETURN].value + 1.0, "nothing has changed behind the frozen value"
    assert (second[T_RETURN].value, second[FLOW].value) == (first[T_RETURN].value, first[FLOW].value)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("side", ["primary", "secondary"])
async def test_swapped_sensors_show_each_others_value(bench, profile, side):
    loop = 0 if side == "primary" else 1
    supply, return_ = Point(loop, f"T_supply_{side}"), Point(loop, f"T_return_{side}")
    before, during = await before_and_during(bench, bench.post(profile), "swapped_sensors", side=side)
    assert during[supply].value == pytest.approx(before[return_].value, abs=2.0)
    assert during[return_].value == pytest.approx(before[supply].value, abs=2.0)


@pytest.mark.parametrize("profile", PROFILES)
async def test_another_unit_shows_a_multiple(bench, profile):
    before, during = await before_and_during(bench, bench.post(profile), "wrong_unit", factor=3.6)
    ratio = during[FLOW_PRIMARY].value / before[FLOW_PRIMARY].value
    assert ratio == pytest.approx(3.6, rel=0.1)


async def test_another_word_order_leaves_no_long_value_as_it_was(bench):
    before, during = await before_and_during(bench, bench.post("plc-a"), "word_order")
    for point in (FLOW_PRIMARY, ENERGY, FLOW):
        assert before[point].quality is Quality.GOOD
        value = during[point].value
        assert value is None or value != pytest.approx(before[point].value, rel=0.2)
    assert during[T_SUPPLY].value == pytest.approx(before[T_SUPPLY].value, abs=2.0)


async def test_a_register_that_runs_over_shows_what_is_left_in_16_bits(bench):
    post = bench.post("plc-a")
    before, during = await before_and_during(
        bench, post, "int16_overflow", finer=10, points=["T_return_secondary", "T_supply_primary"]
    )
    for point in (T_RETURN, Point(0, "T_supply_primary")):
        raw = round(before[point].value * 100.0 * 10.0) & 0xFFFF
        shown = (raw - 65_536 if raw > 32_767 else raw) / 100.0
        seen = during[point].value
        assert seen is None or seen == pytest.approx(shown, abs=20.0)
        assert seen is None or abs(seen - before[point].value) > 20.0


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_counter_begins_again_runs_over_or_stands(bench, profile):
    post = bench.post(profile)
    before, reset = await before_and_during(bench, post, "counter", how="reset")
    assert before[ENERGY].value > 1000.0
    assert reset[ENERGY].value == pytest.approx(0.0, abs=5.0)
    _, stuck = await before_and_during(bench, post, "counter", how="stuck")
    assert stuck[ENERGY].value == pytest.approx(before[ENERGY].value, rel=0.01)
    _, short = await before_and_during(bench, post, "counter", how="rollover_16")
    step = next(p for p in bench.driver(post)._profile.points if p.name == "E_heat_primary")
    modulus = 65_536.0 * step.scale * step.factor()
    assert 0.0 <= short[ENERGY].value < modulus
    if before[ENERGY].value > modulus:
        assert short[ENERGY].value == pytest.approx(before[ENERGY].value % modulus, abs=5.0)
