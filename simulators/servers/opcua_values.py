"""Node ids and variants of a simulated OPC UA device, by what its profile declares."""

from collections.abc import Callable
from datetime import UTC

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from simulators.servers.encoding import wire_number
from simulators.servers.misbehaviour import Misbehaviour
from simulators.servers.served import Observer, Picture
from stations.model.identity import Point
from stations.profile import ProfilePoint

VARIANT_TYPES: dict[str, ua.VariantType] = {
    "bool": ua.VariantType.Boolean,
    "int16": ua.VariantType.Int16,
    "uint16": ua.VariantType.UInt16,
    "int32": ua.VariantType.Int32,
    "uint32": ua.VariantType.UInt32,
    "float32": ua.VariantType.Float,
    "float64": ua.VariantType.Double,
}

ValueCallback = Callable[[ua.NodeId, AttributeIds], ua.DataValue]


def node_id(text: str, namespace: int, loop: int) -> ua.NodeId:
    """Return the node id of a profile's ``s=...`` or ``i=...`` for one loop."""
    kind, identifier = text.replace("{loop}", str(loop)).split("=", 1)
    if kind == "s":
        return ua.NodeId(ua.String(identifier), ua.Int16(namespace))
    return ua.NodeId(ua.Int32(int(identifier)), ua.Int16(namespace))


class NodeValues:
    """Answers reads with values taken when asked, stamped with the scaled time of the picture."""

    def __init__(self, observer: Observer, device: Misbehaviour) -> None:
        self._observer = observer
        self._device = device
        self._stamped: Picture | None = None
        self._stamp = ua.DateTime.fromtimestamp(0, UTC)

    def callback(self, point: Point, declared: ProfilePoint) -> ValueCallback:
        """Return the function that asyncua calls for each read of the point's node."""
        kind = VARIANT_TYPES[declared.type]

        def read(_node: ua.NodeId, _attribute: AttributeIds) -> ua.DataValue:
            picture = self._observer.look()
            stamp = self._time_of(picture)
            value = picture.value(point)
            if value is None and not declared.sentinels:
                return ua.DataValue(
                    StatusCode=ua.StatusCode(ua.UInt32(StatusCodes.BadSensorFailure)),
                    SourceTimestamp=stamp,
                    ServerTimestamp=stamp,
                )
            status = self._device.status(point)
            return ua.DataValue(
                ua.Variant(_native(declared, wire_number(declared, value)), kind),
                StatusCode=ua.StatusCode() if status is None else ua.StatusCode(ua.UInt32(status)),
                SourceTimestamp=stamp,
                ServerTimestamp=stamp,
            )

        return read

    def _time_of(self, picture: Picture) -> ua.DateTime:
        if picture is not self._stamped:
            self._stamped = picture
            self._stamp = ua.DateTime.fromtimestamp(picture.at + self._device.ahead_s(picture.at), UTC)
        return self._stamp


def _native(declared: ProfilePoint, raw: float) -> bool | int | float:
    if declared.type == "bool":
        return bool(raw)
    return raw if declared.type in ("float32", "float64") else int(raw)
