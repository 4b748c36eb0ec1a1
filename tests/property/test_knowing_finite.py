"""Whatever stations say, and whatever is believed of them next, what is known stays finite."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.knowing.belief import Belief, first_belief, restored, stored
from controller.knowing.gathered import Gatherer, sampled
from controller.knowing.keeper import Keeper, introduced
from controller.knowing.known import first_known, heard, measurements
from controller.strategies.inputs import StrategyInputs
from optimizer.identify.parameters import BOX, boxed
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain
from tests.support.guard_world import MONOTONIC, NOW, loop_traits, observation

TOWN = {one.key: one for one in (loop_traits(1), loop_traits(2, emitter="floor"))}
FIRST = first_known(TOWN, -3.0)
LOOPS = introduced(FIRST, TOWN, NOW)

number = st.one_of(st.floats(-1e6, 1e6), st.floats(-20.0, 90.0), st.sampled_from([0.0, -0.0, 1e300, 65504.0]))
reading = st.one_of(
    number.map(lambda value: good(value, NOW)),
    number.map(lambda value: uncertain(value, Reason.RATE, NOW)),
    st.just(bad(Reason.SENTINEL, NOW)),
)
weather = st.one_of(st.none(), number, st.sampled_from([float("nan"), float("inf")]))


@st.composite
def cycles(draw):
    """One cycle at any time after the last, with any readings."""
    observations, readings = {}, {}
    for key in TOWN:
        water = {name: draw(reading) for name in ("T_supply", "T_return", "m_flow")}
        running = draw(st.sampled_from([True, False, None]))
        observations[key] = replace(observation(), key=key, pump_running=running, **water)
        readings[key.station] = {
            point: draw(reading) for point in (Point(1, "T_indoor_mean"), Point(0, "Q_flow_primary"))
        }
    return draw(st.sampled_from([1.0, 60.0, 900.0, 1e5])), observations, readings, draw(weather)


@st.composite
def houses(draw):
    """Buildings anywhere in the box."""
    values = {name: draw(st.floats(*BOX[name])) for name in BOX}
    return {name: np.array([value]) for name, value in values.items()}


def believing(key, numbers):
    begun = first_belief(key, LOOPS[key])
    envelope = (1.0 - numbers["share_direct"]) * numbers["UA"]
    wide = numbers | {"h_ie": np.maximum(numbers["h_ie"], 1.2 * envelope)}
    building = boxed(replace(begun.identified.building, **wide))
    candidate = begun.identified.candidate._replace(buildings=building)
    return replace(begun, identified=replace(begun.identified, candidate=candidate, T_indoor_sd=0.7))


@settings(max_examples=12, deadline=None)
@given(st.lists(cycles(), min_size=1, max_size=4), st.lists(houses(), max_size=2))
def test_what_is_believed_is_finite_and_rooms_are_rooms(told, moves):
    known, keeper, gatherer = FIRST, Keeper(FIRST, LOOPS), Gatherer(FIRST.keys)
    passed = 0.0
    for place, (dt_s, observations, readings, sky) in enumerate(told):
        passed += dt_s
        inputs = StrategyInputs(
            now=NOW,
            monotonic=MONOTONIC + passed,
            laws={},
            T_outdoor=sky if sky is not None and np.isfinite(sky) else None,
            T_outdoor_filtered={},
            observations=observations,
            readings=readings,
            sent={},
        )
        known = heard(known, inputs, sky, sky)
        quarter = gatherer.note(NOW + passed, *sampled(known, inputs, measurements(known, inputs, sky, sky)))
        if quarter is not None:
            assert np.isfinite(quarter.loops[~np.isnan(quarter.loops)]).all()
        if place < len(moves):
            keeper.learned(believing(key, moves[place]) for key in TOWN)
            known = keeper.believe(known)
        assert np.isfinite(known.state.mean).all()
        assert np.isfinite(known.state.covariance).all()
        assert (known.state.T_indoor_sd > 0.0).all()
        assert ((known.state.T_indoor > -61.0) & (known.state.T_indoor < 91.0)).all()


@settings(max_examples=20, deadline=None)
@given(houses())
def test_any_house_comes_back_from_a_file_as_it_was(numbers):
    one = believing(next(iter(TOWN)), numbers)
    again = restored(stored(one))
    assert isinstance(again, Belief)
    for name in BOX:
        assert getattr(again.identified.building, name) == getattr(one.identified.building, name)
