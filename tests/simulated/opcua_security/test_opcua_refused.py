"""What the OPC UA driver refuses of a station: wrong keys, weak channels, and with which advice."""

import pytest
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.security_policies import SecurityPolicyBasic128Rsa15, SecurityPolicyBasic256

from stations.driver import Deadlines, NoAnswer, SecurityRefused
from stations.drivers.opcua.trust import POLICIES
from tests.support.opcua_certificates import make_pair
from tests.support.opcua_drivers import connected, open_address, pinned_address
from tests.support.opcua_link import wire_to
from tests.support.opcua_server import secured

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = Deadlines(connect_s=2.0, request_s=2.0, close_s=0.5)


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


async def test_a_link_too_slow_for_the_deadline_is_not_taken_for_a_refusal(server, pin, identity):
    deadlines = Deadlines(connect_s=0.6, request_s=1.0, close_s=0.5)
    async with wire_to(server.port) as wire:
        wire.delay_s = 0.12
        with pytest.raises(NoAnswer):
            async with connected(pinned_address(wire.port, pin), identity, deadlines=deadlines):
                pass
