"""What an engineer compares, point by point: the number on the wire, what it means, what was designed."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.config.model import LoopConfig, StationConfig
from stations.decoding import to_raw
from stations.model.identity import Point
from stations.model.quality import Quality
from stations.model.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class PointView:
    """One point of one station beside its declaration and its design value."""

    value: float | None
    """Unit inside; None where there is none."""
    quality: str
    reason: str
    measured_at: float
    wire: float | None
    """The number in the device that stands for ``value`` by the profile's scale, offset and unit; None where
    there is no value, and where the device splits its numbers."""
    wire_unit: str
    scale: float
    low: float
    high: float
    """Range that is believable for this device, unit inside."""
    design: float | None
    """What the station list says, unit inside: of supply, return, circulation and heated area."""

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def point_views(station: StationConfig, readings: Mapping[Point, Reading]) -> dict[Point, PointView]:
    """Return the view of every point that was read."""
    return {point: _view(station, point, reading) for point, reading in readings.items()}


def _view(station: StationConfig, point: Point, reading: Reading) -> PointView:
    declared = station.profile.point(point.name)
    low, high = (0.0, 0.0) if declared is None else declared.bounds()
    return PointView(
        value=reading.value,
        quality=reading.quality.name.lower(),
        reason=reading.reason.value,
        measured_at=reading.measured_at,
        wire=_wire(station, point, reading),
        wire_unit="" if declared is None else declared.unit,
        scale=1.0 if declared is None else declared.scale,
        low=low,
        high=high,
        design=_design(station, point),
    )


def _wire(station: StationConfig, point: Point, reading: Reading) -> float | None:
    declared = station.profile.point(point.name)
    if declared is None or reading.value is None or reading.quality is Quality.BAD:
        return None
    if declared.type == "split_decimal":
        return None
    return round(to_raw(declared, reading.value), 6)


def _design(station: StationConfig, point: Point) -> float | None:
    if point.name == "A_heated":
        return sum(loop.A_heated_m2 for loop in station.loops)
    loop = next((loop for loop in station.loops if loop.loop == point.loop), None)
    return None if loop is None else _loop_design(loop, point.name)


def _loop_design(loop: LoopConfig, name: str) -> float | None:
    match name.removesuffix("_readback").removesuffix("_effective").removesuffix("_set"):
        case "T_supply_secondary":
            return loop.T_supply_design_degC
        case "T_return_secondary":
            return loop.T_return_design_degC
        case "m_flow_secondary":
            return loop.m_flow_design_kg_per_s
        case _:
            return None
