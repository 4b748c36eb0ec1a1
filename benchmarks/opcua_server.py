"""An OPC UA server with the device's 20 nodes for any number of sessions; asyncua speaks the protocol."""

import asyncio
import logging
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop
from asyncua import ua
from asyncua.server.internal_session import InternalSession
from asyncua.server.server import Server

from benchmarks.device import NAMESPACE, VALUES
from benchmarks.isolated import allow_open_files, wait_for_end
from stations.drivers.opcua.identity import ClientIdentity

APPLICATION_URI = "urn:dhc:benchmark:server"
CERTIFICATE, PRIVATE_KEY = "server.der", "server.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where the server is found."""

    port: int
    namespace_index: int


def serve(connection: Connection, open_files: int, secured_in: str | None) -> None:
    """Serve on a free port of the loopback, send a Listening, and end when the connection closes.

    ``secured_in`` names a folder: then the server makes its certificate there and takes SignAndEncrypt only.
    """
    allow_open_files(open_files)
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    uvloop.run(_serve(connection, open_files, None if secured_in is None else Path(secured_in)))


async def _serve(connection: Connection, sessions: int, secured_in: Path | None) -> None:
    server = Server()
    await server.init()
    await server.set_application_uri(APPLICATION_URI)
    server.set_endpoint("opc.tcp://127.0.0.1:0/")
    server.iserver.disabled_clock = True
    InternalSession.max_connections = server.iserver.max_connections = sessions
    await _set_security(server, secured_in)
    index = await server.register_namespace(NAMESPACE)
    for name, (_, value) in VALUES.items():
        node = ua.NodeId(name, index)  # type: ignore[arg-type]  # asyncua wants its own int subtypes
        await server.nodes.objects.add_variable(
            node, ua.QualifiedName(name, ua.UInt16(index)), value, ua.VariantType.Double
        )
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def watch() -> None:
        wait_for_end(connection)
        loop.call_soon_threadsafe(told.set)

    async with server:
        threading.Thread(target=watch, daemon=True).start()
        assert server.bserver is not None
        connection.send(Listening(port=server.bserver.port, namespace_index=index))
        await told.wait()


async def _set_security(server: Server, secured_in: Path | None) -> None:
    if secured_in is None:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        return
    certificate, key = secured_in / CERTIFICATE, secured_in / PRIVATE_KEY
    ClientIdentity.load_or_create(certificate, key, APPLICATION_URI)
    server.set_security_policy(
        [
            ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
            ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
        ]
    )
    await server.load_certificate(certificate)
    await server.load_private_key(key)
