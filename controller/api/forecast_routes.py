"""Paths of the load forecast: the network's with what forecasts were worth, and a station's loops."""

from dataclasses import asdict

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from controller.accounts.roles import Right
from controller.api import forecast_schema as schema
from controller.api.described import said
from controller.api.rights import needs
from controller.api.routes import StationPath, answer
from controller.config.model import SiteConfig
from controller.decisions import LoopKey
from controller.knowing.loads import Load, Loads
from controller.state import ControllerState
from controller.words.plan import reasoned
from optimizer.forecast.load import LEVELS


def forecast_router(site: SiteConfig, state: ControllerState) -> APIRouter:
    """Return the paths of the load forecast."""
    router = APIRouter(prefix="/api/v1")
    stations = {station.id: station for station in site.stations}

    @router.get("/forecast", responses=said(schema.ForecastLoads), openapi_extra=needs(Right.READ))
    async def network() -> Response:
        """The heat that all loops will take together in the next two days, and how true forecasts were."""
        loads = state.loads
        return answer(
            {
                **_when(loads),
                "network": None if loads is None or loads.network is None else _load(loads.network),
                "loops": 0 if loads is None else len(loads.loops),
                "left_out": 0 if loads is None else len(loads.refused),
                "accuracy": [{"what": name, **asdict(one)} for name, one in sorted(state.scores.items())],
            }
        )

    @router.get(
        "/forecast/{station}", responses=said(schema.StationForecast), openapi_extra=needs(Right.READ)
    )
    async def of_station(station: StationPath) -> Response:
        """The heat that a station's loops will take in the next two days, or why that is not known."""
        if station not in stations:
            raise HTTPException(404, f"no station {station!r}; GET /api/v1/stations lists them")
        loads = state.loads
        keys = [LoopKey(station, loop.loop) for loop in stations[station].loops]
        return answer(
            {
                "station": station,
                **_when(loads),
                "loops": [] if loads is None else [_loop(key, loads) for key in keys],
            }
        )

    return router


def _when(loads: Loads | None) -> dict[str, float | None]:
    known = loads is not None and len(loads.times) > 0
    return {
        "made_at": loads.made_at if loads is not None else None,
        "start": float(loads.times[0]) if known and loads is not None else None,
    }


def _loop(key: LoopKey, loads: Loads) -> dict[str, object]:
    load, why = loads.loops.get(key), loads.refused.get(key)
    return {
        "station": key.station,
        "loop": key.loop,
        "load": None if load is None else _load(load),
        "why": None if why is None else reasoned(why).to_json(),
    }


def _load(load: Load) -> dict[str, object]:
    return {
        "load": load.load.tolist(),
        "quantiles": {f"{level:g}": load.quantile(level).tolist() for level in LEVELS},
        "wape": load.wape,
    }
