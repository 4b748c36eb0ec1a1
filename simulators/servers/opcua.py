"""An OPC UA server on a private port in front of one station or heat source; asyncua speaks the protocol."""

import math
import random
from dataclasses import dataclass
from pathlib import Path

from asyncua import ua
from asyncua.common.node import Node
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.address_space import AddressSpace, AttributeService
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from simulators.servers.encoding import physical_value
from simulators.servers.misbehaviour import Misbehaviour
from simulators.servers.opcua_channels import Connections, end_cleaning
from simulators.servers.opcua_methods import LeaseMethods
from simulators.servers.opcua_space import SharedSpaceServer, StandardNodes
from simulators.servers.opcua_values import VARIANT_TYPES, NodeValues, node_id
from simulators.servers.served import Driven, Observer, Served, UaWatch
from stations.model.clock import Clock
from stations.model.identity import PRIMARY, Point
from stations.profile import Profile, ProfilePoint

OTHER_NAMESPACES_MAX = 5
"""Up to so many foreign namespaces stand before the profile's, so that a fixed index reads a wrong node."""

_SECURED = [
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """Certificate (DER) and key (PEM) of a secured server."""

    certificate: Path
    private_key: Path

    @property
    def key(self) -> RSAPrivateKey:
        """The key; not examined again, which would take ten times as long: it was made here."""
        key = load_pem_private_key(
            self.private_key.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
        assert isinstance(key, RSAPrivateKey)
        return key

    @property
    def application_uri(self) -> str:
        """The URI that the certificate names; clients compare it with the endpoint's."""
        certificate = x509.load_der_x509_certificate(self.certificate.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return str(names.get_values_for_type(x509.UniformResourceIdentifier)[0])


class OpcUaStationServer:
    """One device's OPC UA server on 127.0.0.1; each start draws the index of its namespace anew.

    With an identity it offers SignAndEncrypt only, without one it offers no security only. Any client
    certificate is accepted: who may talk to a station is not what this simulates. ``driven`` is the same
    station where it takes setpoints, None for a heat source.
    """

    def __init__(
        self,
        *,
        url: str,
        profile: Profile,
        n_loops: int,
        station: Served,
        driven: Driven | None,
        clock: Clock,
        nodes: StandardNodes,
        identity: ServerIdentity | None,
        watch: UaWatch,
        rng: random.Random,
        device: Misbehaviour | None = None,
    ) -> None:
        self._url = url
        self._profile = profile
        self._loops = range(1, n_loops + 1)
        self._driven = driven
        self._clock = clock
        self._device = device or Misbehaviour()
        self._observer = Observer(station, clock, self._device)
        self._nodes = nodes
        self._identity = self._first_identity = identity
        self._watch = watch
        self._rng = rng
        self._server: Server | None = None

    async def start(self) -> int:
        """Listen on a free port of the loopback and return it."""
        assert self._profile.opcua is not None
        server = Server(iserver=SharedSpaceServer(self._nodes, self._device))
        await server.init()
        server.set_endpoint(self._url)
        server.socket_address = ("127.0.0.1", 0)
        await self._secure(server)
        for number in range(self._rng.randint(0, OTHER_NAMESPACES_MAX)):
            await server.register_namespace(f"urn:dhc:other:{number}")
        index = await server.register_namespace(self._profile.opcua.namespace_uri)
        writable = await self._build(server, index)
        await server.start()
        # installed last, so that what the server reads and writes itself is not counted
        server.iserver.attribute_service = _Attributes(server.iserver.aspace, self, writable)
        self._server = server
        assert server.bserver is not None
        server.bserver.clients = Connections(self._device)
        return server.bserver.port

    async def stop(self) -> None:
        """Close the socket, all connections and sessions."""
        server, self._server = self._server, None
        if server is not None:
            await end_cleaning(server)
            await server.stop()

    async def lose_sessions(self) -> None:
        """Forget every session of a client while its connection stays, as after a fault inside the server."""
        if self._server is not None:
            core = self._server.iserver
            assert isinstance(core, SharedSpaceServer)
            await core.lose_sessions()

    def identify(self, identity: ServerIdentity | None) -> None:
        """Show another certificate from the next start on; None for the one given first."""
        self._identity = identity or self._first_identity

    def count_read(self, nodes: int) -> None:
        """Tell the recorder of a Read request."""
        self._watch.ua_read(nodes)

    def write(self, node: ua.NodeId, declared: ProfilePoint | None, value: ua.DataValue) -> ua.StatusCode:
        """Route a write of a client to the station, or refuse it."""
        raw = None if value.Value is None else value.Value.Value
        number = float(raw) if isinstance(raw, bool | int | float) else math.nan
        self._watch.ua_write(str(node.Identifier), number)
        refused = self._device.write_refusal()
        if refused is not None:
            return ua.StatusCode(ua.UInt32(refused))
        if declared is None or self._driven is None:
            return ua.StatusCode(ua.UInt32(StatusCodes.BadNotWritable))
        wanted = physical_value(declared, number)
        low, high = declared.bounds()
        if not low <= wanted <= high:
            return ua.StatusCode(ua.UInt32(StatusCodes.BadOutOfRange))
        self._observer.forget()
        self._driven.write_outdoor_centre(wanted, self._clock.now())
        return ua.StatusCode()

    async def _secure(self, server: Server) -> None:
        """Offer exactly one kind of endpoint."""
        tokens: list[type] = [ua.AnonymousIdentityToken]
        if self._identity is None:
            assert self._profile.opcua is not None
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
            await server.set_application_uri(f"{self._profile.opcua.namespace_uri}:simulated")
        else:
            server.set_security_policy(_SECURED)
            await server.load_certificate(self._identity.certificate)
            server.iserver.private_key = self._identity.key
            await server.set_application_uri(self._identity.application_uri)
            tokens.append(ua.UserNameIdentityToken)
        server.set_identity_tokens(tokens)

    async def _build(self, server: Server, index: int) -> dict[ua.NodeId, ProfilePoint]:
        """Add objects, variables and methods; return the variables that may be written."""
        values = NodeValues(self._observer, self._device)
        folders = {loop: await self._folder(server, index, loop) for loop in (PRIMARY, *self._loops)}
        writable = {}
        for declared in self._profile.points:
            for loop in self._loops if declared.per_loop else (PRIMARY,):
                node = node_id(str(declared.node), index, loop)
                first = values.callback(Point(loop, declared.name), declared)
                variable = await folders[loop].add_variable(
                    node,
                    ua.QualifiedName(declared.name, ua.UInt16(index)),
                    ua.Variant(0, VARIANT_TYPES[declared.type]),
                )
                if declared.name == "T_outdoor_centre":
                    await variable.set_writable()
                    writable[node] = declared
                server.iserver.aspace.set_attribute_value_callback(node, AttributeIds.Value, first)
        if self._profile.opcua_lease is not None and self._driven is not None:
            methods = LeaseMethods(
                self._driven, self._profile, self._clock, self._observer, self._watch, self._device
            )
            await methods.add(folders, index)
        return writable

    async def _folder(self, server: Server, index: int, loop: int) -> Node:
        """Add the object that holds the points of a loop, or of the station (loop 0)."""
        lease = self._profile.opcua_lease
        texts = ("s=Station", "s=Loop{loop}") if lease is None else (lease.station_object, lease.loop_object)
        node = node_id(texts[0 if loop == PRIMARY else 1], index, loop)
        return await server.nodes.objects.add_object(
            node, ua.QualifiedName(str(node.Identifier), ua.UInt16(index))
        )


class _Attributes(AttributeService):
    """Counts reads, and lets clients write through the device's logic instead of into the address space."""

    def __init__(
        self, aspace: AddressSpace, device: OpcUaStationServer, writable: dict[ua.NodeId, ProfilePoint]
    ) -> None:
        super().__init__(aspace)
        self._device = device
        self._writable = writable

    def read(self, params: ua.ReadParameters) -> list[ua.DataValue]:
        self._device.count_read(len(params.NodesToRead))
        return super().read(params)

    async def write(self, params: ua.WriteParameters, user: User | None = None) -> list[ua.StatusCode]:
        if user is not None and user.role is UserRole.Admin:  # the server's own session
            return await super().write(params, user)
        return [
            self._device.write(write.NodeId, self._writable.get(write.NodeId), write.Value)
            for write in params.NodesToWrite
        ]
