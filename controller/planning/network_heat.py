"""The network's heat as a plan says it: its own loops, and those outside of it as they were."""

import numpy as np

from controller.planning.published import Published


def excluded_heat(published: Published) -> float:
    """Return the kW that the loops outside of a plan are counted with.

    That is what they took when it was made; in a shortage their share of what there is, at most.
    """
    area, asked = published.known.buildings.area, published.problem
    q = published.known.state.q if asked is None else asked.q_before
    outside = np.array([key in published.excluded for key in published.keys], dtype=bool)
    return float(area[outside] @ np.maximum(q[outside], 0.0)) / 1000.0


def planned_heat(published: Published | None, now: float) -> float:
    """Return the network heat in kW that the plan says for now; NaN where it may not be followed."""
    if published is None or not published.usable(now):
        return float("nan")
    step = published.plan.step_at(now)
    return float("nan") if step is None else float(published.plan.P[step]) + excluded_heat(published)
