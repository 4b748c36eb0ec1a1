"""How good the alarms themselves are: the measures of ISA-18.2 and EEMUA 191 over the alarm journal. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.alarms.definitions import definitions
from controller.alarms.model import SHOWN, Alarm, AlarmKey, LifeState, Transition

TEN_MIN_S = 600.0
FLOOD = 10
"""More than so many new alarms in ten minutes are more than one operator can read (EEMUA 191)."""
CHATTER = 3
CHATTER_S = 60.0
STALE_S = 86_400.0
TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmKpis:
    """Measures over a span; an annunciation is a step onto the operator's list as unacknowledged."""

    start: float
    end: float
    annunciated: int
    per_10_min: float
    """Mean; about one is what one operator can handle."""
    peak_10_min: int
    """Most in any ten minutes."""
    flood_share: float
    """Share of ten-minute windows with more than ten; target < 1 %."""
    by_priority: Mapping[int, int]
    """Annunciated by priority 1..4; a sound split is about 5, 15 and 80 % for 1, 2 and 3."""
    top: Sequence[tuple[str, int]]
    """The ten alarms that came most often."""
    top_share: float
    """Their share of all; target < 5 %."""
    chattering: Sequence[str]
    """Alarms that came three times within a minute; target none."""
    stale: Sequence[str]
    """Alarms that have stood on the list for a day; target < 5."""
    shown: Mapping[int, int]
    """On the list now, by priority."""
    unacknowledged: int
    shelved: int
    suppressed: int
    out_of_service: int


def alarm_kpis(
    steps: Sequence[Transition], alarms: Mapping[AlarmKey, Alarm], start: float, end: float
) -> AlarmKpis:
    """Measure the span ``start``..``end`` (UTC seconds) from its steps, oldest first, and the book now."""
    times = [step.at for step in steps if _annunciates(step)]
    keys = [step.key for step in steps if _annunciates(step)]
    counts = Counter(str(key) for key in keys)
    top = counts.most_common(TOP)
    rules = definitions()
    states = Counter(alarm.state for alarm in alarms.values())
    shown = [alarm for alarm in alarms.values() if alarm.state in SHOWN]
    windows = Counter(int((at - start) // TEN_MIN_S) for at in times)
    n_windows = max(1.0, (end - start) / TEN_MIN_S)
    return AlarmKpis(
        start=start,
        end=end,
        annunciated=len(times),
        per_10_min=len(times) / n_windows,
        peak_10_min=_most_within(times, TEN_MIN_S),
        flood_share=sum(count > FLOOD for count in windows.values()) / n_windows,
        by_priority=_by_priority([rules[key.rule].priority for key in keys if key.rule in rules]),
        top=top,
        top_share=sum(count for _, count in top) / len(times) if times else 0.0,
        chattering=_chattering(times, keys),
        stale=sorted(str(a.key) for a in shown if a.active and end - (a.raised_at or end) > STALE_S),
        shown=_by_priority([rules[alarm.key.rule].priority for alarm in shown]),
        unacknowledged=states[LifeState.UNACK] + states[LifeState.RETURNED_UNACK],
        shelved=states[LifeState.SHELVED],
        suppressed=states[LifeState.SUPPRESSED],
        out_of_service=states[LifeState.OUT_OF_SERVICE],
    )


def _annunciates(step: Transition) -> bool:
    return step.after is LifeState.UNACK


def _by_priority(priorities: Sequence[int]) -> dict[int, int]:
    counts = Counter(priorities)
    return {priority: counts[priority] for priority in (1, 2, 3, 4)}


def _chattering(times: Sequence[float], keys: Sequence[AlarmKey]) -> list[str]:
    by_key: dict[str, list[float]] = {}
    for at, key in zip(times, keys, strict=True):
        by_key.setdefault(str(key), []).append(at)
    return sorted(name for name, own in by_key.items() if _most_within(own, CHATTER_S) >= CHATTER)


def _most_within(times: Sequence[float], span_s: float) -> int:
    """Return the largest number of ascending times within any ``span_s`` seconds."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= span_s:
            first += 1
        most = max(most, last - first + 1)
    return most
