"""Nothing that acts upon the physical city is cut to fit: what is out of its range is refused by name."""

from dataclasses import replace

import numpy as np
import pytest

from simulators.faults.plant_port import MainBurst
from simulators.fieldtruth.troubles import FieldTroubles
from simulators.plant.city_checks import InputChecks
from simulators.plant.network.errors import DemandNotServed, InvalidValue
from tests.support.field_cities import Stepped, field_city

NAN, INF = float("nan"), float("inf")
LOOP, STATION, SOURCE, NODE = 2, "S003", "H001", 4
"""Row of a loop, a station, the source, row of a node."""


@pytest.fixture(scope="module")
def town():
    town = Stepped(field_city())
    town.step()
    return town


def loop_name(town, row):
    station = town.field.params.station.station
    first = int(np.searchsorted(station, station[row]))
    return f"{town.field.city.stations.id[station[row]]}/{row - first + 1}"


def with_value(inputs, key, place, value):
    if place is None:
        return replace(inputs, **{key: value})
    values = getattr(inputs, key).astype(float)
    values[place] = value
    return replace(inputs, **{key: values})


OF_LOOPS = [
    ("valve", 7.0), ("valve", -0.01), ("valve", NAN), ("valve", 1.0001),
    ("pump", 3.0), ("pump", NAN), ("pump", -INF),
    ("fouling", -2.0), ("fouling", NAN), ("fouling", INF),
    ("burst", 1.5), ("burst", -0.1), ("hole", -1e-9), ("hole", NAN),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), OF_LOOPS)
def test_a_loops_value_out_of_its_range_is_refused_with_key_value_and_loop(town, key, value):
    before = town.state
    with pytest.raises(InvalidValue, match=f"^{key} {value} is not within") as refused:
        town.step(lambda inputs: with_value(inputs, key, LOOP, value))
    assert refused.value.names == (loop_name(town, LOOP),)
    assert town.state is before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("source_share", 5.0), ("source_share", -0.1), ("source_share", NAN), ("source_T_set", 900.0),
        ("source_T_set", NAN), ("source_m_flow", -1.0), ("source_m_flow", INF),
    ],
)  # fmt: skip
def test_a_sources_value_out_of_its_range_is_refused_with_the_source(town, key, value):
    with pytest.raises(InvalidValue, match=f"^{key} {value} is not within .*, source: {SOURCE}$"):
        town.step(lambda inputs: with_value(inputs, key, 0, value))


@pytest.mark.parametrize("value", [-0.5, NAN, INF])
def test_a_leak_that_can_not_be_is_refused_with_its_node(town, value):
    name = town.field.params.network.node_names[NODE]
    with pytest.raises(InvalidValue) as refused:
        town.step(lambda inputs: with_value(inputs, "leak", NODE, value))
    assert refused.value.names == (name,)


@pytest.mark.parametrize("value", [-1.0, NAN, INF])
def test_a_pressure_that_no_source_holds_is_refused(town, value):
    with pytest.raises(InvalidValue, match=f"source_dp .*{SOURCE}"):
        town.step(lambda inputs: replace(inputs, source_dp=value))


@pytest.mark.parametrize(
    ("key", "value"),
    [("T_outdoor", NAN), ("T_outdoor", 300.0), ("wind", -1.0), ("wind", NAN), ("sun_direct", INF),
     ("sun_diffuse", -5.0), ("sun_elevation", 91.0), ("sun_azimuth", NAN)],
)  # fmt: skip
def test_weather_that_can_not_be_is_refused_with_its_key(town, key, value):
    with pytest.raises(InvalidValue, match=f"^{key} {value} of the weather"):
        town.step(lambda inputs: replace(inputs, sky=replace(inputs.sky, **{key: value})))


@pytest.mark.parametrize("key", ["valve", "source_share", "leak", "stuck", "source_on"])
def test_arrays_of_another_length_are_refused_with_both_lengths(town, key):
    with pytest.raises(InvalidValue, match=rf"^{key} has \d+ values for \d+ "):
        town.step(lambda inputs: replace(inputs, **{key: getattr(inputs, key)[:-1]}))


def test_every_place_that_is_wrong_is_named_not_only_the_first(town):
    inputs = with_value(with_value(town.control._plain, "valve", 0, NAN), "valve", 3, 2.0)
    with pytest.raises(InvalidValue) as refused:
        InputChecks(town.field.params).check(inputs)
    assert refused.value.names == (loop_name(town, 0), loop_name(town, 3))


def test_what_stands_at_the_ends_of_the_ranges_is_taken(town):
    ends = np.resize([0.0, 1.0], len(town.control._plain.valve))
    out = town.step(lambda inputs: replace(inputs, valve=ends, pump=ends[::-1].copy()))
    assert np.isfinite(out.T_supply).all()


def test_a_burst_main_that_takes_more_than_its_branch_brings_is_refused_with_the_station_that_lacks_it():
    town = Stepped(field_city())
    door = FieldTroubles(town.field, town.plant, town.control)
    door.begin(STATION, MainBurst(m_flow=20.0))
    with pytest.raises(DemandNotServed, match=f"worst at {STATION}: .* -.* kPa are left there"):
        town.step(door.applied)
