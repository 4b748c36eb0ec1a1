"""How warm is it really? Identified and estimated loops of the physical city against its truth.

The plant has other equations: four zones a house with five stores each, uneven flows, pipes, people, windows,
and meters with offsets. Two weeks are identified, the days after are estimated cycle by cycle, with the
sensors that hang there and as if none did. What is known of other loops is what their sensors show.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from optimizer.building import joined
from optimizer.building_prior import prior
from optimizer.estimate.cycle import estimate
from optimizer.estimate.state import begin, measured
from optimizer.estimate.trusting import trusted
from optimizer.identify.greybox import IndoorPrior
from optimizer.identify.history import History
from optimizer.identify.nightly import believed, identify
from tests.support.field_cities import field_city
from tests.support.recorded_city import record_city
from tests.support.soak import soaking

FIT_DAYS, DAYS = 15, 17
ROWS_A_DAY = 96
SENSORS_WARM_K = 0.5
"""By which sensors are thought to hang in warmer dwellings than the mean."""


@cache
def recorded(stations, seed):
    return record_city(field_city(stations, seed), DAYS, day=40.0, step_s=300.0 if soaking() else 450.0)


def loops_of(rec, sensors):
    """What identification makes of each loop of a record."""
    shown = float(np.nanmean(rec.T_sensors)) if np.isfinite(rec.T_sensors).any() else 21.5
    cut, found = FIT_DAYS * ROWS_A_DAY, []
    for i in range(rec.q.shape[1]):
        kind = "floor" if rec.is_floor[i] else "radiator"
        area = [float(rec.area[i])]
        guess = prior(building_type=["residential"], emitter=[kind], insulation=["saving"], area=area)
        history = History(
            times=rec.times[:cut],
            q=rec.q[:cut, i],
            T_outdoor=rec.T_outdoor[:cut],
            sun=rec.sun[:cut],
            wind=rec.wind[:cut],
            T_indoor=rec.T_sensors[:cut, i] if sensors else None,
            T_supply=rec.T_supply[:cut, i],
            T_return=rec.T_return[:cut, i],
        )
        indoor = IndoorPrior(T_indoor=shown - SENSORS_WARM_K)
        found.append(identify(history, believed(guess), guess, indoor, days=np.inf))
    return found


def followed(rec, found, sensors):
    """Errors and doubts of the days that were not identified, shape (rows, loops)."""
    n = len(found)
    loops, first = joined([one.building for one in found]), (FIT_DAYS - 1) * ROWS_A_DAY
    trust = trusted(found)
    state = begin(loops, trust, float(rec.T_outdoor[:first].mean()))
    off, doubts = [], []
    for k in range(first, len(rec.times)):
        seen = measured(
            n,
            T_supply=rec.T_supply[k],
            T_return=rec.T_return[k],
            m_flow=rec.m_flow[k],
            T_outdoor=rec.T_outdoor[k],
            sun=rec.sun[k],
            wind=rec.wind[k],
        )
        if sensors:
            seen = replace(seen, T_indoor=rec.T_sensors[k])
        state = estimate(state, seen, loops, 900.0)
        off.append(state.T_indoor - rec.T_true[k])
        doubts.append(state.T_indoor_sd)
    return np.array(off)[ROWS_A_DAY:], np.array(doubts)[ROWS_A_DAY:]


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("stations", "seed"), [(4, 21), *([(20, 22), (20, 23)] if soaking() else [])])
def test_rooms_are_told_as_well_as_their_doubt_says_with_and_without_sensors(stations, seed, soak, capsys):
    rec = recorded(stations, seed)
    hangs = np.isfinite(rec.T_sensors[0])
    figures = {}
    for name, sensors, which in (
        ("with sensors", True, hangs),
        ("as if without", False, np.ones_like(hangs)),
    ):
        found = loops_of(rec, sensors)
        off, doubts = (table[:, which] for table in followed(rec, found, sensors))
        states = [one.state for one in found]
        figures[name] = {
            "loops": int(which.sum()),
            "median_K": float(np.median(np.abs(off))),
            "p90_K": float(np.quantile(np.abs(off), 0.9)),
            "bias_K": float(off.mean()),
            "told_sd_K": float(doubts.mean()),
            "over_told": float(np.sqrt(np.mean((off / doubts) ** 2))),
            "accepted": states.count("accepted"),
        }
    raw = (rec.T_sensors - rec.T_true)[-2 * ROWS_A_DAY :, hangs]
    spread = (rec.T_true - np.nanmean(rec.T_sensors) + SENSORS_WARM_K)[-2 * ROWS_A_DAY :]
    figures["sensors themselves"] = {"p90_K": float(np.quantile(np.abs(raw), 0.9))}
    figures["others' mean alone"] = {"p90_K": float(np.quantile(np.abs(spread), 0.9))}
    with capsys.disabled():
        print(f"\n{stations} stations, seed {seed}")
        for name, told in figures.items():
            print(f"  {name:20}", "  ".join(f"{key} {value:.2f}" for key, value in told.items()))
    soak.record(stations=stations, seed=seed, **figures)
    without, with_sensors = figures["as if without"], figures["with sensors"]
    assert without["p90_K"] < 0.6 * figures["others' mean alone"]["p90_K"]
    assert without["p90_K"] < 2.2
    assert with_sensors["p90_K"] < 1.7
    assert without["over_told"] < 1.5
    assert with_sensors["over_told"] < 1.8
    assert without["accepted"] >= 0.7 * len(hangs)
