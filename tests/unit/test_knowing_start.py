"""A controller that starts knows what the one before it knew, as far as that can still be true."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from controller.config.fields import BuildingUse, Insulation
from controller.config.forecast import CalendarConfig
from controller.knowing.belief import first_belief
from controller.knowing.keeper import introduced
from controller.knowing.known import first_known, heard
from controller.knowing.opened import begun
from controller.knowing.store import KnowingStore
from controller.knowing.warm import AGE_MAX_S, kept, resumed
from controller.knowing.watch import ROOMS
from controller.strategies.inputs import StrategyInputs
from controller.wiring import loop_traits as traits_of
from optimizer.building_prior import INDEX_W_PER_M2, prior
from optimizer.identify.nightly import believed
from stations.model.reading import good
from tests.support.clocks import ManualClock
from tests.support.guard_world import NOW, loop_traits, observation
from tests.support.sites import loop_config, site_config, station_config

TOWN = {one.key: one for one in (loop_traits(1), loop_traits(2), loop_traits(3))}
FIRST = first_known(TOWN, -3.0)
ONE, TWO, THREE = TOWN


def lived():
    """Three loops of different rooms, heard once."""
    mean = FIRST.state.mean.copy()
    mean[:, 0] = (18.0, 21.0, 24.0)
    return replace(FIRST, state=replace(FIRST.state, mean=mean), at=500.0)


def test_rooms_go_on_where_they_stood_and_the_gap_is_one_long_step():
    known = resumed(FIRST, kept(lived(), NOW), NOW + 1800.0, 5000.0)
    assert known.state.T_indoor.tolist() == [18.0, 21.0, 24.0]
    assert known.at == 5000.0 - 1800.0
    assert known.state.slow == pytest.approx(lived().state.slow)


def test_loops_are_found_again_by_their_names():
    town = {key: TOWN[key] for key in (THREE, ONE)}
    new = replace(loop_traits(4))
    known = resumed(first_known(town | {new.key: new}, -3.0), kept(lived(), NOW), NOW, 5000.0)
    assert known.state.T_indoor[:2].tolist() == [24.0, 18.0]
    assert known.state.T_indoor[2] == FIRST.state.T_indoor[0]


@pytest.mark.parametrize("text", [None, "", "{}", '{"at": 1, "loops": [], "body": "AAAA"}', "[1]"])
def test_what_can_not_be_read_begins_anew(text):
    assert resumed(FIRST, text, NOW, 5000.0) is FIRST


@pytest.mark.parametrize("passed_s", [AGE_MAX_S + 1.0, -1.0])
def test_rooms_of_days_ago_and_of_tomorrow_begin_anew(passed_s):
    assert resumed(FIRST, kept(lived(), NOW), NOW + passed_s, 5000.0) is FIRST


def test_a_number_that_is_none_is_not_resumed():
    broken = lived()
    broken.state.mean[0, 0] = np.nan
    assert resumed(FIRST, kept(broken, NOW), NOW, 5000.0) is FIRST


def test_the_first_cycle_after_a_stop_of_hours_is_finite_and_less_sure():
    known = resumed(FIRST, kept(lived(), NOW), NOW + 7 * 3600.0, 5000.0)
    inputs = StrategyInputs(
        now=NOW + 7 * 3600.0,
        monotonic=5000.0,
        laws={},
        T_outdoor=-3.0,
        T_outdoor_filtered={},
        observations={key: replace(observation(), key=key, T_supply=good(50.0, NOW)) for key in TOWN},
        readings={},
        sent={},
    )
    after = heard(known, inputs, None, None)
    assert np.isfinite(after.state.mean).all()
    assert after.state.T_indoor[2] > after.state.T_indoor[0]


def test_a_site_begins_with_priors_by_use_and_comes_back_with_what_was_found(tmp_path):
    hours = CalendarConfig(monday="08:00-18:00")
    school = station_config("S002", loops=(loop_config(calendar="school"),))
    site = site_config(tmp_path, station_config(), school, calendars={"school": hours}, data=tmp_path)
    traits, clock = traits_of(site), ManualClock()
    known, keeper, store = begun(site, traits, None, clock)
    assert known.buildings.UA[1] > known.buildings.UA[0]
    assert keeper.beliefs == {}
    assert known.at is None
    key = known.keys[0]
    told = first_belief(key, keeper.loops[key])
    building = replace(told.identified.building, UA=np.array([2.2]))
    store.believe([replace(told, identified=replace(told.identified, candidate=believed(building)))])
    store.note(ROOMS, kept(replace(known, at=0.0), clock.now()))
    clock.advance(600.0)
    again = begun(site, traits, None, clock)
    assert again.known.buildings.UA[0] == 2.2
    assert again.known.at == clock.monotonic() - 600.0
    assert again.keeper.loops[key].at == clock.now() - 600.0
    assert again.known.trust is again.known.state.trust


def test_the_list_s_words_are_those_that_priors_are_known_for():
    assert get_args(BuildingUse) == tuple(INDEX_W_PER_M2)
    assert all(get_args(Insulation) == tuple(levels) for levels in INDEX_W_PER_M2.values())


def test_what_the_list_says_of_houses_is_what_their_loops_begin_with(tmp_path):
    words = [{}, {"insulation": "old"}, {"insulation": "new"}, {"building": "hospital"}, {"calendar": "open"}]
    loops = [loop_config(**told) for told in words]
    stations = [station_config(f"S{n:03d}", loops=(loop,)) for n, loop in enumerate(loops, 1)]
    calendars = {"open": CalendarConfig(monday="08:00-18:00")}
    site = site_config(tmp_path, *stations, calendars=calendars, data=tmp_path)
    kinds = [("residential", "saving"), ("residential", "old"), ("residential", "new")]
    kinds += [("hospital", "saving"), ("office", "saving")]
    known, keeper, _ = begun(site, traits_of(site), None, ManualClock())
    expected = prior(
        building_type=[use for use, _ in kinds],
        emitter=["radiator"] * 5,
        insulation=[level for _, level in kinds],
        area=known.buildings.area,
    )
    for name in ("UA", "q_n", "gain"):
        np.testing.assert_array_equal(getattr(known.buildings, name), getattr(expected, name))
    assert len(set(known.buildings.UA)) == 5
    assert expected.UA[1] == keeper.loops[known.keys[1]].prior.UA, "identification begins there as well"


def test_a_loop_that_left_the_site_stays_in_the_store_and_is_not_believed_in(tmp_path):
    store = KnowingStore(tmp_path)
    store.introduce(introduced(FIRST, TOWN, NOW))
    site = site_config(tmp_path, station_config(), data=tmp_path)
    _, keeper, _ = begun(site, traits_of(site), None, ManualClock())
    assert set(keeper.loops) == {ONE}
    assert set(store.introduced()) == set(TOWN)
