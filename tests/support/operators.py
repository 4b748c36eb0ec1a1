"""What people do at a controller, over its API: orders and shelves, for rooms that tests look at."""

import secrets

import httpx


def as_person(room, name):
    """A client of the API with a session of its own."""
    headers = {"authorization": f"Bearer {room.session_of(name)}"}
    return httpx.Client(base_url=f"{room.api}/api/v1/", headers=headers, timeout=10.0)


def seen(room, station, number=1):
    """A loop as a screen would show it."""
    loop = room.loop(station, number)
    return {
        "station": station,
        "loop": number,
        "order": loop["order"],
        "mode": loop["mode"],
        "T_supply_set": loop["T_supply_set"],
        "m_flow_set": loop["m_flow_set"],
    }


def give_order(room, station, dT, name):
    """Ask for another supply temperature of a station's first loop, and commit it; returns its number."""
    body = {
        "key": secrets.token_hex(8),
        "reason": "居民反映偏冷",
        "order": {
            "kind": "setpoint",
            "loops": [seen(room, station)],
            "dT_supply": dT,
            "duration_s": 14_400.0,
        },
    }
    with as_person(room, name) as api:
        prepared = _sound(api.post("commands", json=body))
        _sound(api.post(f"commands/{prepared['id']}/commit"))
    return prepared["id"]


def choose_strategy(room, district, strategy, name, second):
    """Let another strategy decide for a district; ``name`` and ``second`` are engineers or shift leads."""
    by_site = room.get("stations")["districts"][district]["strategy"]
    seen_now = room.get("modes")["strategies"].get(district, by_site)
    body = {
        "key": secrets.token_hex(8),
        "reason": "试运行",
        "order": {"kind": "strategy", "district": district, "strategy": strategy, "seen": seen_now},
    }
    with as_person(room, name) as api:
        prepared = _sound(api.post("commands", json=body))
        if prepared["needs_second"]:
            with as_person(room, second) as other:
                _sound(other.post(f"commands/{prepared['id']}/approve"))
        _sound(api.post(f"commands/{prepared['id']}/commit"))


def shelve_something(room, name):
    """Acknowledge the first alarm of the list and shelve the last, where there are two."""
    alarms = room.get("alarms")["alarms"]
    if len(alarms) < 2:
        return
    with as_person(room, name) as api:
        _sound(api.post(f"alarms/{alarms[0]['id']}/ack", json={"note": "已派人前往"}))
        body = {"reason": "正在更换传感器", "duration_s": 3600.0}
        _sound(api.post(f"alarms/{alarms[-1]['id']}/shelve", json=body))


def _sound(answer):
    assert answer.is_success, answer.text
    return answer.json()
