"""Records as the field leaves them: doubled, out of order, with holes and with values that no house has."""

import numpy as np
import pytest

from optimizer.identify.history import BRIDGE_H, Grid, History, on_grid
from optimizer.reason import Reason

N = 4 * 96


def rows(n=N, step=900.0):
    times = 1_764_547_200.0 + step * np.arange(n)
    q = 30.0 + np.sin(np.arange(n) / 20.0)
    return {"times": times, "q": q, "T_outdoor": np.linspace(-5.0, 5.0, n), "sun": np.zeros(n)}


def grid(**series):
    found = on_grid(History(**series))
    assert isinstance(found, Grid)
    return found


def test_a_tidy_record_comes_through_as_it_is():
    tidy = rows()
    found = grid(**tidy)
    assert found.q == pytest.approx(tidy["q"])
    assert found.times == pytest.approx(tidy["times"])
    assert found.dt_h == 0.25
    assert [spell for spell in found.spells()] == [slice(0, N)]
    assert np.isnan(found.T_indoor).all()


def test_rows_out_of_order_and_doubled_make_the_same_grid():
    tidy = rows()
    shuffled = np.random.default_rng(1).permutation(np.concatenate([np.arange(N), np.arange(96, 192)]))
    mixed = grid(**{name: values[shuffled] for name, values in tidy.items()})
    assert mixed.q == pytest.approx(grid(**tidy).q)


def test_hours_stay_hours_and_minutes_become_quarters():
    assert grid(**rows(step=3600.0)).dt_h == 1.0
    minutes = grid(**rows(step=60.0))
    assert minutes.dt_h == 0.25
    assert minutes.q[0] == pytest.approx(rows()["q"][:15].mean())


def test_a_short_hole_is_bridged_and_a_long_one_parts_the_record():
    holed = rows()
    short, long = slice(100, 100 + round(BRIDGE_H * 4)), slice(200, 201 + round(BRIDGE_H * 4))
    holed["q"] = holed["q"].copy()
    holed["q"][short] = holed["q"][long] = np.nan
    found = grid(**holed)
    assert np.isfinite(found.q[short]).all()
    assert np.isnan(found.q[long]).all()
    assert [(spell.start, spell.stop) for spell in found.spells()] == [(0, 200), (long.stop, N)]


def test_spells_of_less_than_a_day_are_left_out():
    holed = rows()
    holed["T_outdoor"] = holed["T_outdoor"].copy()
    holed["T_outdoor"][90:200] = np.nan
    assert [(spell.start, spell.stop) for spell in grid(**holed).spells()] == [(200, N)]


def test_absent_sun_does_not_part_a_record_without_any():
    holed = rows()
    del holed["sun"]
    found = grid(**holed)
    assert not found.has_sun
    assert list(found.spells()) == [slice(0, N)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("q", 5000.0), ("q", np.inf), ("T_outdoor", 99.0), ("sun", -999.0), ("q", -np.inf)],
)
def test_what_no_house_has_is_absent(name, value):
    odd = rows()
    odd[name] = odd[name].copy()
    odd[name][50:80] = value
    assert np.isnan(getattr(grid(**odd), name)[50:80]).all()


def test_rows_without_a_time_are_left_out():
    odd = rows()
    odd["times"] = odd["times"].copy()
    odd["times"][10] = np.nan
    assert grid(**odd).q == pytest.approx(rows()["q"], abs=1e-3)


@pytest.mark.parametrize(
    ("times", "told"),
    [
        (np.array([]), "identify.no_rows"),
        (np.array([5.0, 5.0, 5.0]), "identify.no_rows"),
        (np.full(9, np.nan), "identify.no_rows"),
        (np.array([0.0, 900.0, 1800.0, 4e10]), "identify.times_scattered"),
    ],
)
def test_no_record_is_told_by_name(times, told):
    found = on_grid(History(times=times, q=np.ones_like(times), T_outdoor=np.ones_like(times)))
    assert isinstance(found, Reason)
    assert found.id == told


def test_columns_of_unlike_length_are_a_fault_of_the_caller():
    with pytest.raises(ValueError, match="q has shape"):
        History(times=np.arange(3.0), q=np.ones(2), T_outdoor=np.ones(3))


def test_the_end_of_a_record_is_its_last_days():
    assert grid(**rows()).last_days(1.0).times[0] == rows()["times"][N - 96]
    assert len(grid(**rows()).last_days(100.0)) == N
