"""What the weather feed was told and has learnt lies on disk, and outlives a restart."""

import numpy as np
import pytest
from structlog.testing import capture_logs

from controller.weather.cache import FILE, Remembered, load, save
from controller.weather.outcome import Fault
from optimizer.forecast.bias import Bias, learn
from optimizer.forecast.weather import NoWeather, Quality
from tests.support.forecasts import HOUR
from tests.support.weather_server import NOW
from tests.support.weather_told import LOST, STEPS, At, Told, feed_of, told


async def test_a_restart_in_an_outage_forgets_nothing(tmp_path):
    source = Told(answer=told())
    before = feed_of(source, folder=tmp_path)
    await before.refresh(source)
    for number in range(30):
        await before.observe(NOW + number * HOUR, -4.0)
    clock = At(NOW + 30 * HOUR)
    after = feed_of(Told(), clock=clock, folder=tmp_path)
    steps = clock.at + 900.0 * np.arange(96)
    again = after.outlook(steps).series
    source.answer = LOST
    before._clock.at = clock.at
    assert again.T_outdoor == pytest.approx(before.outlook(steps).series.T_outdoor, abs=0.0)
    assert after.status()[0].bias_K == before.status()[0].bias_K != 0.0
    assert after.status()[0].age_s == 30 * HOUR


def test_what_is_saved_is_loaded_as_it_was(tmp_path):
    remembered = Remembered(
        tables={"file": told(name="file")},
        biases={"file": learn(Bias(), NOW, 1.0, 2.0), "open_meteo": Bias()},
        measured=((NOW, -3.0), (NOW + HOUR, -2.5)),
    )
    save(tmp_path, remembered)
    back = load(tmp_path)
    assert back.biases == remembered.biases
    assert back.measured == remembered.measured
    assert (back.tables["file"].T_outdoor.values == told().T_outdoor.values).all()
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: "[" * 100_000,
        lambda text: text.replace('"version": 1', '"version": 7'),
        lambda text: text.replace('"issued_at": ', '"issued_at": NaN, "x": '),
        lambda text: text.replace("-5.0", '"cold"', 1),
        lambda text: text.replace('"times": [', '"times": [9e99, ', 1),
        lambda text: text.replace('"by_hour": [0.0, ', '"by_hour": [', 1),
        lambda text: text.replace('"measured": [', '"measured": [3, ', 1),
        lambda text: text.replace('"tables": {', '"tables": {"x": 3, ', 1),
    ],
)
def test_a_damaged_file_is_told_and_the_feed_begins_without(tmp_path, spoil):
    save(tmp_path, Remembered(tables={"open_meteo": told()}, biases={"open_meteo": Bias()}))
    path = tmp_path / FILE
    spoilt = spoil(path.read_text(encoding="utf-8"))
    assert spoilt != path.read_text(encoding="utf-8")
    path.write_text(spoilt, encoding="utf-8")
    assert load(tmp_path).fault is Fault.NOT_READABLE
    with capture_logs() as lines:
        feed = feed_of(Told(), folder=tmp_path)
    assert [line["event"] for line in lines] == ["weather_forgotten"]
    assert feed.status()[0].age_s is None


async def test_a_disk_that_takes_nothing_costs_only_the_memory_of_a_restart(tmp_path):
    source = Told(answer=told())
    feed = feed_of(source, folder=tmp_path / "gone")
    with capture_logs() as lines:
        assert await feed.refresh(source) is None
    assert [line["event"] for line in lines] == ["weather_not_saved"]
    assert set(feed.outlook(STEPS).series.quality) == {Quality.FRESH}


def test_what_is_from_the_future_or_of_nobody_is_not_remembered(tmp_path):
    tables = {"open_meteo": told(issued_at=NOW + HOUR), "elsewhere": told(name="elsewhere")}
    save(tmp_path, Remembered(tables=tables, measured=((NOW + HOUR, 3.0),)))
    feed = feed_of(Told(), folder=tmp_path)
    assert isinstance(feed.outlook(STEPS), NoWeather)
