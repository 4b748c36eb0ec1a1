"""The screen's one client: it follows a real controller API through changes, restarts and silence."""

import time

import pytest

from hmi.city import Feed
from hmi.gateway import Gateway, Source
from stations.model.quality import Quality
from tests.support.served_api import served_api

DEADLINE_S = 15.0


def until(condition, what, wall_s=DEADLINE_S):
    deadline = time.monotonic() + wall_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)  # between two looks: the gateway's thread needs the processor


@pytest.fixture
def api(tmp_path):
    with served_api(tmp_path) as api:
        yield api


@pytest.fixture
def gateway(api):
    gateway = Gateway(Source(url=api.url, token_file=api.token_file))
    gateway.start()
    yield gateway
    gateway.stop()


def live(gateway):
    until(lambda: gateway.city.known and not gateway.city.frozen(), "live data")
    return gateway.city


def test_the_city_is_learned_whole(gateway):
    city = live(gateway)
    assert list(city.stations) == ["S001", "S002"]
    assert list(city.traits) == ["S001", "S002"]
    assert city.simulation
    assert city.site.timezone
    assert city.alarms is not None
    assert city.rules
    assert city.modes.strategies
    assert city.kpis.stations == 2
    reading = city.reading("S001", "1/T_supply_secondary")
    assert (reading.value, reading.quality) == (60.0, Quality.GOOD)
    assert 0.0 <= city.age_s(reading) < 60.0
    assert city.reading("S001", "1/nothing") is None
    assert city.reading("S999", "1/T_supply_secondary") is None


def test_a_change_reaches_the_city_and_leaves_the_old_picture_as_it_was(api, gateway):
    before = live(gateway)
    api.set_supply("S002", 63.5)
    until(lambda: gateway.city.reading("S002", "1/T_supply_secondary").value == 63.5, "the new value")
    assert before.reading("S002", "1/T_supply_secondary").value == 60.0
    assert gateway.city.version > before.version
    with pytest.raises(TypeError):
        gateway.city.stations["S002"] = None


def test_a_controller_that_ends_freezes_the_data_and_one_that_starts_again_revives_them(api, gateway):
    frozen_at = live(gateway).now
    api.stop()
    until(lambda: gateway.city.frozen(), "frozen data")
    assert gateway.city.feed is Feed.GONE
    assert gateway.city.now <= frozen_at + DEADLINE_S
    assert list(gateway.city.stations) == ["S001", "S002"]
    api.stations, api.title_zh = 3, "新城"
    api.token_file.write_text(api.token_file.read_text() + "\n")
    api.start()
    until(lambda: not gateway.city.frozen(), "life again")
    assert list(gateway.city.stations) == ["S001", "S002", "S003"]
    assert gateway.city.site.title_zh == "新城"


def test_a_stream_that_is_silent_is_asked_beside_and_a_controller_that_hangs_is_noticed(api, gateway):
    live(gateway)
    until(lambda: gateway.city.silent_s() < 1.0, "a message although nothing changes")
    city = gateway.city
    object.__setattr__(city, "received", city.received - 1000.0)
    assert city.frozen()
    assert city.feed is Feed.LIVE


def test_the_age_of_a_value_grows_while_the_feed_is_silent(gateway):
    city = live(gateway)
    reading = city.reading("S001", "1/T_supply_secondary")
    younger = city.age_s(reading)
    object.__setattr__(city, "received", city.received - 100.0)
    assert city.age_s(reading) == pytest.approx(younger + 100.0 * city.speed, abs=5.0)


def test_a_wrong_token_is_told_apart_from_silence_and_mended_without_a_restart(api):
    right = api.token_file.read_text()
    api.token_file.write_text("another-token-that-nobody-gave-out-at-all")
    gateway = Gateway(Source(url=api.url, token_file=api.token_file))
    gateway.start()
    try:
        until(lambda: gateway.city.feed is Feed.REFUSED, "refusal")
        assert gateway.city.frozen()
        api.token_file.write_text(right)
        live(gateway)
    finally:
        gateway.stop()


def test_a_screen_may_start_before_its_controller(api, tmp_path):
    api.stop()
    gateway = Gateway(Source(url=api.url, token_file=tmp_path / "later"))
    gateway.start()
    try:
        until(lambda: gateway.city.feed is Feed.GONE, "nothing there")
        assert not gateway.city.known
        (tmp_path / "later").write_text(api.token_file.read_text())
        api.start()
        live(gateway)
    finally:
        gateway.stop()
