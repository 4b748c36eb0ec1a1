"""What Prometheus reads agrees with the state that it is computed from."""

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller.alarms.definitions import definitions
from controller.alarms.model import Alarm, AlarmKey
from controller.decisions import LoopKey, Rule
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


PROMISED = (
    # poll age, polls, errors by class
    "dhc_station_age_seconds_bucket", "dhc_polls_total", "dhc_polls_answered_total", "dhc_poll_faults_total",
    # write intents by state, clamps, stations per mode
    "dhc_loops_by_write_state", "dhc_setpoints_total", "dhc_guard_cuts_total", "dhc_stations_by_authority",
    "dhc_loops", "dhc_loops_held",
    # outbox, lease, the process itself, logins
    "dhc_outbox_setpoints", "dhc_outbox_age_seconds", "dhc_token", "dhc_token_age_seconds",
    "dhc_loop_lag_seconds", "dhc_tasks", "dhc_open_files", "dhc_resident_bytes", "dhc_login_failures_total",
)  # fmt: skip
"""What dashboards and alerts of a plant's operators rest on: a name that changes breaks them."""


async def test_every_promised_metric_is_there_under_its_name_and_few_lines_a_station(state):
    state.image.faults["NoAnswer"] += 1
    state.counters.guard_cuts[Rule.OWN_CURVE] = 3
    state.counters.setpoints_sent = 5
    state.loops[LoopKey("S001", 1)].write_state = State.SENT
    found = await read(state)
    assert set(PROMISED) - {key[0] for key in found} == set()
    assert found[("dhc_loops_by_write_state", ("state", "sent"))] == 1
    assert found[("dhc_setpoints_total", ("state", "sent"))] == 5
    assert found[("dhc_guard_cuts_total", ("rule", "own_curve"))] == 3
    assert found[("dhc_tasks",)] >= 1
    assert found[("dhc_open_files",)] >= 3
    assert not any("S001" in str(key) for key in found), "no line for each station: 5,000 of them fit too"
