"""OPC UA stations: class A by methods, class C read only."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from stations.driver import BadAnswer, ConfigurationFault, Deadlines, DriverError, LinkLost, OpcUaAddress
from stations.drivers.opcua.connection import abandon, leave, open_session
from stations.drivers.opcua.faults import FAULTS, driver_error, failed_write
from stations.drivers.opcua.identity import ClientIdentity
from stations.drivers.opcua.nodes import (
    LeaseNodes,
    ReadPlan,
    decode,
    lease_nodes,
    node_id,
    plan_reads,
    read_request,
    read_slots,
)
from stations.drivers.opcua.trust import decide_trust
from stations.drivers.opcua.waiting import within
from stations.drivers.opcua.writes import (
    cap_arguments,
    heartbeat_arguments,
    judge_call,
    judge_write,
    release_arguments,
    setpoint_arguments,
    variable_write,
)
from stations.drivers.refusals import refuse_beat, refuse_cap, refuse_command, refuse_loop
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.outcome import NotApplicable, Rejected, Unknown, WriteOutcome
from stations.model.quality import Reason
from stations.model.reading import Reading
from stations.model.setpoint import FlowCap, Heartbeat, LoopCommand, StationClass
from stations.profile import Profile

_SUPPORTED = frozenset({StationClass.A, StationClass.C})
_RENEW_AT = 0.75
"""Share of the channel's lifetime after which it is renewed (OPC 10000-4, 5.6.2)."""
_DEADLINES = Deadlines()
_NOT_CONNECTED = Unknown("not connected")
_ASKED_AT_CONNECT = (
    ObjectIds.Server_NamespaceArray,
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
)

_T = TypeVar("_T")


