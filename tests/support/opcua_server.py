"""A real OPC UA server that plays one substation, written down from the reference model by hand.

Nothing here comes from the product's profiles or codecs: node ids, wire types and raw values are literals,
so that a wrong address in a profile can not confirm itself.
"""

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from asyncua import Server, ua
from asyncua.crypto.security_policies import (
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
    SecurityPolicyFactory,
)
from cryptography.hazmat.primitives import serialization

from simulators.servers.opcua_space import SharedSpaceServer, standard_nodes

V = ua.VariantType
SUBSTATION = "urn:dhc:substation"
SOURCE = "urn:dhc:source"

STATION_NODES = {
    "s=Station.T_supply_primary": (V.Float, 95.5),
    "s=Station.T_return_primary": (V.Float, 48.25),
    "s=Station.m_flow_primary": (V.Double, 36.0),
    "i=2001": (V.Int16, 850),
    "i=2002": (V.Int16, 420),
    "s=Station.y_valve_primary": (V.Float, 37.5),
    "s=Station.Q_flow_primary": (V.Double, 1980.0),
    "s=Station.E_heat_primary": (V.Int32, 1234567),
    "s=Station.V_primary": (V.UInt32, 987654),
    "s=Station.T_outdoor": (V.Float, -8.25),
    "s=Station.T_outdoor_centre": (V.Double, -7.5),
    "s=Station.T_outdoor_centre_readback": (V.Double, -7.5),
    "s=Station.m_flow_primary_max_readback": (V.Double, 43.2),
    "i=2010": (V.UInt32, 5),
    "s=Station.A_heated": (V.Double, 61000.0),
}
LOOP_NODES = {
    "s=Loop{}.T_supply_secondary": (V.Float, 62.25),
    "s=Loop{}.T_return_secondary": (V.Float, 41.5),
    "s=Loop{}.m_flow_secondary": (V.Double, 72.0),
    "i=3{}01": (V.Int16, 512),
    "i=3{}02": (V.Int16, 305),
    "s=Loop{}.y_pump_secondary": (V.Float, 80.0),
    "s=Loop{}.P_pump_secondary": (V.Float, 11.5),
    "s=Loop{}.E_pump_secondary": (V.UInt32, 123456),
    "s=Loop{}.m_flow_makeup": (V.Float, 0.5),
    "s=Loop{}.V_makeup": (V.UInt32, 4321),
    "s=Loop{}.T_indoor_mean": (V.Int16, 2137),
    "s=Loop{}.T_supply_secondary_set": (V.Double, 62.0),
    "s=Loop{}.T_supply_secondary_set_readback": (V.Double, 62.0),
    "s=Loop{}.T_supply_secondary_set_effective": (V.Double, 61.5),
    "s=Loop{}.m_flow_secondary_set": (V.Double, 72.0),
    "s=Loop{}.m_flow_secondary_set_readback": (V.Double, 72.0),
    "s=Loop{}.m_flow_secondary_set_effective": (V.Double, 68.4),
    "s=Loop{}.limit_word": (V.UInt16, 4),
    "s=Loop{}.remote_level": (V.Boolean, True),
    "s=Loop{}.lease_token": (V.UInt32, 7),
    "s=Loop{}.lease_sequence": (V.UInt32, 12),
}
SOURCE_NODES = {
    "s=Source.T_supply": (V.Float, 110.5),
    "s=Source.T_return": (V.Float, 51.0),
    "s=Source.m_flow": (V.Double, 3600.0),
    "i=101": (V.Int32, 12500),
    "i=102": (V.Int32, 3100),
    "s=Source.Q_flow": (V.Double, 248.5),
    "s=Source.Q_flow_max": (V.Double, 350.0),
    "s=Source.P_pump": (V.Float, 900.0),
    "s=Source.T_outdoor": (V.Float, -9.0),
    "i=110": (V.UInt32, 0),
}


def substation_nodes(n_loops=2):
    loops = {name.format(loop): value for loop in range(1, n_loops + 1) for name, value in LOOP_NODES.items()}
    return STATION_NODES | loops


