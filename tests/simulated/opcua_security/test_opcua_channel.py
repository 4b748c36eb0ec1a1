"""A pinned station is read and driven over a secure channel, which lasts, is remembered and shows nothing."""

import pytest
from asyncua.crypto.security_policies import SecurityPolicyAes256Sha256RsaPss, SecurityPolicyBasic256Sha256
from cryptography.hazmat.primitives import serialization

from stations.driver import Deadlines, NoAnswer, SecurityRefused
from stations.model.identity import Point
from stations.model.outcome import Acknowledged
from stations.model.setpoint import Instruction, LoopCommand
from tests.support.opcua_certificates import make_pair
from tests.support.opcua_drivers import connected, pinned_address, url
from tests.support.opcua_link import wire_to
from tests.support.opcua_server import secured

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = Deadlines(connect_s=2.0, request_s=2.0, close_s=0.5)
STRONG = {SecurityPolicyAes256Sha256RsaPss, SecurityPolicyBasic256Sha256}


@pytest.mark.parametrize("kind", sorted(STRONG, key=lambda kind: kind.URI))
async def test_a_pinned_station_is_read_and_driven_over_each_strong_policy(
    server, pair, pin, identity, patience, kind
):
    server.show(*secured(pair, [kind]))
    async with connected(pinned_address(server.port, pin), identity, deadlines=patience) as driver:
        assert (await driver.read())[Point(0, "T_supply_primary")].value == pytest.approx(95.5)
        instruction = Instruction(heat=60.0, circulation=20.0)
        command = LoopCommand(loop=1, token=9, sequence=1, instruction=instruction)
        assert await driver.apply(command) == Acknowledged()
    assert identity.accepted_policy == {url(server.port): kind}


async def test_the_strongest_policy_is_taken_where_the_station_has_it(server, pin, identity):
    async with connected(pinned_address(server.port, pin), identity, deadlines=QUICK):
        pass
    assert list(identity.accepted_policy.values()) == [SecurityPolicyAes256Sha256RsaPss]


async def test_what_a_station_took_last_is_tried_first(server, pair, pin, identity, patience):
    server.show(*secured(pair, [SecurityPolicyBasic256Sha256]))
    async with wire_to(server.port) as wire:
        for connections in (2, 3):  # one refused attempt the first time only
            async with connected(pinned_address(wire.port, pin), identity, deadlines=patience):
                assert wire.connections == connections


async def test_silence_where_the_channel_opened_before_is_a_refusal_only_the_second_time(
    server, pin, identity, patience
):
    address = pinned_address(server.port, pin)
    async with connected(address, identity, deadlines=patience):
        pass
    server.show(*secured(make_pair()))  # a replaced certificate, or a stranger in its place
    for error in (NoAnswer, SecurityRefused):
        with pytest.raises(error):
            async with connected(address, identity, deadlines=patience):
                pass


async def test_an_outage_does_not_make_forget_what_a_station_took(server, pair, pin, identity, patience):
    server.show(*secured(pair, [SecurityPolicyBasic256Sha256]))
    async with wire_to(server.port) as wire:
        address = pinned_address(wire.port, pin)
        async with connected(address, identity, deadlines=patience):
            pass
        wire.hole = True
        with pytest.raises(NoAnswer):
            async with connected(address, identity, deadlines=patience):
                pass
        wire.hole = False
        before = wire.connections
        async with connected(address, identity, deadlines=patience):
            assert wire.connections == before + 1


async def test_a_pin_may_be_pem(server, pair, identity, tmp_path):
    pin = pair.write(tmp_path / "station.pem", serialization.Encoding.PEM)
    async with connected(pinned_address(server.port, pin), identity, deadlines=QUICK) as driver:
        assert await driver.read()


async def test_nothing_readable_goes_over_a_secured_wire_and_endpoints_are_never_asked(server, pin, identity):
    async with (
        wire_to(server.port) as wire,
        connected(pinned_address(wire.port, pin), identity, deadlines=QUICK) as driver,
    ):
        await driver.read()
        assert wire.connections == 1
        assert b"SecurityPolicy#Aes256_Sha256_RsaPss" in wire.sent
        assert b"SecurityPolicy#None" not in wire.sent
        assert b"T_supply" not in wire.sent


async def test_a_channel_is_renewed_a_hundred_times_without_a_lost_poll(server, pin, identity):
    class HastyClock:
        """An hour passes between two looks at it."""

        def __init__(self):
            self.wall = 0.0

        def now(self):
            return 0.0

        def wall_monotonic(self):
            self.wall += 3600.0
            return self.wall

    clock = HastyClock()
    async with connected(pinned_address(server.port, pin), identity, clock=clock, deadlines=QUICK) as driver:
        for _ in range(100):
            assert (await driver.read())[Point(0, "T_supply_primary")].value == pytest.approx(95.5)
