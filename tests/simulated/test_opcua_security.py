"""What the OPC UA driver refuses: every wrong certificate, every weak channel, and with which advice."""

import asyncio
import dataclasses

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.security_policies import (
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic128Rsa15,
    SecurityPolicyBasic256,
    SecurityPolicyBasic256Sha256,
)
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from stations.driver import Deadlines, LinkLost, NoAnswer, OpcUaAddress, SecurityRefused
from stations.drivers.opcua import connection
from stations.drivers.opcua.identity import ClientIdentity
from stations.drivers.opcua.trust import POLICIES
from stations.model.identity import Point
from stations.model.outcome import Acknowledged
from stations.model.setpoint import Instruction, LoopCommand
from tests.support.opcua_certificates import DAY, make_pair
from tests.support.opcua_drivers import connected, open_address, pinned_address, url
from tests.support.opcua_link import wire_to
from tests.support.opcua_server import secured, station_server, substation_nodes

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = Deadlines(connect_s=2.0, request_s=2.0, close_s=0.5)
STRONG = {SecurityPolicyAes256Sha256RsaPss, SecurityPolicyBasic256Sha256}


@pytest.fixture(scope="module")
def pair():
    return make_pair()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def station(pair):
    async with station_server(substation_nodes(), pair=pair) as server:
        yield server


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    return ClientIdentity.load_or_create(folder / "c.der", folder / "c.pem", "urn:dhc:controller")


@pytest.fixture
def identity(loaded):
    """The controller's identity with no memory of any server."""
    return dataclasses.replace(loaded, accepted_policy={})


@pytest.fixture
def server(station, pair):
    station.reset()
    station.show(*secured(pair))
    yield station
    station.show(*secured(pair))


@pytest.fixture
def pin(pair, tmp_path):
    return pair.write(tmp_path / "station.der")


@pytest.fixture
def patience(monkeypatch):
    """Servers of the test's library refuse a channel by silence; do not wait long for that."""
    monkeypatch.setattr(connection, "SILENT_REFUSAL_S", 0.1)
    return Deadlines(connect_s=1.0, request_s=1.0, close_s=0.5)


# ---------------------------------------------------------------- what works


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


# ---------------------------------------------------------------- refused before a byte is sent


def _no_pin(pair, folder):
    return None


def _missing_file(pair, folder):
    return str(folder / "nothing.der")


def _no_certificate(pair, folder):
    (folder / "text.der").write_text("hello")
    return str(folder / "text.der")


def _expired(pair, folder):
    return make_pair(key=pair.private_key, ends=-DAY).write(folder / "expired.der")


def _early(pair, folder):
    return make_pair(key=pair.private_key, begins=DAY).write(folder / "early.der")


def _elliptic(pair, folder):
    key = ec.generate_private_key(ec.SECP256R1())
    return make_pair(key=key).write(folder / "elliptic.der")


@pytest.mark.parametrize(
    ("make_pin", "advice"),
    [
        (_no_pin, "no server certificate is pinned; export it"),
        (_missing_file, "can not be read .* export it again"),
        (_no_certificate, "can not be read .* export it again"),
        (_expired, "expired on .* renew it in the station and pin the new one"),
        (_early, "not valid before .* renew it in the station"),
        (_elliptic, "no RSA key"),
    ],
)
async def test_without_a_valid_pin_nothing_is_sent(server, pair, identity, tmp_path, make_pin, advice):
    async with wire_to(server.port) as wire:
        with pytest.raises(SecurityRefused, match=advice) as refused:
            async with connected(pinned_address(wire.port, make_pin(pair, tmp_path)), identity):
                pass
        assert not refused.value.retryable
        assert wire.connections == 0


async def test_without_an_identity_of_its_own_the_controller_sends_nothing(server, pin):
    async with wire_to(server.port) as wire:
        with pytest.raises(SecurityRefused, match="no certificate of its own"):
            async with connected(pinned_address(wire.port, pin), None):
                pass
        assert wire.connections == 0


async def test_with_an_expired_identity_the_controller_sends_nothing(server, pin, identity):
    old = make_pair("urn:dhc:controller", ends=-DAY, key=identity.private_key)
    expired = dataclasses.replace(identity, certificate=old.certificate)
    async with wire_to(server.port) as wire:
        with pytest.raises(SecurityRefused, match="own certificate expired on"):
            async with connected(pinned_address(wire.port, pin), expired):
                pass
        assert wire.connections == 0


@pytest.mark.parametrize("security", ["", "sign", "None", "basic256"])
async def test_any_other_word_for_security_is_refused(server, pin, identity, security):
    address = OpcUaAddress(url=url(server.port), security=security, server_certificate=pin)
    with pytest.raises(SecurityRefused, match="allowed: sign_and_encrypt, none"):
        async with connected(address, identity):
            pass


async def test_a_password_is_never_sent_in_the_clear(server):
    address = dataclasses.replace(open_address(server.port), username="operator", password="secret")
    async with wire_to(server.port) as wire:
        with pytest.raises(SecurityRefused, match="never sent in the clear") as refused:
            async with connected(address):
                pass
        assert wire.connections == 0
        assert "secret" not in str(refused.value)


# ---------------------------------------------------------------- refused on the wire


async def test_a_rogue_server_is_refused_before_it_learns_a_name(server, pin, identity, patience):
    server.show(*secured(make_pair()))
    async with wire_to(server.port) as wire:
        address = pinned_address(wire.port, pin, username="operator", password="secret")
        with pytest.raises(SecurityRefused, match="not hold the key of the pinned certificate"):
            async with connected(address, identity, deadlines=patience):
                pass
        assert b"operator" not in wire.sent
        assert b"secret" not in wire.sent


