"""The load forecast over the API: the network's, a station's, why a loop has none, and none at all."""

import json

import httpx
import numpy as np
import pytest

from controller.api import forecast_schema as schema
from controller.decisions import LoopKey
from controller.knowing.loads import Load, Loads
from optimizer.forecast.accuracy import Score
from optimizer.forecast.load import LEVELS
from optimizer.reason import because
from tests.support.api_bench import BEARER, NOW, ApiBench


@pytest.fixture
def bench(tmp_path):
    bench = ApiBench(tmp_path, n_stations=2)
    yield bench
    bench.close()


async def ask(bench, path, model):
    transport = httpx.ASGITransport(bench.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api/api/v1/", headers=BEARER) as api:
        answer = await api.get(path)
    assert answer.status_code == 200
    assert set(json.loads(answer.content)) == set(model.model_fields)
    return model.model_validate_json(answer.content)


def told():
    load = Load(
        load=np.full(48, 30.0), quantiles=np.arange(len(LEVELS))[:, None] + np.full(48, 28.0), wape=0.07
    )
    why = because("load_too_few_hours", known_h=20.0, needed_h=168.0)
    return Loads(
        made_at=NOW,
        times=NOW + 3600.0 * np.arange(48),
        loops={LoopKey("S001", 1): load},
        network=load,
        refused={LoopKey("S002", 1): why},
    )


async def test_before_the_first_night_there_is_none(bench):
    network = await ask(bench, "forecast", schema.ForecastLoads)
    assert (network.made_at, network.network, network.loops, network.accuracy) == (None, None, 0, [])
    assert (await ask(bench, "forecast/S001", schema.StationForecast)).loops == []


async def test_the_network_is_told_with_bands_and_with_what_forecasts_were_worth(bench):
    bench.state.loads = told()
    bench.state.scores = {"load": Score(hours=30.0, mae=80.0, bias=-5.0, rmse=99.0, wape=0.04, coverage=0.8)}
    network = await ask(bench, "forecast", schema.ForecastLoads)
    assert (network.made_at, network.start, network.loops, network.left_out) == (NOW, NOW, 1, 1)
    assert network.network.load == [30.0] * 48
    assert network.network.quantiles["0.9"] == [28.0 + LEVELS.index(0.9)] * 48
    (one,) = network.accuracy
    assert (one.what, one.mae, one.rmse) == ("load", 80.0, 99.0)


async def test_a_station_tells_its_loops_and_why_one_has_no_forecast(bench):
    bench.state.loads = told()
    (loop,) = (await ask(bench, "forecast/S001", schema.StationForecast)).loops
    assert (loop.load.wape, loop.why) == (0.07, None)
    (loop,) = (await ask(bench, "forecast/S002", schema.StationForecast)).loops
    assert loop.load is None
    assert "20" in loop.why.en


async def test_a_station_that_is_not_there_is_not_found(bench):
    transport = httpx.ASGITransport(bench.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api/api/v1/", headers=BEARER) as api:
        assert (await api.get("forecast/S999")).status_code == 404
