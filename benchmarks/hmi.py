"""The operators' screen: what it costs the controller, twenty sessions, and pages in a real browser."""

from benchmarks import hmi_api, hmi_pages, hmi_sessions, hmi_trend
from benchmarks.measurement import Measurement

MEASUREMENTS = (
    Measurement(title="snapshots and streams for screens", names=hmi_api.NAMES, run=hmi_api.api),
    Measurement(title="twenty sessions of the screen", names=hmi_sessions.NAMES, run=hmi_sessions.sessions),
    Measurement(title="pages in Chromium", names=hmi_pages.NAMES, run=hmi_pages.pages),
    Measurement(title="one trend, ours and plotly's", names=hmi_trend.NAMES, run=hmi_trend.trend),
)
