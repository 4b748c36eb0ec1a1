"""Messages of the load forecast, version 1. Hours follow each other from ``start``."""

from controller.api.schema import Message, Sentence


class LoadMessage(Message):
    """Load hour by hour, with the levels below which it stays in so large a share of hours."""

    load: list[float]
    """Best guess: W/m2 of heated area of a loop, kW of the network."""
    quantiles: dict[str, list[float]]
    """By level, e.g. ``0.9``."""
    wape: float | None
    """What it was off a day ahead on days that it had not seen: errors over loads; None if not known."""


class ForecastAccuracy(Message):
    """What was told a day ahead beside what came."""

    what: str
    """``T_outdoor:`` and a source's name (degC; the band is 2 K to either side), or ``load`` (kW; 80 %)."""
    hours: float
    mae: float
    bias: float
    rmse: float
    wape: float | None
    coverage: float
    """Share of hours within their band."""


class LoopForecast(Message):
    """One loop: its load, or why there is none."""

    station: str
    loop: int
    load: LoadMessage | None
    why: Sentence | None


class ForecastLoads(Message):
    """The last night's forecasts; ``made_at`` is None before the first."""

    made_at: float | None
    start: float | None
    network: LoadMessage | None
    """Of all loops that are forecast."""
    loops: int
    left_out: int
    accuracy: list[ForecastAccuracy]


class StationForecast(Message):
    """The loops of one station."""

    station: str
    made_at: float | None
    start: float | None
    loops: list[LoopForecast]
