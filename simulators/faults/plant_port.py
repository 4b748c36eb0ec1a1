"""Troubles of pipes, pumps and people, and the one door through which a plant takes them.

Any plant that can carry them gives a ``PlantPort``; the fault library knows no plant from inside.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ValveStuck:
    """The primary valves of a station obey no command."""

    position: float | None
    """0..1, reached at the motor's pace; None: where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpTripped:
    """The circulation pumps of a station stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLimited:
    """The heat source can give no more than a share of its capacity."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeBurst:
    """Secondary water runs out: make-up runs, and the pressure falls all the same."""

    share: float
    """Make-up over circulation."""
    dp_per_min: float
    """kPa that the pressure falls each minute, down to a fifth of what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangerLeaks:
    """Primary water gets through the exchanger: secondary pressure rises, no make-up, primary falls."""

    dp_per_min: float
    """kPa by which the secondary pressure rises each minute, up to 60; the primary one falls half of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fouled:
    """Scale on the exchangers of a station."""

    resistance: float
    """Added, as a share of the design resistance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveMoved:
    """Somebody has moved the heating curve in the station's controller."""

    dT: float
    """K on every point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SunOnSensor:
    """The outdoor sensor hangs where the sun reaches it."""

    K_per_W_m2: float
    """K too warm per W/m2 on the horizontal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MainBurst:
    """Primary water runs out of the supply pipe at a station's branch; only a network of pipes has it."""

    m_flow: float
    """kg/s."""


Trouble = (
    ValveStuck | PumpTripped | SourceLimited | PipeBurst | ExchangerLeaks | Fouled | CurveMoved | SunOnSensor
    | MainBurst
)  # fmt: skip


class PlantPort(Protocol):
    """The plant behind the stations of a city."""

    def begin(self, station: str, trouble: Trouble) -> Callable[[], None]:
        """Begin a trouble at a station (or source); the function returned ends it."""
        ...
