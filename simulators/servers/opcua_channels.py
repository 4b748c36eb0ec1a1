"""Connections of a simulated OPC UA device: how they are read, how long their channels live, how they end."""

import asyncio

from asyncua import ua
from asyncua.common.connection import SecureConnection
from asyncua.server.binary_server_asyncio import OPCUAProtocol
from asyncua.server.server import Server

from simulators.one_buffer import read_into_one_buffer
from simulators.servers.misbehaviour import Misbehaviour

_GRACE = 1.25
"""Messages under a token that has ended are taken for a quarter of its life (OPC 10000-4, 5.6.2)."""


class Connections(list[OPCUAProtocol]):
    """Stands where asyncua keeps a server's connections; each gets a channel that the device watches over.

    asyncua grants every life that is asked for and never looks whether it has ended.
    """

    def __init__(self, device: Misbehaviour) -> None:
        super().__init__()
        self._device = device

    def append(self, protocol: OPCUAProtocol) -> None:
        """Take a new connection, before its first message."""
        super().append(protocol)
        assert protocol.processor is not None
        assert protocol.transport is not None
        read_into_one_buffer(protocol.transport, protocol)
        stock = protocol.processor._connection
        protocol.processor._connection = _Channel(stock, self._device, protocol.transport)


async def end_cleaning(server: Server) -> None:
    """End the task of a server that clears up lost connections, before the server is stopped.

    asyncua cancels it once and waits for its end. Where it is just waiting for a connection that ends, that
    connection takes the cancel for one of its own: the task lives on, and the stop waits for ever.
    """
    assert server.bserver is not None
    cleaning, server.bserver.cleanup_task = server.bserver.cleanup_task, None
    while cleaning is not None and not cleaning.done():
        cleaning.cancel()
        await asyncio.sleep(0)


class _Channel(SecureConnection):
    """asyncua's channel with a life that ends."""

    def __init__(self, stock: SecureConnection, device: Misbehaviour, transport: asyncio.Transport) -> None:
        super().__init__(stock.security_policy, stock._limits)
        self.set_policy_factories(stock._policies)
        self._device = device
        self._transport = transport
        self._end: asyncio.TimerHandle | None = None

    def open(self, params: ua.OpenSecureChannelParameters, server: object) -> ua.OpenSecureChannelResult:
        """Grant or renew a channel; one that a fault has made short is closed when it is not renewed."""
        self._cancel()
        life_s = self._device.channel_life_s
        if life_s is not None:
            params.RequestedLifetime = ua.UInt32(min(int(params.RequestedLifetime), round(1000.0 * life_s)))
            self._end = asyncio.get_running_loop().call_later(_GRACE * life_s, self._transport.close)
        return super().open(params, server)

    def close(self) -> None:
        """End the channel."""
        self._cancel()
        super().close()

    def _cancel(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
