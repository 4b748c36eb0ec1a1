"""A small city as the screen knows it, made by the controller's own encoders, for tests of view models."""

import time
from dataclasses import replace
from pathlib import Path

from controller.api.alarm_schema import AlarmList
from controller.api.schema import CompactReading, StationList, StationState
from controller.api.views import station_list, station_state
from controller.decisions import LoopKey
from hmi.city import City, Feed, frozen_by_id
from stations.model.quality import Quality, Reason
from tests.support import operations_city as told
from tests.support.api_bench import NOW, live_state
from tests.support.sites import loop_config, site_config, station_config

FLOOR = {"emitter": "floor", "T_supply_max_degC": 55.0}


def small_city(n=4, **changes):
    """Stations S001 … with a radiator loop each, a second floor loop in S001, all fresh and held."""
    stations = [
        station_config(
            f"S{i:03}",
            port=20000 + i,
            name_zh=f"第{i}站",
            name_en=f"Station {i}",
            latitude=37.4 + 0.01 * i,
            longitude=112.9,
            loops=(loop_config(), loop_config(loop=2, **FLOOR)) if i == 1 else (loop_config(),),
        )
        for i in range(1, n + 1)
    ]
    site = site_config(Path("nowhere"), *stations)
    state = live_state(site)
    listed = StationList.model_validate(station_list(site))
    shown = {}
    for station in site.stations:
        loops = [state.loops[LoopKey(station.id, loop.loop)] for loop in station.loops]
        shown[station.id] = StationState.model_validate(station_state(state.image[station.id], loops))
    fields = {
        "stations": frozen_by_id(shown),
        "traits": frozen_by_id({traits.id: traits for traits in listed.stations}),
        "site": listed,
        "alarms": AlarmList(now=NOW, version=1, alarms=[]),
        "now": NOW,
        "received": time.monotonic(),
        "polled": time.monotonic(),
        "version": 1,
        "simulation": True,
        "feed": Feed.LIVE,
    }
    return City(**{**fields, **changes})


def with_reading(city, station, point, value, quality=Quality.GOOD, reason=Reason.OK, age_s=0.0):
    """The city with another reading; None is a bad one."""
    told = CompactReading(value, Quality.BAD if value is None else quality, reason, NOW - age_s)
    state = city.stations[station]
    return with_station(city, station, readings=state.readings | {point: told})


def with_station(city, station, **changes):
    """The city with another state of one station."""
    state = city.stations[station].model_copy(update=changes)
    return replace(city, stations=frozen_by_id(dict(city.stations) | {station: state}))


def with_loop(city, station, loop=1, **changes):
    """The city with another control state of one loop."""
    loops = [
        one.model_copy(update=changes) if one.loop == loop else one for one in city.stations[station].loops
    ]
    return with_station(city, station, loops=loops)


def with_alarms(city, *alarms):
    """The city with these alarms on its list."""
    return replace(city, alarms=AlarmList(now=NOW, version=2, alarms=list(alarms)))


def alarm(rule="high_temperature", station="S002", **changes):
    """One alarm."""
    fields = {
        "priority": 2,
        "station": station,
        "district": None,
        "title_en": "High temperature",
        "title_zh": "温度过高",
        "text_en": "supply at 86 °C",
        "text_zh": "供温 86 °C",
        "since": NOW - 300,
        "raised_at": NOW - 240,
    }
    return told.alarm(f"{rule}:{station}" if station else rule, **{**fields, **changes})


def order(number=9, kind="setpoint", state="committed", **changes):
    """One order with the preview of one loop."""
    loop = {
        "station": "S001", "loop": 1, "mode": "auto", "mode_new": "manual",
        "T_supply_held": 60.0, "T_supply_new": 61.5, "m_flow_held": 30.0, "m_flow_new": 30.0,
        "T_supply_min": 50.2, "T_supply_max": 66.1, "reached_in_s": 450,
        "effect": {"kind": "steady-state estimate", "dT_indoor_K": 0.5, "Q_flow_change": 0.031},
    }  # fmt: skip
    note = {"id": "other_mode", "params": {}, "en": "It was local.", "zh": "原为就地。"}
    fields = {
        "author": "olga",
        "prepared_at": NOW,
        "expires_at": NOW + 120,
        "committed_at": NOW if state == "committed" else None,
        "preview": {"loops": [loop], "until": NOW + 7200, "notes": [note]},
    }
    return told.order(number, kind, state, **{**fields, **changes})


def loop_state(**changes):
    """The control state of one loop in auto, held and confirmed."""
    return told.loop_state(**{"T_supply_set": 60.0, "m_flow_set": 30.0, "write_state_at": NOW, **changes})
