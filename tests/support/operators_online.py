"""Operators at a controller process: accounts by the command line, logins and orders over the API."""

import asyncio
import sys

import httpx

PASSWORD = "a winter of 6 months"


async def dhc(*arguments, stdin=""):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "controller.cli", *arguments, stdin=-1, stdout=-1, stderr=-1
    )
    out, err = await asyncio.wait_for(process.communicate(stdin.encode()), 60.0)
    return process.returncode, out.decode(), err.decode()


async def add_user(city, data, name, role):
    arguments = ("user", "add", str(city.folder), name, "--role", role, "--data", str(data))
    code, _, err = await dhc(*arguments, stdin=PASSWORD + "\n")
    assert code == 0, err


async def logged_in(controller, name):
    async with httpx.AsyncClient(base_url=controller.api.base_url, timeout=30.0) as anybody:
        answer = await anybody.post("/api/v1/login", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    headers = {"authorization": f"Bearer {answer.json()['token']}"}
    return httpx.AsyncClient(base_url=f"{controller.api.base_url}/api/v1/", headers=headers, timeout=30.0)


async def loop_now(controller, station):
    snapshot = await controller.get("snapshot")
    return next(s for s in snapshot["stations"] if s["id"] == station)["loops"][0]


async def committed(controller, client, key, station, T_supply, **fields):
    """Order one loop as a screen does: look, prepare, commit; a strategy may be quicker, then look again."""
    for attempt in range(5):
        seen = await loop_now(controller, station)
        loop = {name: seen[name] for name in ("loop", "order", "mode", "T_supply_set", "m_flow_set")}
        body = {"kind": "setpoint", "loops": [{"station": station, **loop}], "T_supply": T_supply, **fields}
        answer = await client.post(
            "commands", json={"key": f"{key}-{attempt}", "reason": "cold flats", "order": body}
        )
        if answer.status_code == 200:
            answer = await client.post(f"commands/{answer.json()['id']}/commit")
        if answer.status_code != 409:
            break
    assert answer.status_code == 200, answer.text
    return answer.json()


async def class_a_station(controller):
    """A class A radiator station that holds a setpoint."""
    for station in (await controller.get("stations"))["stations"]:
        if station["station_class"] == "A" and station["loops"][0]["emitter"] == "radiator":
            return station["id"]
    raise AssertionError("the city has no class A radiator station")
