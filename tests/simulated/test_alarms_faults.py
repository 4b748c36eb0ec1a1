"""Faults on real sockets: stations fall silent, one alarm says so, and a killed controller remembers it."""

import pytest

from controller.api import alarm_schema as schema
from tests.support.polling import until
from tests.support.running_city import controller_process, running_city

pytestmark = [pytest.mark.long, pytest.mark.plug, pytest.mark.slow, pytest.mark.xdist_group("alarms")]

STATIONS = 16
SPEED = 30.0


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with running_city(tmp_path_factory.mktemp("city"), stations=STATIONS, speed=SPEED) as running:
        yield running


async def alarms(controller):
    listed = await controller.get("alarms?all=true")
    schema.AlarmList.model_validate(listed)
    return {a["id"]: a for a in listed["alarms"]}


async def shown(controller):
    return {name for name, alarm in (await alarms(controller)).items() if alarm["state"] != "suppressed"}


async def ready(controller):
    async def all_polled():
        return (await controller.get("kpis"))["ready"]

    await until(all_polled, 40.0, "an answer of every station")


async def until_shown(controller, expected, wall_s, what):
    seen = set()

    async def there():
        nonlocal seen
        seen = await shown(controller)
        return seen == expected

    try:
        await until(there, wall_s, what)
    except AssertionError:
        assert seen == expected
        raise


async def test_silent_stations_of_a_district_are_one_alarm_that_outlives_a_kill(city, tmp_path):
    site = city.site(None)
    district = site.stations[0].district
    victims = [s.id for s in site.stations if s.district == district and s.kind == "station"][:5]
    parent = f"district_lost:{district}"
    try:
        async with controller_process(city, tmp_path) as controller:
            await ready(controller)
            assert await shown(controller) == set()
            for victim in victims:
                await city.ask("stop_server", station=victim)
            await until_shown(controller, {parent}, 40.0, "one alarm of the district")

            async def all_beneath():
                children = (await alarms(controller))[parent]["children"]
                return set(children) == {f"station_lost:{victim}" for victim in victims}

            await until(all_beneath, 30.0, "the stations beneath it")
            before = (await alarms(controller))[parent]
            await controller.stop(9)
        async with controller_process(city, tmp_path) as controller:
            after = (await alarms(controller))[parent]
            assert (after["state"], after["raised_at"], after["count"]) == ("unack", before["raised_at"], 1)
            for victim in victims:
                await city.ask("start_server", station=victim)

            async def over():
                listed = await alarms(controller)
                return [(name, a["state"]) for name, a in listed.items()] == [(parent, "returned_unack")]

            await until(over, 60.0, "the end of all of it")
            steps = (await controller.get(f"alarms/journal?start=0&end={city.clock.now() + 1}"))["steps"]
            assert [s["after"] for s in steps if s["id"] == parent] == ["unack", "returned_unack"]
            for victim in victims:
                states = [s["after"] for s in steps if s["id"] == f"station_lost:{victim}"]
                assert states in (["suppressed", "normal"], ["unack", "suppressed", "normal"])
    finally:
        for victim in victims:
            await city.ask("start_server", station=victim)


async def test_a_black_hole_and_a_closed_port_are_two_silent_stations(city, tmp_path):
    site = city.site(None)
    hole, closed = (
        next(s.id for s in site.stations if s.profile.name == profile)
        for profile in ("opcua-substation", "plc-a")
    )
    async with controller_process(city, tmp_path) as controller:
        await ready(controller)
        try:
            await city.ask("blackhole", station=hole, on=True)
            await city.ask("stop_server", station=closed)
            await until_shown(
                controller, {f"station_lost:{hole}", f"station_lost:{closed}"}, 60.0, "both alarms"
            )
            for alarm in (await alarms(controller)).values():
                assert alarm["text_en"].partition(": ")[2]
        finally:
            await city.ask("blackhole", station=hole, on=False)
            await city.ask("start_server", station=closed)
