"""Every night: accepted by small steps, kept where the old numbers foretold better, refused with a reason."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from optimizer.building_prior import prior
from optimizer.identify.history import History
from optimizer.identify.nightly import believed, identify
from optimizer.identify.parameters import NAMES
from tests.support.houses import House, recorded, sized


@cache
def record(UA=1.9, seed=1, days=15):
    return recorded(sized(UA), days=days, seed=seed)[0]


def a_prior():
    return prior(building_type=["residential"], emitter=["radiator"], insulation=["saving"], area=[6e4])


def history(rows, **changes):
    return History(**(rows | changes))


def relative(old, new):
    """Largest change of any number but the gain, as a factor."""
    return max(
        float(
            max(getattr(new, name)[0] / getattr(old, name)[0], getattr(old, name)[0] / getattr(new, name)[0])
        )
        for name in NAMES
        if name != "gain"
    )


def test_a_better_set_takes_over_by_a_tenth_a_night_at_most():
    begun = believed(a_prior())
    found = identify(history(record()), begun, a_prior())
    assert found.state == "accepted"
    assert 1.05 < relative(begun.buildings, found.building) <= 1.1 + 1e-9
    assert abs(found.building.gain[0] - begun.buildings.gain[0]) <= 0.5
    (reason,) = found.reasons
    assert reason.params["challenger"] < reason.params["champion"]
    assert reason.params["measure"] == "indoor_K"


def test_night_by_night_it_comes_to_what_the_record_says():
    candidate, told = believed(a_prior()), []
    for _ in range(8):
        found = identify(history(record()), candidate, a_prior())
        candidate = found.candidate
        told.append(found.T_indoor_sd)
    assert candidate.buildings.UA[0] == pytest.approx(found.fitted.building.UA[0], rel=0.05)
    assert told[-1] < told[0]


def test_an_engineer_may_take_all_of_it_at_once():
    found = identify(history(record()), believed(a_prior()), a_prior(), days=math.inf)
    assert found.building.UA[0] == pytest.approx(found.fitted.building.UA[0])
    assert found.building.UA[0] == pytest.approx(1.9, rel=0.07)
    assert found.emitter_K == pytest.approx(55.0 / 1.2, rel=0.1)


def test_numbers_that_foretold_the_last_day_as_well_are_kept():
    best = identify(history(record()), believed(a_prior()), a_prior(), days=math.inf).candidate
    # a week that says something else, and a last day that does not
    rows = {name: values.copy() for name, values in record().items()}
    rows["T_indoor"][: 14 * 96] += 0.05 * (rows["T_outdoor"][: 14 * 96] + 2.0)
    found = identify(history(rows), best, a_prior())
    assert found.state == "kept"
    assert found.candidate is best
    (reason,) = found.reasons
    assert reason.params["champion"] <= reason.params["challenger"]


def test_without_sensors_the_heat_of_the_last_day_is_the_judge():
    found = identify(history(record(), T_indoor=None), believed(a_prior()), a_prior())
    assert found.reasons[0].params["measure"] == "heat_share"
    assert found.state == "accepted"


def nothing_in_the_last_day(rows):
    rows["T_indoor"][14 * 96 :] = rows["T_supply"][14 * 96 :] = np.nan


def nothing_of_rooms(rows):
    rows["T_indoor"][:] = rows["T_supply"][:] = np.nan


def five_days(rows):
    rows["q"][: 10 * 96] = np.nan


def a_first_evening(rows):
    for name in rows:
        rows[name] = rows[name][:40]


def swapped(rows):
    rows["T_indoor"][:] = np.nan
    rows["T_supply"], rows["T_return"] = rows["T_return"], rows["T_supply"]


def another_house(rows):
    rows["T_indoor"] = 20.0 + 6.0 * np.sin(np.arange(len(rows["q"])) / 40.0)


def no_times(rows):
    rows["times"][:] = np.nan


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (nothing_in_the_last_day, "identify.nothing_to_replay"),
        (nothing_of_rooms, "identify.nothing_tells_room"),
        (five_days, "identify.too_few_days"),
        (a_first_evening, "identify.too_few_days"),
        (swapped, "identify.nothing_tells_room"),
        (another_house, "identify.does_not_fit"),
        (no_times, "identify.no_rows"),
    ],
)
def test_a_record_that_does_not_suffice_is_refused_and_changes_nothing(spoil, told):
    rows = {name: values.copy() for name, values in record().items()}
    spoil(rows)
    begun = believed(a_prior())
    found = identify(history(rows), begun, a_prior())
    assert found.state == "refused"
    assert found.reasons[0].id == told
    assert found.candidate is begun


def test_the_window_follows_the_season():
    """Three weeks; in the first the sun came through twice as large windows. Only the last two count."""
    old, new = recorded(House(aperture=0.12), days=8)[0], record(1.5, 3, 15)
    late = new | {"times": new["times"] + 8 * 86_400.0}
    both = {name: np.concatenate([old[name], late[name]]) for name in old}
    found = identify(history(both), believed(a_prior()), a_prior())
    alone = identify(history(late), believed(a_prior()), a_prior())
    assert found.fitted.building.solar_aperture == pytest.approx(alone.fitted.building.solar_aperture)


def test_the_signature_is_told_beside_it_and_its_refusal_stops_nothing():
    short = identify(history(record(days=10)), believed(a_prior()), a_prior())
    assert short.signature.id == "identify.too_few_days"
    assert short.state == "accepted"
    long = identify(history(record()), believed(a_prior()), a_prior())
    assert 1.0 < long.signature.UA < 2.6


def test_whatever_the_champion_the_challenger_stays_a_building_within_the_box():
    odd = replace(a_prior(), UA=np.array([4.9]), h_ie=np.array([3.2]))
    found = identify(history(record()), believed(odd), a_prior())
    assert found.building.UA[0] >= 4.9 / 1.1 - 1e-9
    assert found.building.h_ie[0] > (1.0 - found.building.share_direct[0]) * found.building.UA[0]