async def test_a_server_with_another_application_uri_than_its_certificate_is_refused(
    server, identity, tmp_path
):
    strange = make_pair(uri="urn:test:other-station")
    server.show(*secured(strange))
    pin = strange.write(tmp_path / "strange.der")
    advice = "'urn:test:station' but .* is for urn:test:other-station; have the station issue"
    with pytest.raises(SecurityRefused, match=advice):
        async with connected(pinned_address(server.port, pin), identity, deadlines=QUICK):
            pass


@pytest.mark.parametrize("kind", [SecurityPolicyBasic128Rsa15, SecurityPolicyBasic256])
async def test_a_station_that_has_only_a_broken_policy_is_refused(
    server, pair, pin, identity, patience, kind
):
    assert kind not in POLICIES
    server.show(*secured(pair, [kind]))
    with pytest.raises(SecurityRefused, match="no secure channel"):
        async with connected(pinned_address(server.port, pin), identity, deadlines=patience):
            pass


async def test_a_station_without_security_is_refused_where_security_is_demanded(
    server, pin, identity, patience
):
    server.show()
    with pytest.raises(SecurityRefused, match="allows no SignAndEncrypt"):
        async with connected(pinned_address(server.port, pin), identity, deadlines=patience):
            pass


async def test_a_secured_station_is_not_talked_to_in_the_clear(server):
    with pytest.raises(SecurityRefused, match="set security = sign_and_encrypt and pin"):
        async with connected(open_address(server.port), deadlines=QUICK):
            pass


@pytest.mark.parametrize("status", ["BadCertificateUntrusted", "BadCertificateUriInvalid"])
async def test_a_station_that_distrusts_the_controller_says_where_to_put_its_certificate(
    server, pin, identity, status
):
    async def distrust(certificate, application):
        raise ServiceError(getattr(ua.StatusCodes, status))

    server.server.iserver.certificate_validator = distrust
    try:
        with pytest.raises(SecurityRefused, match=f"{status} .* add the controller's certificate"):
            async with connected(pinned_address(server.port, pin), identity, deadlines=QUICK):
                pass
    finally:
        server.server.iserver.certificate_validator = None


async def test_a_refused_login_is_a_security_matter(server, pin, identity, monkeypatch):
    manager = server.server.iserver.user_manager
    monkeypatch.setattr(manager, "get_user", lambda *_, **__: None)
    address = pinned_address(server.port, pin, username="operator", password="wrong")
    with pytest.raises(SecurityRefused, match="check user and rights") as refused:
        async with connected(address, identity, deadlines=QUICK):
            pass
    assert "wrong" not in str(refused.value)


async def test_a_server_that_hangs_up_at_the_channel_twice_is_refused(pin, identity):
    async def hang_up(reader, writer):
        hello = await reader.read(65536)
        assert hello.startswith(b"HELF")
        # Acknowledge of OPC 10000-6, 7.1.2.4: version 0, two buffers of 65,535, no other limits.
        writer.write(bytes.fromhex("41434b46 1c000000 00000000 ffff0000 ffff0000 00000000 00000000"))
        await reader.read(65536)
        writer.close()

    async with await _listen(hang_up) as listener:
        with pytest.raises(SecurityRefused, match="Aes256_Sha256_RsaPss: hangs up; Basic256Sha256: hangs up"):
            async with connected(pinned_address(_port(listener), pin), identity, deadlines=QUICK):
                pass


async def test_a_server_that_answers_the_channel_with_an_error_is_refused_with_its_name(pin, identity):
    async def refuse(reader, writer):
        await reader.read(65536)
        writer.write(bytes.fromhex("41434b46 1c000000 00000000 ffff0000 ffff0000 00000000 00000000"))
        await reader.read(65536)
        # Error of OPC 10000-6, 7.1.2.5: Bad_SecurityChecksFailed, no text.
        writer.write(bytes.fromhex("45525246 10000000 00001380 ffffffff"))
        await reader.read(65536)
        writer.close()

    async with await _listen(refuse) as listener:
        with pytest.raises(SecurityRefused, match="BadSecurityChecksFailed"):
            async with connected(pinned_address(_port(listener), pin), identity, deadlines=QUICK):
                pass


NOISE = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 64, b"ACKF\xff\xff\xff\xff"]


@pytest.mark.parametrize("noise", NOISE, ids=["HTTP", "zeros", "endless"])
async def test_something_that_is_no_opc_ua_server_is_a_link_that_does_not_work(pin, identity, noise):
    async def speak(reader, writer):
        await reader.read(65536)
        writer.write(noise)
        await reader.read(65536)
        writer.close()

    deadlines = Deadlines(connect_s=0.5, request_s=0.5, close_s=0.5)
    async with await _listen(speak) as listener:
        with pytest.raises((LinkLost, NoAnswer)):
            async with connected(pinned_address(_port(listener), pin), identity, deadlines=deadlines):
                pass


async def test_a_link_too_slow_for_the_deadline_is_not_taken_for_a_refusal(server, pin, identity):
    deadlines = Deadlines(connect_s=0.6, request_s=1.0, close_s=0.5)
    async with wire_to(server.port) as wire:
        wire.delay_s = 0.12
        with pytest.raises(NoAnswer):
            async with connected(pinned_address(wire.port, pin), identity, deadlines=deadlines):
                pass


async def _listen(serve):
    return await asyncio.start_server(serve, "127.0.0.1", 0)


def _port(listener):
    return listener.sockets[0].getsockname()[1]
