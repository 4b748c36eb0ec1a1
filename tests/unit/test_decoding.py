"""The border between wire numbers and readings."""

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from stations.decoding import straight, to_raw, to_reading
from stations.model.points import POINTS
from stations.model.quality import Quality, Reason
from stations.profile import ProfilePoint, builtin_profile, known_profiles

TEMPERATURE = ProfilePoint(
    name="T_outdoor", unit="degC", type="int16", scale=0.1, sentinels=(-32768.0, 32767.0)
)
FLOW = ProfilePoint(name="m_flow_secondary_set", unit="t/h", type="float32", access="write", minimum=0.1)
LEVEL = ProfilePoint(name="remote_level", unit="1", type="bool", inverted=True, access="write")
TIMER = ProfilePoint(name="deadman_remaining", unit="min", type="uint16", access="write")
TIMER_S = ProfilePoint(name="deadman_remaining", unit="s", type="uint16", access="write")


@pytest.mark.parametrize(
    ("point", "raw", "value"),
    [
        (TEMPERATURE, -83.0, -8.3),
        (TEMPERATURE, 0.0, 0.0),
        (FLOW, 36.0, 10.0),
        (LEVEL, 0.0, 1.0),
        (LEVEL, 1.0, 0.0),
        (TIMER, 10.0, 600.0),
        (TIMER_S, 600.0, 600.0),
        (ProfilePoint(name="T_outdoor", unit="degC", type="uint16", scale=0.1, offset=-50.0), 417.0, -8.3),
    ],
)
def test_a_raw_number_becomes_a_value_inside_and_back(point, raw, value):
    reading = to_reading(point, raw, 5.0, 6.0)
    assert (reading.value, reading.quality) == (pytest.approx(value), Quality.GOOD)
    assert (reading.measured_at, reading.received_at) == (5.0, 6.0)
    assert to_raw(point, value) == pytest.approx(raw)


@pytest.mark.parametrize(
    ("point", "raw", "reason"),
    [
        (TEMPERATURE, -32768.0, Reason.SENTINEL),
        (TEMPERATURE, 32767.0, Reason.SENTINEL),
        (TEMPERATURE, 501.0, Reason.OUT_OF_RANGE),
        (TEMPERATURE, -501.0, Reason.OUT_OF_RANGE),
        (FLOW, float("nan"), Reason.NOT_A_NUMBER),
        (FLOW, float("inf"), Reason.NOT_A_NUMBER),
        (FLOW, 3.4e38, Reason.OUT_OF_RANGE),
        (FLOW, -0.1, Reason.OUT_OF_RANGE),
    ],
)
def test_what_is_no_value_is_bad_with_a_reason(point, raw, reason):
    reading = to_reading(point, raw, 5.0, 6.0)
    assert (reading.value, reading.reason) == (None, reason)


@pytest.mark.parametrize(
    "point",
    [
        TEMPERATURE,
        FLOW,
        LEVEL,
        ProfilePoint(name="T_outdoor", unit="degC", type="int16", scale=0.1, sentinels=(-100.0,)),
    ],
    ids=["sentinels beyond the bounds", "none", "a bool", "a sentinel that looks like a value"],
)
def test_the_straight_way_takes_only_what_the_decoder_takes_for_a_value_and_to_the_same(point):
    way = straight(point)
    for raw in (-32768.0, -100.0, -83.0, 0.0, 1.0, 36.0, 501.0, 32767.0, float("nan"), float("inf")):
        value = (raw * way.scale + way.offset) * way.factor
        if way.low <= value <= way.high:
            assert to_reading(point, raw, 5.0, 6.0).value == value


def test_the_device_may_name_another_unit():
    power = ProfilePoint(name="Q_flow_primary", unit="kW", type="float32")
    assert to_reading(power, 2.0, 0.0, 0.0, unit="MW").value == 2000.0


@pytest.mark.parametrize(
    ("point", "value"),
    [
        (FLOW, 0.0),
        (FLOW, 2001.0),
        (FLOW, float("nan")),
        (FLOW, float("inf")),
        (TIMER, 65_536.0 * 60.0),
        (TIMER, -60.0),
        (LEVEL, -1.0),
        (ProfilePoint(name="dT_supply_secondary_offset", unit="K", type="int16", scale=0.0001), 5.0),
        (
            ProfilePoint(name="T_outdoor_centre", unit="degC", type="int16", scale=0.01, sentinels=(1000.0,)),
            10.0,
        ),
        (ProfilePoint(name="E_heat_primary", unit="kWh", type="float32", scale=1e-30), 1e9),
    ],
)
def test_a_value_outside_the_bounds_of_point_or_wire_is_never_encoded(point, value):
    with pytest.raises(ValueError, match="not written"):
        to_raw(point, value)


ALL_POINTS = [
    point
    for name in known_profiles()
    for point in builtin_profile(name).points
    if point.type != "split_decimal"
]


@given(data=st.data())
def test_what_is_encoded_is_read_back_within_the_resolution(data):
    point = data.draw(st.sampled_from(ALL_POINTS))
    low, high = point.bounds()
    value = data.draw(st.sampled_from([0.0, 1.0]) if point.type == "bool" else st.floats(low, high))
    try:
        raw = to_raw(point, value)
    except ValueError as refusal:
        event(str(refusal).partition("does not")[1])
        assume(False)
    reading = to_reading(point, raw, 0.0, 0.0)
    if reading.value is None:  # the wire's nearest step lies just beyond the bound
        assert min(value - low, high - value) <= point.resolution + 1e-9 * max(abs(low), abs(high))
    else:
        assert reading.value == pytest.approx(value, abs=point.resolution / 2 + 1e-9 * max(1.0, abs(value)))


@given(raw=st.floats(), point=st.sampled_from(ALL_POINTS))
def test_no_raw_number_ever_gives_a_good_value_outside_the_possible(raw, point):
    reading = to_reading(point, raw, 0.0, 0.0)
    if reading.value is not None:
        spec = POINTS[point.name]
        assert spec.minimum <= reading.value <= spec.maximum
