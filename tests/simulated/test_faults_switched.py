"""The switch of the simulators' faults: it refuses what cannot be, lists what is on, and ends it."""

import pytest
import pytest_asyncio

from simulators.control import ControlError
from tests.support.fault_bench import fault_bench

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory):
    async with fault_bench(tmp_path_factory.mktemp("city")) as running:
        yield running


async def test_the_switch_refuses_what_cannot_be_and_says_why(bench):
    plc, ua = bench.post("plc-a").station.id, bench.post("opcua-substation").station.id
    wrong = [
        ({"name": "half_opne"}, "did you mean half_open"),
        ({"name": "latency", "options": {"one_way_ms": -1}}, "one_way_ms = -1: must be 1..20000"),
        ({"name": "latency", "options": {"speed": 1}}, "no such option; known: one_way_ms, jitter_ms"),
        ({"name": "lost_sessions", "stations": [plc]}, "plc-a does not speak OPC UA"),
        ({"name": "clock_skew", "stations": [plc, ua]}, "sends no time with its values"),
        ({"name": "outage", "stations": ["S999"]}, "'S999' is not simulated here"),
        ({"name": "outage", "stations": "0 %"}, "above 0 %"),
        ({"name": "outage", "duration_s": 0}, "duration_s = 0: must be"),
    ]
    for request, says in wrong:
        with pytest.raises(ControlError, match=says):
            await bench.ask("on", **request)
    with pytest.raises(ControlError, match="action 'of' is not known"):
        await bench.ask("of")
    assert (await bench.ask("list"))["on"] == []


async def test_the_switch_lists_what_is_on_and_ends_it(bench):
    await bench.ask("on", name="L1_latency", stations="50 %", options={"one_way_ms": 5})
    await bench.ask("on", name="frozen_sensor", duration_s=3600)
    on = (await bench.ask("list"))["on"]
    latency = [one for one in on if one["name"] == "latency"]
    assert len(latency) == 4  # of 7 stations and sources, rounded up
    assert latency[0]["options"] == {"one_way_ms": 5.0, "jitter_ms": 40.0}
    assert latency[0]["until"] is None
    frozen = [one for one in on if one["name"] == "frozen_sensor"]
    assert all(one["until"] - one["since"] == 3600.0 for one in frozen)
    assert (await bench.ask("off", name="latency"))["ended"] == 4
    assert (await bench.ask("off"))["ended"] == len(frozen)
    assert (await bench.ask("list"))["on"] == []
    assert set((await bench.ask("known"))["faults"]) >= {"half_open", "valve_stuck"}