@dataclass
class StationServer:
    """A running server: its nodes can be set, its method calls and writes are kept, its door exchanged."""

    server: Server
    nodes: dict
    uri: str
    index: int
    port: int
    calls: list = field(default_factory=list)
    answer: object = True
    """What the lease methods return: True, False, another value, or a ua.StatusCode."""

    @property
    def url(self):
        return f"opc.tcp://127.0.0.1:{self.port}/"

    def node_id(self, text):
        return ua.NodeId.from_string(f"ns={self.index};{text}")

    def set(self, text, value, variant_type=None, **fields):
        """Set a node to a raw value of any type, with status and timestamps as given."""
        variant = ua.Variant(value, variant_type) if variant_type else ua.Variant(value)
        self._attribute(text).value = ua.DataValue(variant, **fields)

    def raw(self, text):
        return self._attribute(text).value.Value.Value

    def reset(self):
        """Everything as at the start."""
        self.answer = True
        self.calls.clear()
        for text, (variant_type, value) in self.nodes.items():
            self.set(text, value, variant_type)

    def _attribute(self, text):
        return self.server.iserver.aspace[self.node_id(text)].attributes[ua.AttributeIds.Value]

    def show(self, *factories):
        """From the next connection on the server has this door: policies with their certificates."""
        self.server.bserver._policies[:] = factories

    def _taken(self, name, *arguments):
        self.calls.append((name, *((a.Value, a.VariantType) for a in arguments)))
        return self.answer if isinstance(self.answer, ua.StatusCode) else [ua.Variant(self.answer)]


def secured(pair, policies=(SecurityPolicyBasic256Sha256, SecurityPolicyAes256Sha256RsaPss)):
    """The door of a station with this certificate and key, SignAndEncrypt only."""
    mode = ua.MessageSecurityMode.SignAndEncrypt
    return [SecurityPolicyFactory(kind, mode, pair.certificate, pair.private_key) for kind in policies]


def _der(private_key):
    return private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@asynccontextmanager
async def station_server(
    nodes, *, pair=None, uri=SUBSTATION, n_loops=2, namespaces=(), application_uri="urn:test:station", port=0
):
    """Start a server; ``namespaces`` are registered before the station's own and shift its index.

    Without ``pair`` its door is open, with it (certificate and key) it takes SignAndEncrypt only.
    """
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    server = Server(iserver=SharedSpaceServer(await standard_nodes()))
    await server.init()
    await server.set_application_uri(application_uri)
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    if pair is None:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    else:
        server.set_security_policy(
            [
                ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
                ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
            ]
        )
        await server.load_certificate(pair.certificate.public_bytes(serialization.Encoding.DER))
        await server.load_private_key(_der(pair.private_key))
    for other in namespaces:
        await server.register_namespace(other)
    index = await server.register_namespace(uri)
    station = StationServer(server=server, nodes=dict(nodes), uri=uri, index=index, port=port)
    for text, (variant_type, value) in nodes.items():
        node_id = station.node_id(text)
        name = ua.QualifiedName(text.partition("=")[2], index)
        node = await server.nodes.objects.add_variable(node_id, name, value, variant_type)
        await node.set_writable(text == "s=Station.T_outdoor_centre")
    if uri == SUBSTATION:
        await _add_methods(station, n_loops)
    await server.start()
    station.port = server.bserver._server.sockets[0].getsockname()[1]
    try:
        yield station
    finally:
        await server.stop()


async def _add_methods(station, n_loops):
    async def add(parent, name, inputs):
        async def called(_parent, *arguments):
            return station._taken(name, *arguments)

        node_id = station.node_id(f"s={name}")
        browse_name = ua.QualifiedName(name, station.index)
        await parent.add_method(node_id, browse_name, called, inputs, [V.Boolean])

    objects = station.server.nodes.objects
    holder = await objects.add_object(station.node_id("s=Station"), f"{station.index}:Station")
    await add(holder, "Station.Heartbeat", [V.UInt32, V.UInt32, V.Double])
    await add(holder, "Station.CapPrimaryFlow", [V.UInt32, V.UInt32, V.Double])
    for loop in range(1, n_loops + 1):
        holder = await objects.add_object(station.node_id(f"s=Loop{loop}"), f"{station.index}:Loop{loop}")
        await add(holder, f"Loop{loop}.ApplySetpoint", [V.UInt32, V.UInt32, V.Double, V.Double])
        await add(holder, f"Loop{loop}.Release", [V.UInt32])
