"""Where no secure channel can be meant, nothing is sent: no pin, no identity, no such security."""

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from stations.driver import OpcUaAddress, SecurityRefused
from tests.support.opcua_certificates import DAY, make_pair
from tests.support.opcua_drivers import connected, open_address, pinned_address, url
from tests.support.opcua_link import wire_to

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
