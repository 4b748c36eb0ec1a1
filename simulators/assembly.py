"""Turn the drawn truth of every loop and station into the arrays that the plant steps over."""

import math
from collections.abc import Sequence

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.building import BuildingParams
from simulators.plant.loops import LoopParams
from simulators.plant.meter import Meters
from simulators.plant.secondary import SecondaryParams
from simulators.plant.source import SourceParams
from simulators.plant.water import C_WATER
from simulators.truth import RATING, LoopTruth, StationTruth, T_INDOOR_DESIGN_degC

DT_PRIMARY_DESIGN_K = 50.0
HEAT_MARGIN = 1.3
"""Exchangers and valves are chosen for 1.3 times the needed heat."""

SOURCE_MARGIN = 1.10
SOURCE_CURVE = ((-20.0, -10.0, 0.0, 10.0), (115.0, 103.0, 87.0, 70.0))
"""Primary supply over outdoor temperature in degC, a 110/50 network in practice."""

SOURCE_DP_kPa = 320.0
SOURCE_P_RETURN_kPa = 350.0
STATION_DP_DESIGN_kPa = 90.0

LOOP_METERS = ("T_supply", "T_return", "m_flow", "p_supply", "p_return", "T_indoor")
STATION_METERS = ("T_supply", "T_return", "m_flow", "p_supply", "p_return", "T_outdoor")
"""Rows of the two meter banks."""

_OFFSET_SD = {
    "T_supply": 0.15,
    "T_return": 0.15,
    "m_flow": 0.0,
    "p_supply": 2.0,
    "p_return": 2.0,
    "T_indoor": 0.3,
}
_NOISE_SD = {"T_supply": 0.03, "T_return": 0.03, "p_supply": 0.4, "p_return": 0.4, "T_indoor": 0.02}
_QUANTUM = {"T_supply": 0.01, "T_return": 0.01, "p_supply": 0.1, "p_return": 0.1, "T_indoor": 0.01}
_FLOW_GAIN_SD = 0.008
"""Flow parts of class 2 err by at most 2 % (EN 1434)."""
_FLOW_NOISE = 0.002
_FLOW_QUANTUM = 0.0002


def loop_params(truths: Sequence[LoopTruth], station_of_loop: Sequence[int]) -> LoopParams:
    """Return the plant's constants for all loops in the order given."""
    A = _column(truths, "A_heated")
    Q_needed = np.array([truth.q_needed * truth.A_heated / 1000.0 for truth in truths])
    m_design = _column(truths, "m_flow_design")
    m_primary = HEAT_MARGIN * Q_needed / (C_WATER * DT_PRIMARY_DESIGN_K)
    Kv_all = 3.6 * m_primary / math.sqrt(STATION_DP_DESIGN_kPa / 100.0)
    return LoopParams(
        station=np.array(station_of_loop, dtype=np.intp),
        UA_exchanger=HEAT_MARGIN * Q_needed / _column(truths, "exchanger_approach"),
        fouling=_column(truths, "fouling"),
        m_flow_primary_design=m_primary,
        m_flow_design=m_design,
        C_primary=m_primary * C_WATER * 25.0,
        C_secondary=m_design * C_WATER * 20.0,
        Kvs=1.5 * Kv_all,
        K_fixed=2.0 * Kv_all,
        stroke_s=_column(truths, "stroke_s"),
        m_flow_max=m_design * _column(truths, "pump_reserve"),
        dp_max=_column(truths, "dp_design") * _column(truths, "pump_reserve") ** 2,
        pump_efficiency=_column(truths, "pump_efficiency"),
        secondary=_secondary_params(truths, A, Q_needed, m_design),
    )


def source_params(stations: Sequence[StationTruth], loops: LoopParams, Q_needed_kW: float) -> SourceParams:
    """Return the constants of source and network for stations in the order given."""
    return SourceParams(
        T_outdoor=np.array(SOURCE_CURVE[0]),
        T_supply=np.array(SOURCE_CURVE[1]),
        Q_max=SOURCE_MARGIN * Q_needed_kW,
        ramp_per_s=0.05 / 900.0,
        m_flow_design=float(loops.m_flow_primary_design.sum()),
        dp=SOURCE_DP_kPa,
        p_return=SOURCE_P_RETURN_kPa,
        station=loops.station,
        dp_path=SOURCE_DP_kPa * _column(stations, "dp_path_share"),
        lag_s=_column(stations, "lag_s"),
        loss_K=_column(stations, "loss_K"),
    )


