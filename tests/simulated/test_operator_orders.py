"""Operators at a running controller: an order reaches a real station, survives kill -9, and comes back."""

import signal
from collections import Counter

import pytest

from controller.audit.log import AuditLog
from controller.audit.verify import verify
from tests.support.operators_online import add_user, class_a_station, committed, dhc, logged_in, loop_now
from tests.support.polling import until
from tests.support.running_city import controller_process, running_city


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with running_city(tmp_path_factory.mktemp("orders"), stations=4, speed=30.0) as city:
        yield city


@pytest.mark.plug
@pytest.mark.long
@pytest.mark.xdist_group("orders city")
async def test_an_order_reaches_the_station_and_outlives_a_killed_controller(city, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    await add_user(city, data, "olga", "operator")
    async with controller_process(city, data) as controller:
        await controller.all_confirmed()
        await add_user(city, data, "otto", "operator")  # beside the running controller
        olga, otto = await logged_in(controller, "olga"), await logged_in(controller, "otto")
        station = await class_a_station(controller)
        T_wanted = round((await loop_now(controller, station))["T_supply_set"] + 2.0, 1)
        told = await committed(controller, olga, "warmer-by-two", station, T_wanted)

        async def arrived():
            loop = await loop_now(controller, station)
            return loop["T_supply_set"] == T_wanted and loop["write_state"] in (
                "confirmed",
                "confirmed_limited",
            )

        await until(arrived, 40.0, "the ordered temperature at the station")
        loop = await loop_now(controller, station)
        assert (loop["mode"], loop["author"], loop["order"]) == ("manual", "operator:olga", told["id"])

        refused = await otto.post(f"commands/{told['id']}/commit")
        assert refused.json()["error"]["reasons"][0]["id"] == "not_yours"
        await olga.aclose()
        await otto.aclose()
        await controller.stop(signal.SIGKILL)

    async with controller_process(city, data) as controller:
        loop = await loop_now(controller, station)
        assert (loop["mode"], loop["T_supply_ordered"], loop["order"]) == ("manual", T_wanted, told["id"])
        olga = await logged_in(controller, "olga")
        body = {"key": "back-to-local", "reason": "leak on site"}
        district = next(
            s["district"] for s in (await controller.get("stations"))["stations"] if s["id"] == station
        )
        answer = await olga.post(f"districts/{district}/local", json=body)
        assert answer.json()["state"] == "committed", answer.text

        async def own_curve():
            return not (await loop_now(controller, station))["held"]

        await until(own_curve, 30.0, "return of the district to its own controllers")
        assert (await loop_now(controller, station))["mode"] == "local"
        await olga.aclose()
        code, _ = await controller.stop()
        assert code == 0

    found = verify(data)
    assert found.fault is None
    code, out, err = await dhc("audit", "verify", str(city.folder), "--data", str(data))
    assert code == 0, err
    assert f"{found.entries} entries" in out
    told = Counter(kinds_of(data))
    expected = {
        "started": 2,
        "stopped": 1,
        "login": 3,
        "order_prepared": 2,
        "order_committed": 2,
        "user_added": 2,
    }
    assert {kind: told[kind] for kind in expected} == expected | {"order_prepared": told["order_prepared"]}
    assert told["order_prepared"] >= 2  # a strategy may have been quicker once or twice


def kinds_of(data):
    log = AuditLog(data)
    try:
        return [entry.event.kind for entry in reversed(log.newest(10_000))]
    finally:
        log.close()
