"""Blocks of flats before a night that is colder, at a source that may be too weak for it."""

import numpy as np

from optimizer.building import free_heat, steady_state, transition
from optimizer.building_prior import prior
from optimizer.plan.problem import PlanProblem

T_NOW_DEGC, WANTED_DEGC = -2.0, 20.0


def cold_wave(P_share, at=14.0, *, over_h=0.0, drop_K=12.0, band_K=0.7, warm_K=0.2, swing_K=0.0):
    """Three blocks, 96 steps; from hour ``at`` on it gets ``drop_K`` colder within ``over_h`` hours.

    The source gives ``P_share`` of what keeps ``WANTED_DEGC`` and 0.2 K in the cold for good. Rooms begin
    ``warm_K`` above what is wanted; ``band_K`` is the width of the comfort band, ``swing_K`` half of that of
    outdoors in a day.
    """
    blocks = prior(
        building_type=["residential"] * 3,
        emitter=["radiator"] * 3,
        insulation=["saving"] * 3,
        area=[60_000.0, 40_000.0, 50_000.0],
    )
    hours, one = 0.25 * np.arange(96), np.ones((3, 96))
    colder = (hours >= at) if over_h == 0.0 else np.clip((hours - at) / over_h, 0.0, 1.0)
    T_cold = T_NOW_DEGC - drop_K
    A, B = transition(blocks, 0.25)
    q_now = blocks.UA * (WANTED_DEGC + warm_K - T_NOW_DEGC) - blocks.gain
    cold = float(blocks.area @ (blocks.UA * (WANTED_DEGC + 0.2 - T_cold) - blocks.gain)) / 1000.0
    return blocks, PlanProblem(
        start=0.0,
        A=A,
        B=B,
        x0=steady_state(blocks, q_now, T_NOW_DEGC, blocks.gain),
        area=blocks.area,
        T_outdoor=T_NOW_DEGC - drop_K * colder + swing_K * np.sin(2.0 * np.pi * hours / 24.0),
        gains=free_heat(blocks, np.zeros((96, 1))).T,
        T_min=WANTED_DEGC * one,
        T_max=(WANTED_DEGC + band_K) * one,
        q_min=5.0 * one,
        q_max=1.2 * blocks.q_n[:, None] * one,
        ramp=0.1 * blocks.q_n,
        q_before=q_now,
        tariff=np.ones(96),
        P_max=np.full(96, P_share * cold),
    )
