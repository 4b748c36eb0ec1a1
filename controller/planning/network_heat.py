"""The network's heat as a plan says it: its own loops, and those outside of it as they were."""

import numpy as np

from controller.planning.published import Published


def excluded_heat(published: Published) -> float:
    """Return the kW that the loops outside of a plan take: what they took when it was made."""
    state, area = published.known.state, published.known.buildings.area
    outside = np.array([key in published.excluded for key in published.keys], dtype=bool)
    return float(area[outside] @ np.maximum(state.q[outside], 0.0)) / 1000.0


def planned_heat(published: Published | None, now: float) -> float:
    """Return the network heat in kW that the plan says for now; NaN where it may not be followed."""
    if published is None or not published.usable(now):
        return float("nan")
    step = published.plan.step_at(now)
    return float("nan") if step is None else float(published.plan.P[step]) + excluded_heat(published)
