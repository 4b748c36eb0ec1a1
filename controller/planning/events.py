"""What happens between two plans that the older one could not know. Pure."""

from collections.abc import Mapping

import numpy as np

from controller.decisions import LoopKey
from controller.planning.published import Published
from controller.planning.rules import SourceSeen
from optimizer.forecast.weather import NoWeather, Outlook

SOURCE_SHARE = 0.05
"""Change of what the source can give that is worth a plan at once."""
FORECAST_K, FORECAST_STEPS = 2.0, 24
"""The same of the mean outdoor temperature of the next steps."""
OUTAGE_SHARE = 0.10
"""The same of the share of heated area that cannot be reached, or can be again."""


def event(
    last: Published, source: SourceSeen, outlook: Outlook | NoWeather, lost: frozenset[LoopKey]
) -> str | None:
    """Return what happened since ``last`` was asked for; None where it holds."""
    if _source(last.source.Q_flow_max, source.Q_flow_max):
        return "source"
    if _weather(last.outlook, outlook):
        return "forecast"
    area = dict(zip(last.known.keys, last.known.buildings.area, strict=True))
    return "outage" if _share(lost ^ last.lost, area) > OUTAGE_SHARE else None


def _source(then: float | None, now: float | None) -> bool:
    if now is None:
        return False  # what is not told has not changed
    return then is None or abs(now - then) > SOURCE_SHARE * max(then, 1.0)


def _weather(then: Outlook | NoWeather, now: Outlook | NoWeather) -> bool:
    if isinstance(now, NoWeather):
        return False
    if isinstance(then, NoWeather):
        return True
    steps = slice(0, FORECAST_STEPS)
    expected = np.interp(now.series.times[steps], then.series.times, then.series.T_outdoor)
    return abs(float(now.series.T_outdoor[steps].mean() - expected.mean())) > FORECAST_K


def _share(loops: frozenset[LoopKey], area: Mapping[LoopKey, float]) -> float:
    return sum(area.get(key, 0.0) for key in loops) / max(sum(area.values()), 1.0)
