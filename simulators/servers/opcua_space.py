"""One standard address space for all OPC UA servers of a process.

A stock server builds 6,000 standard nodes for itself: about 1 s of CPU and 40 MB each. Here they are built
once and shared; only the nodes of the Server object and the two folders that get new children are copied.
"""

import copy

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.address_space import AttributeValue, NodeData
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIdNames
from asyncua.ua.status_codes import StatusCodes

from simulators.servers.misbehaviour import Misbehaviour

MAX_SESSIONS_PER_PROCESS = 10_000
SESSION_TIMEOUT_MAX_S = 120.0
"""A client that died without closing is forgotten after this, whatever it asked for."""

_ANONYMOUS = User(role=UserRole.Anonymous)

_OWN_NODES = frozenset(
    ua.NodeId(ua.Int32(number))
    for number, name in ObjectIdNames.items()
    if name in ("Server", "RootFolder", "ObjectsFolder") or name.startswith("Server_")
)

StandardNodes = dict[ua.NodeId, NodeData]

_built: StandardNodes = {}


async def standard_nodes() -> StandardNodes:
    """Return the standard nodes; the first call of a process builds them, which takes 1 to 2 s."""
    if not _built:
        server = InternalServer()
        await server.load_standard_address_space()
        await server._address_space_fixes()
        _built.update(server.aspace._nodes)
    return _built


def _own_copy(node: NodeData) -> NodeData:
    """Copy what a server changes: its references and values (asyncua appends to lists that it has read)."""
    own = NodeData(node.nodeid)
    own.references = list(node.references)
    for attribute, content in node.attributes.items():
        own_content = own.attributes[attribute] = AttributeValue(content.value)  # type: ignore[arg-type]
        own_content.value_callback = content.value_callback
        own_content.value_setter = content.value_setter
        if attribute is AttributeIds.Value and _may_grow(content.value):
            own_content.value = copy.deepcopy(content.value)
    return own


def _may_grow(value: ua.DataValue | None) -> bool:
    """Tell whether a value is a list, to which asyncua appends; others it replaces: they can be shared."""
    return value is not None and value.Value is not None and isinstance(value.Value.Value, list)


class SharedSpaceServer(InternalServer):
    """asyncua's server core on shared standard nodes, with limits that suit many small servers."""

    def __init__(self, nodes: StandardNodes, device: Misbehaviour | None = None) -> None:
        super().__init__()
        self._standard_nodes = nodes
        self._device = device or Misbehaviour()
        self.allow_remote_admin = False
        self.disabled_clock = True
        self.max_session_timeout_ms = SESSION_TIMEOUT_MAX_S * 1000.0
        # a class attribute, that is one limit over all servers of this process
        InternalSession.max_connections = MAX_SESSIONS_PER_PROCESS

    def create_session(self, name: str, user: User = _ANONYMOUS, external: bool = False) -> InternalSession:
        """Make a session, unless the device refuses them."""
        if external and self._device.sessions_refused:
            raise ServiceError(StatusCodes.BadTooManySessions)
        return super().create_session(name, user=user, external=external)

    async def lose_sessions(self) -> None:
        """Close every session of a client behind its back."""
        for session in list(self._external_sessions.values()):
            await session.close_session(True)

    async def load_standard_address_space(self, shelf_file: object = None) -> None:
        """Take the shared nodes; own copies of those that differ between servers."""
        nodes = dict(self._standard_nodes)
        for node_id in _OWN_NODES & nodes.keys():
            nodes[node_id] = _own_copy(nodes[node_id])
        self.aspace._nodes = nodes

    async def _address_space_fixes(self) -> None:
        """Do nothing: the shared nodes have the fixes already."""
