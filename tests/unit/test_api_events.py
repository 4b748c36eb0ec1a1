"""The hub behind the stream: shared frames, bounded memory, and nothing to do while nobody listens."""

import pytest

from controller.api.events import KEPT, EventHub
from controller.api.snapshot import SnapshotCache
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.api_bench import NOW, FixedClock, live_state
from tests.support.sites import site_config, station_config


@pytest.fixture
def state(tmp_path):
    return live_state(site_config(tmp_path, station_config()))


@pytest.fixture
def hub(tmp_path, state, monkeypatch):
    monkeypatch.setattr("controller.api.events.TICK_S", 0.0)
    return EventHub(SnapshotCache(state, site_config(tmp_path, station_config()), FixedClock()))


def change(state, value):
    state.image.update("S001", readings={Point(1, "T_supply_secondary"): good(value, NOW)})


async def test_all_clients_get_the_same_bytes(hub, state):
    _, first = await hub.join(None)
    _, second = await hub.join(None)
    change(state, 61.0)
    (frame_of_first,), _ = await hub.after(first)
    (frame_of_second,), _ = await hub.after(second)
    assert frame_of_first is frame_of_second
    assert b"61.0" in frame_of_first


async def test_a_client_that_falls_behind_gets_what_it_missed_while_it_is_kept(hub, state):
    _, slow = await hub.join(None)
    _, quick = await hub.join(None)
    for i in range(KEPT):
        change(state, 50.0 + i)
        _, quick = await hub.after(quick)
    frames, place = await hub.after(slow)
    assert len(frames) == KEPT
    assert place == quick


async def test_a_client_that_falls_too_far_behind_is_dropped(hub, state):
    _, slow = await hub.join(None)
    _, quick = await hub.join(None)
    for i in range(KEPT + 1):
        change(state, 50.0 + i)
        _, quick = await hub.after(quick)
    assert await hub.after(slow) is None


async def test_closing_wakes_every_client(hub):
    _, place = await hub.join(None)
    hub.close()
    assert await hub.after(place) is None


async def test_what_changed_while_nobody_listened_is_not_sent_as_a_change(hub, state):
    hub.clients = 1
    _, place = await hub.join(None)
    hub.leave()
    change(state, 61.0)
    hub.clients = 1
    text, place = await hub.join(None)
    assert b"61.0" in text
    change(state, 62.0)
    (frame,), _ = await hub.after(place)
    assert b"62.0" in frame
    assert hub._made == 1
