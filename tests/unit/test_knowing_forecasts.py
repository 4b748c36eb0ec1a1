"""What was told a day ahead beside what came, and the loads that a night foretells."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from controller.knowing import accuracy, loads
from controller.knowing.accuracy import LOAD, Hour, Hours, hour_came, load_promised, scores, weather_promised
from controller.knowing.foretelling import AHEAD, Foretelling, forecast_stored
from controller.knowing.gathered import SERIES, MemoryRecord, Quarter
from controller.knowing.keeper import introduced
from controller.knowing.known import first_known
from controller.knowing.loads import Load, Loads, forecast_loads
from controller.knowing.store import KnowingStore
from optimizer.forecast.calendar import opening
from optimizer.forecast.load import LEVELS
from optimizer.forecast.outlook import outlook
from optimizer.forecast.weather import NoWeather, WeatherSeries
from tests.support.forecasts import HOUR, MIDNIGHT, table, track
from tests.support.gathered_houses import gathered, two_houses
from tests.support.guard_world import loop_traits

HOUSES = two_houses()
TOWN = {one.key: one for one in (loop_traits(1), loop_traits(2))}
FIRST = first_known(TOWN, -3.0)
ONE, TWO = TOWN
AREA = FIRST.buildings.area
BOTH = np.ones(2, dtype=np.bool_)


def quarter(at, q=30.0, T_outdoor=-3.0):
    rows = np.full((2, len(SERIES)), np.nan, dtype=np.float16)
    rows[:, 0] = q
    return Quarter(int(at), rows, np.array([T_outdoor, 0.0, 2.0, 90.0], dtype=np.float16))


def ahead(times, T=-2.0):
    n = len(times)
    return WeatherSeries(
        times=times,
        T_outdoor=np.full(n, T),
        wind=np.full(n, 2.0),
        sun=np.zeros(n),
        quality=np.zeros(n, dtype=np.int8),
    )


def told(load=3000.0, made_at=MIDNIGHT):
    times = MIDNIGHT + HOUR * np.arange(48)
    spread = np.array([-200.0, -100.0, 0.0, 100.0, 200.0])[:, None] * np.ones(48)
    network = Load(load=np.full(48, load), quantiles=load + spread, wape=None)
    return Loads(made_at=made_at, times=times, network=network, loops={ONE: network, TWO: network})


def test_four_quarters_make_an_hour_and_three_do_not():
    hours = Hours()
    for k, q in enumerate((10.0, 20.0, 30.0)):
        assert hours.add(quarter(MIDNIGHT + 900.0 * k, q)) is None
    hour = hours.add(quarter(MIDNIGHT + 2700.0, 40.0, T_outdoor=1.0))
    assert (hour.at, hour.q.tolist(), hour.T_outdoor) == (MIDNIGHT, [25.0, 25.0], -2.0)
    for k in (4, 5, 7):  # one is missing
        assert hours.add(quarter(MIDNIGHT + 900.0 * k)) is None


def test_a_weather_source_is_judged_by_what_it_told_a_day_ahead():
    books = weather_promised({}, table(), MIDNIGHT)
    for h in range(48):
        hour = Hour(MIDNIGHT + HOUR * h, np.zeros(2), -4.0 if h < 36 else -8.0)
        books = hour_came(books, hour, AREA, BOTH, hour.at + HOUR)
    one = scores(books)["T_outdoor:open_meteo"]
    # it told -5 degC; 13 of its 24 hours a day ahead came at -4, the others at -8
    assert one.hours == pytest.approx(24.0, rel=0.02)
    assert one.mae == pytest.approx((13 * 1.0 + 11 * 3.0) / 24, rel=0.02)
    assert one.coverage == pytest.approx(13 / 24, rel=0.02)


def test_a_source_that_tells_nothing_of_the_hours_to_come_has_no_book():
    nothing = table(T_outdoor=track([-5.0], MIDNIGHT - 99 * HOUR))
    assert weather_promised({}, nothing, MIDNIGHT) == {}


def test_the_load_counts_where_every_loop_of_the_sum_is_known():
    books = load_promised({}, told())
    for h in range(48):
        q = np.array([24.0, 26.0 if h % 2 else np.nan])
        books = hour_came(books, Hour(MIDNIGHT + HOUR * h, q, 0.0), AREA, BOTH, MIDNIGHT + HOUR * (h + 1))
    one = scores(books)[LOAD]
    assert one.hours == pytest.approx(13.0, rel=0.02)
    assert one.mae == pytest.approx(0.0)
    assert one.coverage == pytest.approx(1.0)


def test_a_night_without_any_forecast_loop_promises_no_load():
    assert load_promised({}, Loads(made_at=0.0, times=np.zeros(0))) == {}


def test_books_come_back_as_they_were_and_begin_anew_where_they_can_not():
    books = load_promised(weather_promised({}, table(), MIDNIGHT), told())
    books = hour_came(books, Hour(MIDNIGHT + 24 * HOUR, np.full(2, 25.0), -5.0), AREA, BOTH, MIDNIGHT)
    again = accuracy.restored(accuracy.stored(books))
    assert scores(again) == scores(books)
    assert again[LOAD].promises.times.tolist() == books[LOAD].promises.times.tolist()
    for text in (None, "", "[]", '{"load": {}}'):
        assert accuracy.restored(text) == {}


# ---------------------------------------------------------------------------------------- a night's forecast


@cache
def record():
    return gathered(HOUSES, days=20)


def forecast(houses=tuple(HOUSES), **how):
    kept, end = record()
    kind = {"timezone": "Asia/Shanghai", "calendars": {}, "now": end} | how
    return forecast_loads(kept.window(houses), AREA[: len(houses)], ahead(end + HOUR * np.arange(48)), **kind)


def test_loops_and_network_are_forecast_with_bands():
    made = forecast()
    assert set(made.loops) == set(HOUSES)
    assert made.refused == {}
    each = [made.loops[key] for key in HOUSES]
    total = sum(one.load * area / 1000.0 for one, area in zip(each, AREA, strict=True))
    assert made.network.load == pytest.approx(total)
    assert (np.diff(made.network.quantiles, axis=0) >= 0.0).all()
    last = record()[0].window(tuple(HOUSES)).of(0, "q")[-96 * 7 :].mean()
    assert each[0].load.mean() == pytest.approx(last, rel=0.4)
    assert 0.0 < each[0].wape < 0.3
    assert each[0].quantile(LEVELS[0]).shape == (48,)


def test_opening_hours_are_taken_into_account():
    school = opening(((8.0, 17.0),) * 5 + (None, None))
    made = forecast((ONE,), calendars={ONE: school})
    assert ONE in made.loops


def test_a_record_that_is_too_short_says_so_for_every_loop():
    made = forecast_loads(
        MemoryRecord().window((ONE,)), AREA[:1], ahead(MIDNIGHT + HOUR * np.arange(48)),
        timezone="Asia/Shanghai", calendars={}, now=MIDNIGHT,
    )  # fmt: skip
    assert made.refused[ONE].id == "load_too_few_hours"
    assert made.network is None


def test_weather_that_was_hardly_known_teaches_nothing():
    kept, end = record()
    window = kept.window((ONE,))
    shared = window.shared.copy()
    shared[: len(shared) // 2, 0] = np.nan
    made = forecast_loads(
        replace(window, shared=shared), AREA[:1], ahead(end + HOUR * np.arange(48)),
        timezone="Asia/Shanghai", calendars={}, now=end,
    )  # fmt: skip
    assert made.refused[ONE].id == "identify.holes"


def test_a_loop_whose_heat_is_not_known_is_left_out_of_the_sum():
    kept, end = record()
    window = kept.window(tuple(HOUSES))
    blind = window.loops.copy()
    blind[:, 1, SERIES.index("q")] = np.nan
    made = forecast_loads(
        replace(window, loops=blind), AREA, ahead(end + HOUR * np.arange(48)),
        timezone="Asia/Shanghai", calendars={}, now=end,
    )  # fmt: skip
    assert set(made.loops) == {ONE}
    assert made.refused[TWO].id == "load_too_few_hours"


def test_forecasts_come_back_as_they_were_and_are_made_anew_where_they_can_not():
    made = replace(told(), refused={TWO: refusal()})
    again = loads.restored(loads.stored(made))
    assert again.made_at == made.made_at
    assert again.network.quantile(0.9).tolist() == made.network.quantile(0.9).tolist()
    assert again.refused == made.refused
    assert set(again.loops) == set(made.loops)
    for text in (None, "", "{}", "[]"):
        assert loads.restored(text) is None


def refusal():
    return forecast_loads(
        MemoryRecord().window((ONE,)), AREA[:1], ahead(MIDNIGHT + HOUR * np.arange(48)),
        timezone="Asia/Shanghai", calendars={}, now=MIDNIGHT,
    ).refused[ONE]  # fmt: skip


# --------------------------------------------------------------------------------------------- in the service


def foretelling(store, **how):
    school = {ONE: opening(((8.0, 17.0),) * 5 + (None, None), [20_500])}
    kind = {"outlook": lambda times: outlook(times, float(times[0]), [table(issued_at=float(times[0]))])}
    return Foretelling(FIRST, store, timezone="Asia/Shanghai", calendars=school, **(kind | how))


def test_the_night_gets_the_weather_forecasts_and_the_service_takes_them_over(tmp_path):
    store = KnowingStore(tmp_path)
    _, end = gathered(HOUSES, store, days=20)
    store.introduce(introduced(FIRST, TOWN, end))
    begin = end - 9 * HOUR
    constant = {
        name: track([value] * 99, begin) for name, value in (("T_outdoor", -5.0), ("wind", 2.0), ("sun", 0.0))
    }
    one = foretelling(store, outlook=lambda times: outlook(times, end, [table(issued_at=end, **constant)]))
    one.before_night(end)
    made = forecast_stored(store, end)
    assert set(made.loops) == set(HOUSES)
    assert one.loads is None
    one.after_night()
    assert one.loads.network.load == pytest.approx(made.network.load, abs=0.01)
    before = one.loads
    one.after_night()
    assert one.loads is before
    assert foretelling(store).loads.made_at == end  # another program knows it too


def test_without_weather_to_come_nothing_is_forecast(tmp_path):
    store = KnowingStore(tmp_path)
    foretelling(store, outlook=None).before_night(MIDNIGHT)
    foretelling(store, outlook=lambda times: NoWeather(quantity="sun", begin=MIDNIGHT)).before_night(MIDNIGHT)
    assert store.noted(AHEAD) is None
    assert forecast_stored(store, MIDNIGHT) is None
    foretelling(store).before_night(MIDNIGHT)
    assert forecast_stored(store, MIDNIGHT + 9 * HOUR) is None  # the weather of another night


def test_books_are_kept_hour_by_hour_and_outlive_the_program(tmp_path):
    store = KnowingStore(tmp_path)
    one = foretelling(store, tables=lambda: (table(),))
    for k in range(4 * 48):
        at = MIDNIGHT + 900.0 * k
        one.quarter(quarter(at), at + 900.0)
    assert one.scores["T_outdoor:open_meteo"].mae == pytest.approx(2.0)
    assert foretelling(store).scores == one.scores
