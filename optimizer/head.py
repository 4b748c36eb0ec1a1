"""The head that a source must hold: what stations need at their entrance, and what the way takes. Pure.

Losses of pressure go with the square of flow. So do those of a station: with its valve wide open it draws in
proportion to the root of the pressure there.
"""

import numpy as np
from numpy.typing import NDArray

from optimizer.reason import Reason, because

Floats = NDArray[np.float64]
RESERVE_KPA, RESERVE_SHARE = 25.0, 0.10
"""Held beyond what is needed: so many kPa, and a share of what the way takes: it is another an hour on."""
DP_MOST_KPA = 300.0
"""No station is given more for its flow's sake. At the ends of a network valves are laid out for 50 to 100
kPa, near the source for what they find there: with half of it they stand open and rooms stay cold (decision
0028). Beyond, one clogged strainer would drive the pumps of a whole city."""


def pressure_needed(flow: Floats, flow_now: Floats, opens: Floats, dp_now: Floats, dp_min: Floats) -> Floats:
    """Return what stations need at their entrance (n, k), kPa, to draw ``flow`` (n, k).

    ``flow_now`` (n,) is what they draw at ``dp_now`` kPa, ``opens`` (n,) by how much more they would with
    their valves wide open. Where any of that is not known it is ``dp_min``.
    """
    with np.errstate(all="ignore"):
        needed = dp_now[:, None] * (flow / (flow_now * opens)[:, None]) ** 2
    needed = np.where(np.isfinite(needed), np.minimum(needed, DP_MOST_KPA), 0.0)
    return np.asarray(np.maximum(needed, dp_min[:, None]))


def head_needed(
    dp_source: float, m_flow_now: float, dp_stations: Floats, dp_needed: Floats, m_flow: Floats
) -> tuple[Floats, int] | Reason:
    """Return the head (k,) in kPa at the source that gives every station its own, and which one decides now.

    ``dp_source`` and ``m_flow_now`` are measured now, ``dp_stations`` (n,) too, NaN where not; ``dp_needed``
    (n, k) kPa, ``m_flow`` (k,) kg/s of the network. Each hour is also reckoned with the flows of the hours
    before and after it: water takes its time to arrive, and valves open before an hour's mean shows it.
    """
    lost = dp_source - dp_stations
    known = np.isfinite(lost) & (lost >= 0.0)
    if not (np.isfinite(dp_source) and m_flow_now > 0.0 and known.any()):
        return because("dispatch.head_unknown")
    before, after = np.append(m_flow_now, m_flow[:-1]), np.append(m_flow[1:], m_flow[-1:])
    ratio = (np.maximum(np.maximum(m_flow, before), after) / m_flow_now) ** 2
    way = (1.0 + RESERVE_SHARE) * lost[:, None] * ratio[None, :]
    head = np.where(known[:, None], dp_needed + RESERVE_KPA + way, -np.inf)
    return head.max(axis=0), int(head[:, 0].argmax())
