"""Rules of the heat source, and causes that many stations have in common besides their links."""

from collections.abc import Iterator, Mapping

from controller.alarms.links import GROUP_LEAST, GROUP_SHARE
from controller.alarms.model import AlarmKey, Finding, Param
from controller.alarms.scene import Scene, StationCase


def source_findings(case: StationCase) -> Iterator[Finding]:
    """Judge whether a source runs at its capacity, and pass on what its controller reports."""
    key = AlarmKey("plant_shortage", case.config.id)
    power, most = case.good(0, "Q_flow_source"), case.good(0, "Q_flow_source_max")
    if power is None or not most:
        yield Finding(key=key, unknown=True)
    elif case.scene.beyond(key, power / most):
        yield Finding(
            key=key,
            params={
                "why": f"source at {power / 1000.0:.1f} of {most / 1000.0:.1f} MW",
                "why_zh": f"热源出力 {power / 1000.0:.1f} / {most / 1000.0:.1f} MW",
                "source": case.config.id,
                "first": case.config.id,
            },
        )
    word = case.good(0, "alarm_word")
    if word:
        key = AlarmKey("station_alarm", case.config.id)
        yield Finding(key=key, params={"word_hex": f"{int(word):04X}"})


def clock_findings(scene: Scene, skewed: Mapping[str, Finding]) -> Iterator[Finding]:
    """Where most stations seem to have the wrong time, it is ours that is wrong."""
    n_stations = len(scene.site.stations)
    if len(skewed) >= max(GROUP_LEAST, GROUP_SHARE * n_stations):
        params: dict[str, Param] = {
            "why": f"{len(skewed)} of {n_stations} stations seem to have another time",
            "why_zh": f"{n_stations} 个站中 {len(skewed)} 个时标不符",
        }
        yield Finding(key=AlarmKey("controller_clock"), params=params)
