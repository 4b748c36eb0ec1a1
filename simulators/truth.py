"""What the stations are really like: drawn once from (seed, station, loop), never told to the controller.

Any site folder can be simulated: what the site file knows (area, emitter, design flow) is kept, the rest is
drawn around the practice of northern Chinese cities. The spreads were calibrated together so that, each
station on the common curve of its emitter type, mean indoor temperatures differ by about 2.3 K standard
deviation between stations; most of it comes from how far emitters are over-sized, how tight the houses are
and how much of the circulation short-cuts past the emitters.
"""

import math
import zlib
from dataclasses import dataclass

import numpy as np

from simulators.plant.building import AIR_HEAT_Wh_PER_m3K, ROOM_HEIGHT_m
from simulators.sitefile import SimLoop, SimStation, T_OUTDOOR_DESIGN_degC

T_INDOOR_DESIGN_degC = 20.0
ACH_STANDARD = 0.5
"""Air changes per hour that the design calculation assumes (JGJ 26)."""

RATING = {"radiator": (75.0, 50.0), "floor": (45.0, 35.0)}
"""Supply and return in degC at which installed emitters are rated, room at 20 degC (GB 50736)."""

OVERSIZE = (1.3, 2.0)
"""Installed over needed emitter heat, needed by the design calculation of that very building."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTruth:
    """The hidden facts of one loop; areas in m2, specific values per m2 of heated area."""

    emitter: str
    A_heated: float
    m_flow_design: float
    """kg/s."""
    U_window: float
    """Heat through windows, doors and bridges, W/(m2 K)."""
    U_wall: float
    """Heat through walls and roof, W/(m2 K)."""
    ach: float
    """Real air changes per hour at 2 m/s wind, windows shut."""
    oversize: float
    """Installed over needed emitter heat."""
    exponent: float
    """b of Q ~ dT^(1+b)."""
    covered: float
    """Share of the emitters' heat lost to radiator covers, curtains, carpets and sediment."""
    bypass: float
    """Share of the circulation past the emitters."""
    C_furniture: float
    C_wall: float
    """Wh/(m2 K)."""
    gains: float
    """People and appliances, W/m2."""
    aperture: float
    """Sun-collecting m2 per m2 heated."""
    fouling: float
    """Share of the exchanger's design resistance."""
    exchanger_approach: float
    """Logarithmic mean temperature difference in K at design heat when clean: small is a big exchanger."""
    stroke_s: float
    pump_reserve: float
    """Flow at full pump speed over design flow."""
    dp_design: float
    """kPa of the secondary network at design flow."""
    pump_efficiency: float
    pipe_delay_s: float
    """Water content of the supply pipe over design flow."""
    pipe_loss: float
    """Heat loss of the supply pipe, W/K per m2 heated."""
    p_static: float
    """kPa gauge in the secondary return."""
    leak: float
    """Make-up over circulation."""
    indoor_sensors: bool
    meter_errors: tuple[float, ...]
    """Standard normal numbers, one for each instrument of the loop."""

    @property
    def q_needed(self) -> float:
        """Design heat load in W/m2 by the standard's calculation: no gains, standard air change."""
        U = self.U_window + self.U_wall + ACH_STANDARD * AIR_HEAT_Wh_PER_m3K * ROOM_HEIGHT_m
        return U * (T_INDOOR_DESIGN_degC - T_OUTDOOR_DESIGN_degC)


@dataclass(frozen=True, slots=True, kw_only=True)
class StationTruth:
    """The hidden facts of one station."""

    dp_path_share: float
    """Share of the source's differential pressure lost on the way at design flow."""
    lag_s: float
    loss_K: float
    outdoor_sensor: bool
    outdoor_offset: float
    """K; sensors hang on warm walls."""
    hours_before: float
    """Hours of this season that the counters have already seen."""
    meter_errors: tuple[float, ...]


def draw_loop(seed: int, station: SimStation, loop: SimLoop) -> LoopTruth:
    """Draw one loop's truth; the same seed and ids give the same truth in any site."""
    rng = _rng(seed, station.id, loop.number)
    # One generator call per line, always all of them: adding a line at the end changes no earlier draw.
    transmission = float(np.clip(rng.lognormal(math.log(0.85), 0.20), 0.55, 1.35))
    window_share = rng.uniform(0.35, 0.50)
    ach = float(np.clip(rng.lognormal(math.log(0.50), 0.39), 0.21, 1.15))
    oversize = OVERSIZE[0] + (OVERSIZE[1] - OVERSIZE[0]) * rng.beta(0.8, 0.8)
    exponent = rng.uniform(0.28, 0.36) if loop.emitter == "radiator" else rng.uniform(0.05, 0.10)
    return LoopTruth(
        emitter=loop.emitter,
        A_heated=loop.A_heated,
        m_flow_design=loop.m_flow_design,
        U_window=transmission * window_share,
        U_wall=transmission * (1.0 - window_share),
        ach=ach,
        oversize=float(oversize),
        exponent=float(exponent),
        bypass=float(rng.uniform(0.0, 0.25)),
        C_furniture=float(rng.uniform(12.0, 25.0)),
        C_wall=float(rng.uniform(50.0, 120.0)),
        gains=float(np.clip(rng.lognormal(math.log(3.8), 0.35), 1.5, 8.0)),
        aperture=float(rng.uniform(0.02, 0.05)),
        fouling=float(rng.uniform(0.0, 0.25)),
        exchanger_approach=float(rng.uniform(12.0, 20.0)),
        stroke_s=float(rng.uniform(60.0, 120.0)),
        pump_reserve=_unless_known(
            None if loop.m_flow_full is None else loop.m_flow_full / loop.m_flow_design,
            float(rng.uniform(1.15, 1.30)),
        ),
        dp_design=_unless_known(loop.dp_design, float(rng.uniform(90.0, 180.0))),
        pump_efficiency=float(rng.uniform(0.60, 0.76)),
        pipe_delay_s=float(rng.uniform(180.0, 600.0)),
        pipe_loss=float(rng.uniform(0.008, 0.025)),
        p_static=float(rng.uniform(280.0, 620.0)),
        leak=float(rng.lognormal(math.log(0.0008), 0.5)),
        indoor_sensors=bool(rng.random() < 0.55),
        meter_errors=tuple(float(error) for error in rng.standard_normal(8)),
        covered=float(rng.uniform(0.05, 0.25)),
    )


def _unless_known(listed: float | None, drawn: float) -> float:
    """Return what the site's list says, which was read at the pump; else what was drawn."""
    return drawn if listed is None else listed


def draw_station(seed: int, station: SimStation) -> StationTruth:
    """Draw one station's truth."""
    rng = _rng(seed, station.id, 0)
    return StationTruth(
        dp_path_share=float(rng.uniform(0.10, 0.60)),
        lag_s=float(rng.uniform(300.0, 1800.0)),
        loss_K=float(rng.uniform(0.3, 2.0)),
        outdoor_sensor=bool(rng.random() < 0.95),
        outdoor_offset=float(rng.normal(0.4, 0.4)),
        hours_before=float(rng.uniform(1780.0, 1810.0)),
        meter_errors=tuple(float(error) for error in rng.standard_normal(8)),
    )


def _rng(seed: int, station: str, loop: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(station.encode()), loop])
