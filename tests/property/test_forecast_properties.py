"""Whatever sources and meters say: weather and load are finite, or an outcome with a name."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.forecast.bias import Bias, corrected, learn
from optimizer.forecast.calendar import DWELLINGS, local_time, opening
from optimizer.forecast.climate import Climate
from optimizer.forecast.load import LoadForecast, LoadModel, Refused, explain, fit_load, forecast_load
from optimizer.forecast.outlook import outlook
from optimizer.forecast.weather import Measured, NoWeather, Quality, Track, WeatherTable
from tests.support.forecasts import HOUR, MIDNIGHT, winter

STEPS = MIDNIGHT + 900.0 * np.arange(96)
CLIMATE = Climate(T_mean=-3.0, T_day=(2.0, 1.0), latitude=37.9, longitude=112.6)
temperatures = st.floats(-60.0, 55.0)


@st.composite
def tracks(draw, values):
    """Any number of moments around the plan, far apart or close together."""
    offsets = draw(st.lists(st.integers(-48 * 4, 80 * 4), max_size=40, unique=True).map(sorted))
    return Track(
        times=MIDNIGHT + 900.0 * np.array(offsets, dtype=float),
        values=np.array([draw(values) for _ in offsets], dtype=float),
    )


@st.composite
def tables(draw):
    return WeatherTable(
        source=draw(st.sampled_from(["open_meteo", "file"])),
        issued_at=MIDNIGHT + draw(st.floats(-90 * HOUR, 3 * HOUR)),
        T_outdoor=draw(tracks(temperatures)),
        wind=draw(tracks(st.floats(0.0, 60.0))),
        sun=draw(tracks(st.floats(-10.0, 1500.0))),
    )


measurements = st.none() | st.builds(
    Measured,
    at=st.floats(MIDNIGHT - 6 * HOUR, MIDNIGHT),
    T_outdoor=temperatures,
    wind=st.none() | st.floats(0.0, 60.0),
)


@given(
    sources=st.lists(tables(), max_size=3),
    climate=st.none() | st.just(CLIMATE),
    measured=measurements,
    level=st.floats(-50.0, 50.0),
)
def test_an_outlook_is_finite_and_in_physics_on_every_step_or_there_is_none(
    sources, climate, measured, level
):
    biases = {"open_meteo": Bias(level=level, hours=168.0)}
    told = outlook(STEPS, MIDNIGHT, sources, climate=climate, measured=measured, biases=biases)
    if isinstance(told, NoWeather):
        assert climate is None
        return
    series = told.series
    for column, low, high in (
        (series.T_outdoor, -75.0, 75.0),
        (series.wind, 0.0, 70.0),
        (series.sun, 0.0, 1500.0),
    ):
        assert column.shape == (96,)
        assert np.isfinite(column).all()
        assert low <= column.min() <= column.max() <= high
    assert set(series.quality) <= set(Quality)
    holed = {step for hole in told.holes if hole.quantity == "T_outdoor" for step in steps_of(hole)}
    filled = {int(step) for step in np.flatnonzero(series.quality >= Quality.PERSISTED)}
    assert holed == filled


def steps_of(hole):
    return range(round((hole.begin - MIDNIGHT) / 900.0), round((hole.end - MIDNIGHT) / 900.0))


@given(st.lists(st.tuples(st.integers(0, 400), st.floats(), st.floats()), max_size=60))
def test_no_comparison_can_make_a_bias_that_is_not_finite_or_exceeds_its_bound(comparisons):
    bias = Bias()
    for hour, told, measured in comparisons:
        bias = learn(bias, MIDNIGHT + hour * HOUR, told, measured)
    shift = corrected(bias, STEPS, np.zeros(96))
    assert np.isfinite(shift).all()
    assert np.abs(shift).max() <= 4.0


@settings(max_examples=60)
@given(
    days=st.integers(12, 30),
    seed=st.integers(0, 2**16),
    lost=st.sampled_from([0.0, 0.02, 0.2, 0.5, 1.0]),
    broken=st.lists(
        st.tuples(st.integers(0, 719), st.floats() | st.sampled_from([1e300, -1e300, 1e9])), max_size=20
    ),
    scale=st.sampled_from([0.0, 1e-6, 1.0, 1e6]),
    ahead=st.integers(1, 50),
    school=st.booleans(),
)
def test_a_load_is_finite_and_bounded_or_refused_with_a_reason(
    days, seed, lost, broken, scale, ahead, school
):
    past = 24 * days
    weather = winter(past + ahead, seed=seed)
    rng = np.random.default_rng(seed)
    load = scale * rng.exponential(10.0, past)
    for at, value in broken:  # and the hours after it, so that a median does not help
        load[at : at + 4] = value
    known = rng.random(past) >= lost
    calendar = opening(((8.0, 16.0),) * 5 + (None,) * 2) if school else DWELLINGS
    explained = explain(weather, local_time(weather.times, 0.0), calendar)
    model = fit_load(explained, load, known)
    if isinstance(model, Refused):
        assert model.reason.id == "load_too_few_hours"
        return
    assert isinstance(model, LoadModel)
    told = forecast_load(model, explained, load, known)
    if isinstance(told, Refused):
        assert told.reason.id == "load_unknown"
        return
    assert isinstance(told, LoadForecast)
    assert told.load.shape == (ahead,)
    assert told.quantiles.shape == (5, ahead)
    assert np.isfinite(told.load).all()
    assert np.isfinite(told.quantiles).all()
    assert (told.load >= 0.0).all()
    assert (told.load <= model.most).all()
    assert (np.diff(told.quantiles, axis=0) >= 0.0).all()
    assert told.age_s >= 0.0
