"""What answers at the address and is no OPC UA station: it hangs up, sends an error, or noise."""

import asyncio

import pytest

from stations.driver import Deadlines, LinkLost, NoAnswer, SecurityRefused
from tests.support.opcua_drivers import connected, pinned_address

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = Deadlines(connect_s=2.0, request_s=2.0, close_s=0.5)


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


async def _listen(serve):
    return await asyncio.start_server(serve, "127.0.0.1", 0)


def _port(listener):
    return listener.sockets[0].getsockname()[1]
