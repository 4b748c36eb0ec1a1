"""Faults injected one by one into a healthy city: each is found, named rightly, and by one alarm only."""

import copy

import pytest

from controller.alarms.definitions import definitions, rendered
from tests.support import (
    alarm_faults_controller,
    alarm_faults_links,
    alarm_faults_plant,
    alarm_faults_sensors,
)
from tests.support.alarm_bench import AlarmBench, five_stations

FAULTS = [
    *alarm_faults_sensors.FAULTS,
    *alarm_faults_plant.FAULTS,
    *alarm_faults_links.FAULTS,
    *alarm_faults_controller.FAULTS,
]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """A city that has run for seven hours: units are judged by a past of six."""
    bench = AlarmBench(tmp_path_factory.mktemp("city"), five_stations()).run(7 * 60)
    assert bench.book.alarms == {}
    return bench


@pytest.mark.parametrize(("fault", "minutes", "expected"), FAULTS, ids=[f[0].__name__ for f in FAULTS])
def test_a_fault_is_found_named_rightly_and_by_one_alarm(healthy, fault, minutes, expected):
    bench = copy.deepcopy(healthy)
    fault(bench)
    bench.run(minutes)
    assert bench.shown() == expected
    for key, alarm in bench.book.alarms.items():
        definition = definitions()[key.rule]
        for text in (definition.text_en, definition.text_zh):
            if "usual_pct" not in text or "usual_pct" in alarm.params:
                assert "–" not in rendered(text, alarm.params), (key, text)


def test_every_kind_of_alarm_has_its_fault():
    elsewhere = {
        *("centre_link_lost", "gateway_lost", "district_lost"),  # test_alarms_links
        *("certificate_expired", "certificate_expiring"),  # test_alarms_certificates
        "station_unjudged",  # test_alarms_standing
        "order_not_written",  # test_source_writes
    }
    found = {key.partition(":")[0] for _, _, expected in FAULTS for key in expected}
    assert found == set(definitions()) - elsewhere
