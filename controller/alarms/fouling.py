"""Rule of fouling: what identification learns at night of a station's exchanger, held against its cleanest.

The deciding number changes once a night. Where it is not known or old, as after the season, the rule can not
tell: a standing alarm goes on and none is raised.
"""

from collections.abc import Iterator

from controller.alarms.model import Finding
from controller.alarms.scene import LoopCase
from optimizer.identify.exchanger import ExchangerTrend, lost_for_sure, lost_since

AGE_S = 3 * 86_400.0
"""Nights may fail, or readings be too few for once."""


def fouling_findings(loop: LoopCase) -> Iterator[Finding]:
    """Judge a station's exchanger; several behind one meter are judged together, at the first loop."""
    scene, key = loop.station.scene, loop.alarm("exchanger_fouled")
    belief = scene.state.beliefs.get(loop.key)
    if belief is None or belief.exchanger is None:
        return
    found = belief.exchanger
    if not isinstance(found, ExchangerTrend) or scene.now - belief.at > AGE_S:
        yield Finding(key=key, unknown=True)
        return
    since_clean = None if belief.exchanger_clean is None else lost_since(belief.exchanger_clean, found)
    lost = max(lost_for_sure(found), since_clean or 0.0)
    if scene.beyond(key, lost):
        yield Finding(key=key, params={"lost_pct": 100.0 * lost, "UA": found.UA_kW_per_K})
