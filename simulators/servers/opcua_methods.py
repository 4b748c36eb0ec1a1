"""The lease methods of a class A device on OPC UA: ApplySetpoint, Release and Heartbeat.

Heat and circulation travel in the wire unit of the points that they set. Each method answers one Boolean:
taken or not.
"""

import math
from collections.abc import Awaitable, Callable, Mapping

from asyncua import ua
from asyncua.common.node import Node
from asyncua.ua.status_codes import StatusCodes

from simulators.servers.encoding import physical_value
from simulators.servers.misbehaviour import Misbehaviour
from simulators.servers.opcua_values import node_id
from simulators.servers.served import Driven, Observer, UaWatch
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.profile import FLOW_CAP, Profile

_UINT32, _DOUBLE, _BOOLEAN = ua.VariantType.UInt32, ua.VariantType.Double, ua.VariantType.Boolean

Answer = list[ua.Variant] | ua.StatusCode
Method = Callable[..., Awaitable[Answer]]


class LeaseMethods:
    """Adds the methods to the device's objects and takes their calls."""

    def __init__(
        self,
        station: Driven,
        profile: Profile,
        clock: Clock,
        observer: Observer,
        watch: UaWatch,
        device: Misbehaviour,
    ) -> None:
        assert profile.opcua_lease is not None
        self._station = station
        self._profile = profile
        self._lease = profile.opcua_lease
        self._clock = clock
        self._observer = observer
        self._watch = watch
        self._device = device

    async def add(self, folders: Mapping[int, Node], index: int) -> None:
        """Add Heartbeat and CapPrimaryFlow to the station's object (0), the others to each loop's."""
        for loop, folder in folders.items():
            if loop == 0:
                heartbeat = [_UINT32, _UINT32, _DOUBLE]
                await self._method(folder, self._lease.heartbeat_method, index, 0, self._heartbeat, heartbeat)
                if self._lease.cap_method is not None:
                    cap = [_UINT32, _UINT32, _DOUBLE]
                    await self._method(folder, self._lease.cap_method, index, 0, self._cap, cap)
            else:
                apply = [_UINT32, _UINT32, _DOUBLE, _DOUBLE]
                await self._method(folder, self._lease.apply_method, index, loop, self._apply, apply)
                await self._method(folder, self._lease.release_method, index, loop, self._release, [_UINT32])

    async def _method(
        self,
        folder: Node,
        text: str,
        index: int,
        loop: int,
        take: Callable[[int, list[float]], bool | None],
        types: list[ua.VariantType],
    ) -> None:
        node = node_id(text, index, loop)
        name = text.rpartition(".")[2]

        async def call(_parent: ua.NodeId, *arguments: ua.Variant) -> Answer:
            numbers = _numbers(arguments, types)
            self._watch.ua_call(name, loop, numbers or [])
            refused = self._device.write_refusal()
            if refused is not None:
                return ua.StatusCode(ua.UInt32(refused))
            if numbers is None:
                return ua.StatusCode(ua.UInt32(StatusCodes.BadInvalidArgument))
            self._observer.forget()
            taken = take(loop, numbers)
            if taken is None:
                return ua.StatusCode(ua.UInt32(StatusCodes.BadOutOfRange))
            return [ua.Variant(taken, _BOOLEAN)]

        await folder.add_method(node, ua.QualifiedName(name, ua.UInt16(index)), call, types, [_BOOLEAN])

    def _apply(self, loop: int, numbers: list[float]) -> bool | None:
        token, sequence, heat, circulation = numbers
        if not math.isfinite(heat):
            return None
        heat = self._inside(self._profile.heat, heat)
        flow = None if math.isnan(circulation) else self._inside(self._profile.circulation, circulation)
        return self._station.write_block(loop, int(token), int(sequence), heat, flow, self._clock.now())

    def _release(self, loop: int, numbers: list[float]) -> bool:
        if numbers[0] < (self._station.values().get(Point(loop, "lease_token")) or 0.0):
            return False
        self._station.hand_back(loop, self._clock.now())
        return True

    def _heartbeat(self, _loop: int, numbers: list[float]) -> bool | None:
        token, counter, valid_for_s = numbers
        if not math.isfinite(valid_for_s):
            return None
        return self._station.heartbeat(int(token), int(counter), valid_for_s, self._clock.now())

    def _cap(self, _loop: int, numbers: list[float]) -> bool | None:
        token, sequence, raw = numbers
        declared = self._profile.point(FLOW_CAP)
        assert declared is not None  # the profile's own rules
        flow, (low, high) = physical_value(declared, raw), declared.bounds()
        if not (math.isfinite(flow) and low <= flow <= high):
            return None
        return self._station.write_cap(int(token), int(sequence), flow, self._clock.now())

    def _inside(self, channel: str | None, raw: float) -> float:
        declared = None if channel is None else self._profile.point(channel)
        return raw if declared is None else physical_value(declared, raw)


def _numbers(arguments: tuple[ua.Variant, ...], types: list[ua.VariantType]) -> list[float] | None:
    """Return the arguments as numbers, None where count or types are not the method's."""
    if [argument.VariantType for argument in arguments] != types:
        return None
    if any(not isinstance(argument.Value, int | float) for argument in arguments):
        return None
    return [float(argument.Value) for argument in arguments]
