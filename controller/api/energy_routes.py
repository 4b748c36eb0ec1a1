"""The path that tells what stations used: looks at their counters at a few instants of a period."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from controller.accounts.roles import Right
from controller.api import schema
from controller.api.described import said
from controller.api.history import MAX_SPAN_S, Busy, HistoryReader, HistorySource
from controller.api.rights import needs
from controller.api.routes import answer
from controller.config.model import SiteConfig, StationConfig
from controller.energy import (
    NO_COUNTER,
    T_BASE_DEGC,
    Counted,
    counted,
    degree_days,
    mean_indoor,
    together,
)
from controller.slots import SLOT_S
from stations.model.clock import Clock
from stations.model.identity import PRIMARY, Point
from stations.model.quality import Quality
from stations.model.reading import Reading

LOOKS = 8
"""Spans into which a period is cut: a counter that fell in one of them is still counted in the others."""
OUTDOOR_S = 3600.0
OUTDOOR_STATIONS = 9
"""Sensors of whose median the outdoor temperature is made."""
OUTDOOR = Point(PRIMARY, "T_outdoor")
HEAT_MAX_W_PER_M2 = 300.0
PUMP_MAX_W_PER_M2 = 20.0
MAKEUP_MAX_KG_PER_M2_H = 5.0
"""Per heated area, several times what any building takes, so that only an exchanged meter rises faster."""

Looks = Sequence[Mapping[tuple[str, Point], Reading]]
_Seconds = Annotated[float, Query(ge=0, le=1e11, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meter:
    """A counter of a station and what it can believably do."""

    point: Point
    step: float
    fastest_per_s: float


def energy_router(site: SiteConfig, reader: HistoryReader, clock: Clock) -> APIRouter:
    """Return the path of energy."""
    router = APIRouter(prefix="/api/v1")

    @router.get("/energy", responses=said(schema.Energy), openapi_extra=needs(Right.READ))
    async def energy(start: _Seconds, end: _Seconds) -> Response:
        """What each station used over start..end, UTC seconds, as far as the journal reaches."""
        if not 0 < end - start <= MAX_SPAN_S:
            raise HTTPException(
                422, f"end: allowed start..start + {MAX_SPAN_S:.0f} (got start + {end - start:g})"
            )
        try:
            body = await reader.run(lambda: energy_message(site, reader.source, start, end, clock.now()))
        except Busy:
            raise HTTPException(503, "too many trends are being read") from None
        return answer(body)

    return router


def energy_message(
    site: SiteConfig, source: HistorySource, start: float, end: float, now: float
) -> dict[str, object]:
    """Return ``schema.Energy`` as plain values; blocks while the journal is read."""
    stations = [station for station in site.stations if station.kind == "station"]
    stored = source.stored_span()
    if stored is not None:
        start, end = max(start, stored[0]), min(end, stored[1] + SLOT_S)
    if stored is None or end <= start:
        looks: Looks = []
        outdoor: list[tuple[float, float]] = []
        end = max(start, end)
    else:
        looks = source.at_instants(_instants(start, end, LOOKS), _wanted(stations))
        outdoor = _outdoor(stations, source, start, end)
    return {
        "now": now,
        "start": start,
        "end": end,
        "T_base_degC": T_BASE_DEGC,
        "degree_days": _rounded(degree_days(outdoor, [(start, end)]), 3),
        "T_outdoor_mean": _rounded(fmean(T for _, T in outdoor) if outdoor else None, 2),
        "stations": [_station(station, looks, outdoor, end - start) for station in stations],
    }


def _instants(start: float, end: float, spans: int) -> list[float]:
    return [start + (end - start) * number / spans for number in range(spans + 1)]


def _wanted(stations: Sequence[StationConfig]) -> dict[str, list[Point]]:
    wanted = {}
    for station in stations:
        meters = [*_heat(station), *_of_loops(station, "E_pump_secondary"), *_of_loops(station, "V_makeup")]
        wanted[station.id] = [meter.point for meter in meters] + _indoor(station)
    return wanted


def _heat(station: StationConfig) -> list[_Meter]:
    declared = station.profile.point("E_heat_primary")
    area = sum(loop.A_heated_m2 for loop in station.loops)
    if declared is None:
        return []
    fastest = HEAT_MAX_W_PER_M2 * area / 3.6e6
    return [_Meter(point=Point(PRIMARY, declared.name), step=declared.resolution, fastest_per_s=fastest)]


def _of_loops(station: StationConfig, name: str) -> list[_Meter]:
    """Return the counters of that name of all loops: electricity in kWh, water in m3."""
    declared = station.profile.point(name)
    if declared is None:
        return []
    per_m2_s = PUMP_MAX_W_PER_M2 / 3.6e6 if name == "E_pump_secondary" else MAKEUP_MAX_KG_PER_M2_H / 3.6e6
    return [
        _Meter(
            point=Point(loop.loop, name),
            step=declared.resolution,
            fastest_per_s=per_m2_s * loop.A_heated_m2,
        )
        for loop in station.loops
    ]


def _indoor(station: StationConfig) -> list[Point]:
    if station.profile.point("T_indoor_mean") is None:
        return []
    return [Point(loop.loop, "T_indoor_mean") for loop in station.loops if loop.emitter != "dhw"]


def _outdoor(
    stations: Sequence[StationConfig], source: HistorySource, start: float, end: float
) -> list[tuple[float, float]]:
    """Return hourly outdoor temperatures (UTC second, degC): the median of a few stations' sensors."""
    fitted = [station.id for station in stations if station.profile.point(OUTDOOR.name) is not None]
    chosen = fitted[:: max(1, len(fitted) // OUTDOOR_STATIONS)][:OUTDOOR_STATIONS]
    instants = _instants(start, end, max(LOOKS, math.ceil((end - start) / OUTDOOR_S)))
    found = source.at_instants(instants, {station: [OUTDOOR] for station in chosen})
    hourly = []
    for instant, readings in zip(instants, found, strict=True):
        good = [r.value for r in readings.values() if r.quality is Quality.GOOD and r.value is not None]
        if good:
            hourly.append((instant, median(good)))
    return hourly


def _station(
    station: StationConfig, looks: Looks, outdoor: Sequence[tuple[float, float]], period_s: float
) -> dict[str, object]:
    heat = _counted(station.id, _heat(station), looks, period_s)
    indoor = [
        {point.loop: found[station.id, point] for point in _indoor(station) if (station.id, point) in found}
        for found in looks
    ]
    T_indoor = mean_indoor(indoor, {loop.loop: loop.A_heated_m2 for loop in station.loops})
    return {
        "id": station.id,
        "A_heated_m2": sum(loop.A_heated_m2 for loop in station.loops),
        "heat": _message(heat),
        "pump": _message(_counted(station.id, _of_loops(station, "E_pump_secondary"), looks, period_s)),
        "makeup": _message(_counted(station.id, _of_loops(station, "V_makeup"), looks, period_s)),
        "degree_days": _rounded(degree_days(outdoor, heat.spans), 3),
        "T_indoor_mean": _rounded(T_indoor, 2),
    }


def _counted(station: str, meters: Sequence[_Meter], looks: Looks, period_s: float) -> Counted:
    if not meters:
        return NO_COUNTER
    return together(
        [
            counted(
                [found.get((station, meter.point)) for found in looks],
                step=meter.step,
                fastest_per_s=meter.fastest_per_s,
                period_s=period_s,
            )
            for meter in meters
        ]
    )


def _message(found: Counted) -> dict[str, object]:
    return {
        "amount": _rounded(found.amount, 4),
        "counted_s": round(found.counted_s, 1),
        "doubts": list(found.doubts),
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
