"""From what was gathered to what is believed: by small steps, with a loop's own answer, and why not."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from controller.knowing.belief import Asked, first_belief, with_beliefs
from controller.knowing.gathered import SERIES, Gatherer, MemoryRecord
from controller.knowing.keeper import Keeper, introduced
from controller.knowing.known import first_known
from controller.knowing.nightly import identified, room_by, summary, usual_room
from optimizer.reason import Reason
from tests.support.gathered_houses import gathered, keys, two_houses
from tests.support.guard_world import loop_traits

HOUSES = two_houses()
ONE, TWO = HOUSES
DAY_S = 86_400.0


def town():
    return {one.key: one for one in (loop_traits(1), loop_traits(2))}


@cache
def record(*, sensors=True):
    return gathered(HOUSES, sensors=sensors)


def loops(at):
    return introduced(first_known(town(), -3.0), town(), at)


def night(beliefs=None, *, sensors=True, seen_days=1.0, keys=(ONE,), **how):
    kept, end = record(sensors=sensors)
    return list(identified(kept.window(keys), loops(end - seen_days * DAY_S), beliefs or {}, end, **how))


def test_numbers_move_by_a_tenth_for_each_day_that_they_stood_still():
    (one,) = night()
    before = loops(0.0)[ONE].prior
    assert one.identified.state == "accepted"
    assert one.source == "night"
    assert one.moved_at == one.at
    assert one.identified.building.UA[0] / before.UA[0] == pytest.approx(1.1, abs=0.01)
    (late,) = night(seen_days=2.0)
    assert late.identified.building.UA[0] > one.identified.building.UA[0]
    (at_once,) = night(at_once=True)
    assert at_once.identified.building.UA[0] == pytest.approx(1.9, rel=0.07)


def test_what_is_believed_reaches_the_estimate_with_its_doubt():
    first = first_known(town(), -3.0)
    found = night(at_once=True)
    keeper = Keeper(first, loops(0.0))
    keeper.learned(found)
    known = keeper.believe(first)
    assert known.buildings.UA[0] == pytest.approx(1.9, rel=0.07)
    assert known.buildings.UA[1] == first.buildings.UA[1]
    assert known.trust.level_sd[0] == pytest.approx(found[0].identified.T_indoor_sd)
    assert known.state.trust is known.trust
    assert known.buildings.flow_design == pytest.approx(first.buildings.flow_design)
    assert keeper.believe(known) is known


def test_a_loop_that_is_no_longer_here_is_not_believed_in():
    alone = {ONE: town()[ONE]}
    first = first_known(alone, -3.0)
    keeper = Keeper(first, introduced(first, alone, 0.0), {TWO: first_belief(TWO, loops(0.0)[TWO])})
    assert keeper.beliefs == {}


def test_without_sensors_its_own_answer_tells_how_warm_a_loop_is_and_narrows_its_doubt():
    kept, end = record(sensors=False)
    house = HOUSES[ONE]
    told = loops(end - DAY_S)[ONE]
    asked = Asked(end, house.K * told.prior.excess_n[0] ** 1.3, 0.5)
    begun = replace(first_belief(ONE, told), asked=asked)
    rows = kept.window((ONE,))
    room = room_by(told.prior, asked, *(rows.of(0, name) for name in ("T_supply", "T_return", "q")))
    T_true = gathered(HOUSES)[0].window((ONE,)).of(0, "T_indoor").mean()
    assert room == pytest.approx(T_true, abs=0.6)
    (with_answer,) = night({ONE: begun}, sensors=False, at_once=True)
    (without,) = night(sensors=False, at_once=True)
    assert with_answer.identified.fitted.T_indoor_mean == pytest.approx(T_true, abs=0.8)
    assert with_answer.identified.T_indoor_sd < without.identified.T_indoor_sd
    assert with_answer.asked is asked


def test_loops_without_sensors_are_thought_to_be_as_warm_as_those_with_them():
    kept, _ = gathered(two_houses((1.9, 1.5, 1.7, 1.6)), days=2)
    window = kept.window(keys(4))
    one_is_silent = window.loops.copy()
    one_is_silent[:, 3, SERIES.index("T_indoor")] = np.nan
    told = usual_room(replace(window, loops=one_is_silent))
    means = [window.of(place, "T_indoor").mean() for place in range(3)]
    assert told.T_indoor == pytest.approx(np.mean(means), abs=0.01)
    assert usual_room(kept.window(keys(2))) is None


def test_no_water_tells_no_room():
    asked = Asked(0.0, 60.0, 0.5)
    nothing = np.array([np.nan, 20.0])
    assert room_by(loops(0.0)[ONE].prior, asked, nothing, nothing, nothing) is None


def test_an_empty_record_refuses_every_loop_and_changes_nothing():
    found = list(identified(MemoryRecord().window((ONE, TWO)), loops(0.0), {}, 1e9))
    assert summary(found) == {"accepted": 0, "kept": 0, "refused": 2}
    for one in found:
        assert one.identified.reasons[0].id == "identify.no_rows"
        assert one.source == "prior"
        assert isinstance(one.delay, Reason)
    first = first_known(town(), -3.0)
    again = with_beliefs(first, first, {one.key: one for one in found})
    assert pytest.approx(first.buildings.UA) == again.buildings.UA
    assert again.trust.level_sd == pytest.approx(first.trust.level_sd)


@pytest.mark.parametrize("hours", [0.5, 1, 23, 24, 25, 120])
def test_the_first_nights_have_too_little_to_learn_from_and_say_so(hours):
    kept, end = record()
    whole = kept.window((ONE,))
    few = round(4 * hours)
    short = replace(whole, times=whole.times[:few], loops=whole.loops[:few], shared=whole.shared[:few])
    (one,) = identified(short, loops(end), {}, end)
    assert one.identified.state == "refused"
    assert one.identified.reasons[0].id in {"identify.no_rows", "identify.too_few_days"}


def test_a_refused_night_keeps_what_was_known_of_the_doubt():
    begun = first_belief(ONE, loops(0.0)[ONE])
    known = replace(begun, identified=replace(begun.identified, T_indoor_sd=0.8))
    (one,) = identified(MemoryRecord().window((ONE,)), loops(0.0), {ONE: known}, 1e9)
    assert one.identified.T_indoor_sd == 0.8


def test_exchanger_delay_and_pump_are_looked_at_beside_the_house():
    (one,) = night()
    assert one.exchanger.id == "identify.exchanger_idle"  # its primary side was not measured
    assert one.delay.id == "identify.holes"
    assert one.pump.id == "identify.pump_points"
    shared = {key: told._replace(alone=False) for key, told in loops(0.0).items()}
    kept, end = record()
    beside_another = next(identified(kept.window((ONE,)), shared, {}, end))
    assert beside_another.exchanger.id == "identify.exchanger_loops_unmetered"


def test_a_site_without_loops_gathers_nothing():
    keeper = Keeper(first_known({}, None), {})
    assert keeper.note(first_known({}, None), None, None, None) is None
    assert Gatherer(()).keys == ()
