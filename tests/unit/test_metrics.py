"""What Prometheus reads agrees with the state that it is computed from."""

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller.alarms.definitions import definitions
from controller.alarms.model import Alarm, AlarmKey
from controller.decisions import LoopKey
from controller.historian.records import State
from controller.historian.slot import JournalStats
from controller.image import Link
from controller.metrics import Metrics
from controller.wiring import first_state
from stations.model.clock import SystemClock
from tests.support.sites import site_config, station_config

NOW = 1_736_899_200.0


class Standing(SystemClock):
    def now(self):
        return NOW


@pytest.fixture
def state(tmp_path):
    site = site_config(tmp_path, *(station_config(f"S00{i}", port=20000 + i) for i in range(1, 5)))
    found = first_state(site, Standing())
    found.started_at = NOW - 3600.0
    return found


async def read(state, **more):
    metrics = Metrics(state, Standing(), journal_stats=JournalStats, lag_ms=lambda: (1.0, 5.0), **more)
    text = (await metrics.render()).decode()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_the_ages_of_stations_are_a_histogram_in_which_no_station_is_missing(state):
    for station, age in (("S001", 5.0), ("S002", 25.0), ("S003", 700.0)):
        state.image.update(station, polled_at=NOW - age)
    found = await read(state)
    buckets = {key[1][1]: value for key, value in found.items() if key[0] == "dhc_station_age_seconds_bucket"}
    assert [buckets[le] for le in ("10.0", "20.0", "30.0", "600.0", "3600.0", "+Inf")] == [1, 1, 2, 2, 3, 4]


async def test_stations_are_counted_by_who_decides_there(state):
    for station in ("S001", "S002", "S003"):
        state.image.update(station, link=Link.ONLINE)
    state.image.update("S004", link=Link.LOST)
    state.loops[LoopKey("S001", 1)].held = True
    state.loops[LoopKey("S004", 1)].held = True
    found = await read(state)
    counted = {key[1][1]: value for key, value in found.items() if key[0] == "dhc_stations_by_authority"}
    assert counted == {"remote": 1, "local": 2, "stale": 1}


async def test_the_outbox_shows_how_many_wait_and_for_how_long(state):
    empty = await read(state)
    assert (empty[("dhc_outbox_setpoints",)], empty[("dhc_outbox_age_seconds",)]) == (0, 0)
    for station, age in (("S001", 12.0), ("S002", 3.0)):
        loop = state.loops[LoopKey(station, 1)]
        loop.write_state, loop.write_state_at = State.REQUESTED, NOW - age
    state.loops[LoopKey("S003", 1)].write_state = State.CONFIRMED
    found = await read(state)
    assert (found[("dhc_outbox_setpoints",)], found[("dhc_outbox_age_seconds",)]) == (2, 12)


async def test_faults_of_links_are_counted_by_kind_and_the_token_has_an_age(state):
    state.image.faults.update({"NoAnswer": 3, "SecurityRefused": 1})
    found = await read(state)
    assert found[("dhc_poll_faults_total", ("kind", "NoAnswer"))] == 3
    assert found[("dhc_poll_faults_total", ("kind", "SecurityRefused"))] == 1
    assert found[("dhc_token_age_seconds",)] == 3600


async def test_a_city_has_as_many_series_as_a_village(tmp_path):
    def city(count):
        stations = (station_config(f"S{i:04}", port=20000 + i) for i in range(count))
        state = first_state(site_config(tmp_path, *stations), Standing())
        for image in state.image.freeze().values():
            state.image.put(replace(image, link=Link.ONLINE, polled_at=NOW, rtt_s=0.1))
        return state

    assert len(await read(city(2))) == len(await read(city(400))) < 200


async def test_alarms_are_counted_by_priority_and_state(state):
    lost = [Alarm(key=AlarmKey("station_lost", f"S00{i}"), active=True, acknowledged=i == 1) for i in (1, 2)]
    found = await read(state, alarms=lambda: lost, login_failures=lambda: 3)
    priority = str(definitions()["station_lost"].priority)
    counted = {key[1:]: value for key, value in found.items() if key[0] == "dhc_alarms"}
    assert counted == {
        (("priority", priority), ("state", "ack")): 1,
        (("priority", priority), ("state", "unack")): 1,
    }
    assert found[("dhc_login_failures_total",)] == 3