def loop_meters(truths: Sequence[LoopTruth], params: LoopParams) -> Meters:
    """Return the instruments of the loops, rows as in ``LOOP_METERS``."""
    return _meters(LOOP_METERS, [truth.meter_errors for truth in truths], params.m_flow_design)


def station_meters(truths: Sequence[StationTruth], m_flow_design: Floats) -> Meters:
    """Return the instruments of the stations, rows as in ``STATION_METERS``; flows shape (n_stations,)."""
    meters = _meters(STATION_METERS, [truth.meter_errors for truth in truths], m_flow_design)
    meters.offset[STATION_METERS.index("T_outdoor")] = _column(truths, "outdoor_offset")
    return meters


def _secondary_params(truths: Sequence[LoopTruth], A: Floats, Q_needed: Floats, m: Floats) -> SecondaryParams:
    floor = np.array([truth.emitter == "floor" for truth in truths])
    Q_installed = Q_needed * _column(truths, "oversize")
    return SecondaryParams(
        C_pipe=m * C_WATER * _column(truths, "pipe_delay_s"),
        G_pipe=_column(truths, "pipe_loss") * A / 1000.0,
        bypass=_column(truths, "bypass"),
        # Radiators hold 7 l/kW of water and half as much again in iron; floor pipes 1 l/m2.
        C_emitter=np.where(floor, 1.0 * A * C_WATER, 10.5 * Q_installed * C_WATER),
        Q_nominal=Q_installed * (1.0 - _column(truths, "covered")),
        dT_nominal=np.array([_rated_excess(truth.emitter) for truth in truths]),
        b=_column(truths, "exponent"),
        building=_building_params(truths, A, floor),
    )


def _building_params(truths: Sequence[LoopTruth], A: Floats, floor: Floats) -> BuildingParams:
    kW_per_m2 = A / 1000.0
    Wh_to_kJ = 3.6 * A
    C_slab = np.where(floor, 45.0, 5.0)
    C = np.stack(
        [2.0 * Wh_to_kJ, _column(truths, "C_furniture") * Wh_to_kJ, _column(truths, "C_wall") * Wh_to_kJ,
         C_slab * Wh_to_kJ],
        axis=1,
    )  # fmt: skip
    U_wall = _column(truths, "U_wall")
    G_inner = 6.0
    split = np.where(floor[:, None], [0.0, 0.0, 0.0, 1.0], [0.65, 0.25, 0.10, 0.0])
    return BuildingParams(
        A_heated=A,
        C=C,
        G_window=_column(truths, "U_window") * kW_per_m2,
        G_air_furniture=8.0 * kW_per_m2,
        G_air_wall=G_inner * kW_per_m2,
        G_wall_outdoor=kW_per_m2 / (1.0 / U_wall - 1.0 / G_inner),
        G_slab_air=np.where(floor, 9.0, 2.0) * kW_per_m2,
        ach=_column(truths, "ach"),
        gains=_column(truths, "gains") * kW_per_m2,
        aperture=_column(truths, "aperture") * A,
        split=split,
    )


def _rated_excess(emitter: str) -> float:
    supply, back = RATING[emitter]
    first, second = supply - T_INDOOR_DESIGN_degC, back - T_INDOOR_DESIGN_degC
    return (first - second) / math.log(first / second)


def _meters(kinds: Sequence[str], errors: Sequence[tuple[float, ...]], m_flow_design: Floats) -> Meters:
    normal = np.array(errors)[:, : len(kinds)].T
    n_places = normal.shape[1]
    offset_sd = np.array([[_OFFSET_SD.get(kind, 0.0)] for kind in kinds])
    gain_sd = np.array([[_FLOW_GAIN_SD if kind == "m_flow" else 0.0] for kind in kinds])
    noise = np.array([np.full(n_places, _NOISE_SD.get(kind, 0.03)) for kind in kinds])
    quantum = np.array([np.full(n_places, _QUANTUM.get(kind, 0.1)) for kind in kinds])
    flow = kinds.index("m_flow")
    noise[flow] = _FLOW_NOISE * m_flow_design
    quantum[flow] = _FLOW_QUANTUM * m_flow_design
    bounded = np.clip(normal, -2.0, 2.0)
    return Meters(offset=offset_sd * bounded, gain=gain_sd * bounded, noise=noise, quantum=quantum)


def _column(truths: Sequence[LoopTruth] | Sequence[StationTruth], name: str) -> Floats:
    return np.array([getattr(truth, name) for truth in truths], dtype=np.float64)