class OpcUaDriver:
    """One connection to one OPC UA station; ``stations.driver.StationDriver`` is its contract."""

    def __init__(
        self,
        station_id: str,
        profile: Profile,
        n_loops: int,
        address: OpcUaAddress,
        clock: Clock,
        identity: ClientIdentity | None,
        deadlines: Deadlines = _DEADLINES,
    ) -> None:
        if profile.opcua is None:
            raise ValueError(f"profile {profile.name} is not for OPC UA")
        self._station = station_id
        self._profile = profile
        self._namespace_uri = profile.opcua.namespace_uri
        self._n_loops = n_loops
        self._address = address
        self._clock = clock
        self._identity = identity
        self._deadlines = deadlines
        self._slots = read_slots(profile, n_loops)
        self._client: Client | None = None
        self._sound = False
        """False once an answer was lost: such a connection is dropped without a farewell."""
        self._plan = ReadPlan(slots=(), requests=())
        self._methods: LeaseNodes | None = None
        self._outdoor: ua.NodeId | None = None
        self._renew_channel_at = 0.0
        """Wall seconds (monotonic)."""
        self._token: int | None = None
        """The token that this connection sent last."""

    async def connect(self) -> None:
        """Decide trust, connect, log in and find the namespace; raises DriverError with what to do."""
        if self._profile.station_class not in _SUPPORTED:
            raise ConfigurationFault(
                self._station, f"class {self._profile.station_class} is not driven over OPC UA; A and C are"
            )
        trust = decide_trust(self._station, self._address, self._identity, datetime.now(UTC))
        client = await open_session(self._station, self._address, trust, self._deadlines)
        ready = False
        try:
            await self._resolve(client)
            ready = True
        finally:
            if not ready:
                abandon(client)
        self._note_channel(client)
        self._client, self._sound = client, True

    async def _resolve(self, client: Client) -> None:
        """Build every node id with the index that the profile's namespace has now."""
        if client.uaclient.protocol is not None:
            client.uaclient.protocol.timeout = self._deadlines.request_s  # until here that of the connect
        namespace, max_nodes_per_read = await self._ask_server(client)
        self._plan = plan_reads(self._slots, namespace, max_nodes_per_read)
        self._methods = lease_nodes(self._profile, self._n_loops, namespace)
        outdoor = self._profile.point("T_outdoor_centre") if self._profile.takes_outdoor else None
        self._outdoor = None if outdoor is None else node_id(str(outdoor.node), namespace)

    async def _ask_server(self, client: Client) -> tuple[int, int]:
        """Return the namespace's index and the server's limit of nodes in one Read, 0 for none."""
        wanted = [
            ua.ReadValueId(NodeId=ua.NodeId(number), AttributeId=AttributeIds.Value)  # type: ignore[arg-type]
            for number in _ASKED_AT_CONNECT
        ]
        answers = await self._ask("asking for its namespaces", client.uaclient.read(read_request(wanted)))
        if len(answers) != len(wanted):
            raise BadAnswer(self._station, f"{len(answers)} values for {len(wanted)} nodes of the server")
        uris, limit = (None if answer.Value is None else answer.Value.Value for answer in answers)
        if not isinstance(uris, list):
            raise BadAnswer(self._station, "the server has no namespace array")
        if self._namespace_uri not in uris:
            raise ConfigurationFault(
                self._station,
                f"the server has no namespace {self._namespace_uri} (it has {', '.join(map(str, uris))}); "
                f"profile {self._profile.name} is not for this device",
            )
        return uris.index(self._namespace_uri), limit if isinstance(limit, int) and limit > 0 else 0

    async def read(self) -> Mapping[Point, Reading]:
        """Read every point in one request, or as few as the server allows."""
        client = self._client
        if client is None:
            raise LinkLost(self._station, "not connected")
        if self._clock.wall_monotonic() >= self._renew_channel_at:
            await self._ask("renewing the secure channel", client.open_secure_channel(renew=True))
            client.uaclient.revolve_security_token()
            self._note_channel(client)
        answers: list[ua.DataValue] = []
        for request in self._plan.requests:
            part = await self._ask("reading", client.uaclient.read(request))
            if len(part) != len(request.NodesToRead):
                self._sound = False
                raise BadAnswer(self._station, f"{len(part)} values for {len(request.NodesToRead)} nodes")
            answers += part
        readings = decode(self._plan.slots, answers, self._clock.now())
        if readings and all(reading.reason is Reason.UNKNOWN_POINT for reading in readings.values()):
            raise ConfigurationFault(
                self._station,
                f"the server knows none of the {len(readings)} nodes of profile {self._profile.name}; "
                "the station's program is not the one that the profile describes",
            )
        return readings

    async def apply(self, command: LoopCommand) -> WriteOutcome:
        """Call ApplySetpoint of one loop."""
        if self._client is None:
            return _NOT_CONNECTED
        if (refusal := refuse_command(self._profile, self._n_loops, command)) is not None:
            return refusal
        assert self._methods is not None  # class A, by refuse_command and _SUPPORTED
        self._token = command.token
        method, arguments = self._methods.apply[command.loop], setpoint_arguments(self._profile, command)
        return await self._call(method, arguments, "the station holds a newer token or sequence")

    async def renew(self, beat: Heartbeat) -> WriteOutcome:
        """Call Heartbeat of the station."""
        if self._client is None:
            return _NOT_CONNECTED
        if self._methods is None:
            return NotApplicable()
        if (refusal := refuse_beat(beat)) is not None:
            return refusal
        self._token = beat.token
        arguments = heartbeat_arguments(beat)
        return await self._call(self._methods.heartbeat, arguments, "the station holds a newer token")

    async def hand_back(self, loop: int) -> WriteOutcome:
        """Call Release of one loop, with the token that this connection sent last.

        Over a connection that has sent nothing yet it takes the token that the station holds: falling back
        to its own curve is the safe side for whoever drives it.
        """
        if self._client is None:
            return _NOT_CONNECTED
        if (refusal := refuse_loop(self._profile, self._n_loops, loop)) is not None:
            return refusal
        if self._methods is None:
            return NotApplicable()
        token = await self._held_token(loop) if self._token is None else self._token
        if isinstance(token, Unknown):
            return token
        method = self._methods.release[loop]
        return await self._call(method, release_arguments(token), "the station holds a newer token")

    async def _held_token(self, loop: int) -> int | Unknown:
        try:
            held = (await self.read())[Point(loop, "lease_token")]
        except DriverError as error:
            return Unknown(error.why)
        return (
            Unknown(f"the station does not tell its token: {held.reason}")
            if held.value is None
            else int(held.value)
        )

    async def send_outdoor(self, T_outdoor_centre: float) -> WriteOutcome:
        """Write the one variable that the profile lets the centre write."""
        if self._client is None:
            return _NOT_CONNECTED
        point = self._profile.point("T_outdoor_centre")
        if self._outdoor is None or point is None:
            return NotApplicable()
        try:
            request = variable_write(point, self._outdoor, T_outdoor_centre)
        except ValueError as error:
            return Rejected(str(error))
        return await self._send(self._client.uaclient.write(request), judge_write)

    async def cap_flow(self, cap: FlowCap) -> WriteOutcome:
        """Call CapPrimaryFlow of the station."""
        if self._client is None:
            return _NOT_CONNECTED
        if self._methods is None or self._methods.cap is None:
            return NotApplicable()
        if (refusal := refuse_cap(self._profile, cap)) is not None:
            return refusal
        self._token = cap.token
        arguments = cap_arguments(self._profile, cap)
        return await self._call(self._methods.cap, arguments, "the station holds a newer token or sequence")

    async def close(self) -> None:
        """Give the session back if the link is sound, and drop the connection in any case."""
        client, self._client = self._client, None
        if client is None:
            return
        if self._sound:
            await leave(client, self._deadlines.close_s)
        else:
            abandon(client)

    def _note_channel(self, client: Client) -> None:
        """Remember when to renew; ``secure_channel_timeout`` is what the server granted, in ms."""
        granted_s = client.secure_channel_timeout / 1000
        self._renew_channel_at = self._clock.wall_monotonic() + granted_s * _RENEW_AT

    async def _ask(self, doing: str, request: Awaitable[_T]) -> _T:
        try:
            return await within(self._deadlines.request_s, request)
        except FAULTS as error:
            self._sound = False
            raise driver_error(self._station, error, doing) from error

    async def _call(
        self, method: tuple[ua.NodeId, ua.NodeId], arguments: Sequence[ua.Variant], refusal: str
    ) -> WriteOutcome:
        assert self._client is not None  # its callers
        request = ua.CallMethodRequest(ObjectId=method[0], MethodId=method[1], InputArguments=list(arguments))
        return await self._send(
            self._client.uaclient.call([request]), lambda results: judge_call(results, refusal)
        )

    async def _send(self, request: Awaitable[_T], judge: Callable[[_T], WriteOutcome]) -> WriteOutcome:
        """Await a write; an answer that does not come, or not as one, leaves it Unknown."""
        try:
            results = await within(self._deadlines.request_s, request)
        except FAULTS as error:
            self._sound = False
            return failed_write(error)
        return judge(results)
