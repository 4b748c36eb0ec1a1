"""What writes to a simulated station or heat source are held to, as the station list and the site tell it."""

from simulators.judge import LoopBounds
from simulators.limits_table import DEVICES, FLOW_MIN_SHARE, flow_of_head
from simulators.plc.source import LOOP
from simulators.sitefile import SimStation


def bounds_of(station: SimStation) -> dict[int, LoopBounds]:
    """Return what the judge holds writes to; nothing where nothing may be written."""
    writes = station.writes
    if writes is None:
        return {
            loop.number: LoopBounds(
                emitter=loop.emitter,
                m_flow_design=DEVICES[station.profile].flow_of(loop.rating.told(loop.m_flow_design)),
                own_supply=loop.own_supply,
            )
            for loop in station.loops
        }
    most, least = flow_of_head(writes.dp_max), flow_of_head(writes.dp_min)
    share = max(FLOW_MIN_SHARE, least / most)
    return {
        LOOP: LoopBounds(
            emitter="source",
            m_flow_design=most,
            own_supply=writes.curve.at,
            own_band_K=writes.own_band_K,
            flow_min_share=share,
        )
    }
