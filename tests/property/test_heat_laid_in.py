"""Before whatever cold wave: rooms take heat in by 1 K at most, inside their band, from 12 h before it on."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from optimizer.plan.laid_in import laid_in
from optimizer.plan.solving import solve
from tests.support.cold_waves import cold_wave

FEW = settings.default.max_examples // 6
LAID_K = 0.1
"""Less is no heat laid in."""
ABOVE_K = 0.1
"""By which rooms may be above their band: it is soft, and a solver stops near the best."""


def kept(problem):
    """Rooms (n, k) that get what they need and no more, and the first step for which the source has less."""
    A, B, x, q, first = problem.A, problem.B, problem.x0, problem.q_before, None
    rooms = np.empty_like(problem.T_min)
    for k in range(rooms.shape[1]):
        outside = np.stack([np.full(len(x), problem.T_outdoor[k]), problem.gains[:, k]], axis=1)
        unheated = np.einsum("nij,nj->ni", A, x) + np.einsum("nij,nj->ni", B[:, :, 1:], outside)
        least, most = np.maximum(problem.q_min[:, k], q - problem.ramp), q + problem.ramp
        q = np.clip(
            (problem.T_min[:, k] - unheated[:, 0]) / B[:, 0, 0], least, np.minimum(problem.q_max[:, k], most)
        )
        x = unheated + B[:, :, 0] * q[:, None]
        rooms[:, k] = x[:, 0]
        if first is None and problem.area @ q / 1000.0 > problem.P_max[k]:
            first = k
    return rooms, first


WAVES = {
    "share": st.floats(0.75, 0.98),
    "at": st.floats(1.0, 22.0),
    "over_h": st.sampled_from([0.0, 3.0, 12.0]),
    "drop_K": st.floats(6.0, 16.0),
    "band_K": st.floats(0.2, 0.7),
    "warm_K": st.floats(0.0, 0.5),
    "swing_K": st.sampled_from([0.0, 3.0]),
}


# it once began 13.75 h ahead
@example(share=0.8, at=14.0, over_h=0.0, drop_K=12.0, band_K=0.7, warm_K=0.2, swing_K=0.0)
@example(share=0.75, at=14.0, over_h=0.0, drop_K=12.0, band_K=0.7, warm_K=0.2, swing_K=0.0)
@settings(max_examples=FEW)
@given(**WAVES)
def test_heat_is_laid_in_by_1_kelvin_at_most_inside_the_band_and_from_12_hours_before_it_lacks(
    share, at, **wave
):
    blocks, problem = cold_wave(share, at, **wave)
    plan = solve(problem)
    rooms, first = kept(problem)
    if first is None:
        return
    area = blocks.area / blocks.area.sum()
    before = max(first - 48, 0)  # 12 h of quarters
    risen = area @ (plan.T_indoor - np.maximum(rooms, problem.T_min))
    assert (risen[:before] <= LAID_K).all()
    assert (plan.T_indoor <= np.maximum(problem.T_max, problem.x0[:, :1]) + ABOVE_K).all()
    laid = laid_in(problem, plan)
    assert laid is None or laid.K <= 1.0
