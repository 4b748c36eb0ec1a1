"""From identification to estimation: which errors a loop's numbers still have."""

from collections.abc import Sequence
from dataclasses import replace

from optimizer.estimate.state import Trust, trust_before
from optimizer.identify.nightly import Identified

DISTURBANCE_SD_W_PER_M2 = 2.0
"""What is left unexplained of an identified loop's heat: people, windows, neighbours."""


def trusted(loops: Sequence[Identified | None]) -> Trust:
    """Return what to trust of loops after their identification; None: not identified yet."""
    before = trust_before(len(loops))
    level, disturbance = before.level_sd.copy(), before.disturbance_sd.copy()
    bias, water = before.sensor_bias.copy(), before.water.copy()
    for i, one in enumerate(loops):
        if one is None:
            continue
        bias[i], water[i] = one.candidate.sensor_bias[0], one.candidate.water[0]
        if one.T_indoor_sd is not None:
            level[i], disturbance[i] = one.T_indoor_sd, DISTURBANCE_SD_W_PER_M2
    return replace(before, sensor_bias=bias, water=water, level_sd=level, disturbance_sd=disturbance)
