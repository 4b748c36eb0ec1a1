"""Who is served first when there is not enough, and who has borne how much, as plain values for JSON."""

from collections.abc import Sequence

from controller.planning.flow_caps import FlowCap, shares_out
from controller.planning.published import Published
from optimizer.plan.rationing import OWED_MAX_K_H, TURN

BORNE_TOLD = 20


def rationing_message(published: Published, caps: Sequence[FlowCap] = ()) -> dict[str, object] | None:
    """Return ``RationingMessage`` in a shortage, or where one has left its mark."""
    owed = published.owed
    if not owed and not shares_out(published):
        return None
    most = sorted(owed.items(), key=lambda one: -one[1])[:BORNE_TOLD]
    return {
        "first": sorted({key.station for key in published.rules.critical}),
        "borne": [{"station": key.station, "loop": key.loop, "K_h": K_h} for key, K_h in most],
        "loops": len(owed),
        "turn_percent": 100.0 * TURN,
        "spared_K_h": OWED_MAX_K_H,
        "caps": [one._asdict() for one in caps],
    }
