"""A shortage of heat is one alarm, whatever shows it: sources at their capacity, loops that stay cold.

What shows first gives the alarm its name (first-out) and keeps it until nothing shows the shortage any more;
everything that joins is told in its text. Without this a city of several sources would ask several times for
the one thing that is to be done.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from controller.alarms.model import AlarmKey, Finding, Param
from controller.alarms.scene import Scene

RULE = "plant_shortage"
SHORT_LEAST = 3
SHORT_SHARE = 0.3
"""So many loops that do not get warm enough at once have one cause, and it lies upstream of them."""


@dataclass(slots=True)
class ShortageMemory:
    """The shortage under way. Owner: the watch."""

    parent: AlarmKey | None = None
    first: str = ""
    """Source or loop that showed it first."""
    short_since: dict[AlarmKey, float] = field(default_factory=dict)
    """Since when each loop does not get warm enough, scaled monotonic seconds."""


def one_shortage(findings: Sequence[Finding], scene: Scene, memory: ShortageMemory) -> Iterator[Finding]:
    """Pass findings on, with one in place of all that show a shortage."""
    shown: list[Finding] = []
    short: list[AlarmKey] = []
    for finding in findings:
        if finding.key.rule == RULE and not finding.unknown:
            shown.append(finding)
            continue
        if finding.key.rule == "heat_short" and not finding.unknown:
            short.append(finding.key)
        yield finding
    memory.short_since = {key: memory.short_since.get(key, scene.monotonic) for key in short}
    shown += _of_loops(scene, memory.short_since)
    if not shown:
        if memory.parent is not None and not scene.standing(memory.parent):
            memory.parent, memory.first = None, ""
        return
    if memory.parent is None:
        candidates = [AlarmKey(RULE), *(AlarmKey(RULE, source) for source in _sources(scene))]
        standing = next((key for key in candidates if scene.standing(key)), None)
        memory.parent = standing or shown[0].key
        memory.first = str(shown[0].params["first"])
    yield Finding(key=memory.parent, params=_told(shown, memory.first))


def _told(shown: Sequence[Finding], first: str) -> dict[str, Param]:
    """Return what the text of the one alarm is filled with."""
    if len(shown) == 1:
        return dict(shown[0].params) | {"first": first}

    def why(key: str) -> str:
        parts = [(found.params.get("source"), found.params[key]) for found in shown]
        return "; ".join(f"{source}: {text}" if source else str(text) for source, text in parts)

    return {
        "why": f"{why('why')}; first {first}",
        "why_zh": f"{why('why_zh')}；首先：{first}",
        "first": first,
    }


def _of_loops(scene: Scene, short_since: dict[AlarmKey, float]) -> Iterator[Finding]:
    """Find the shortage behind loops that do not get warm enough."""
    n_loops = sum(len(station.loops) for station in scene.site.stations)
    if len(short_since) < max(SHORT_LEAST, SHORT_SHARE * n_loops):
        return
    sources = _sources(scene)
    first = min(short_since, key=lambda key: (short_since[key], key))
    place = f"{first.name}/{first.loop}"
    params: dict[str, Param] = {
        "why": f"{len(short_since)} of {n_loops} loops do not get warm enough, first {place}",
        "why_zh": f"{n_loops} 个回路中 {len(short_since)} 个温度达不到，首先：{place}",
        "first": place,
    }
    yield Finding(key=AlarmKey(RULE, sources[0] if len(sources) == 1 else ""), params=params)


def _sources(scene: Scene) -> list[str]:
    return [station.id for station in scene.site.stations if station.kind == "source"]
