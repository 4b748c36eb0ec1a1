"""From the controller's state to plain values for JSON, in the shapes of ``controller.api.schema``."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

from controller.config.model import SiteConfig, StationConfig
from controller.decisions import LoopKey, Mode
from controller.historian.slot import JournalStats
from controller.image import Link, StationImage
from controller.state import ControllerState, LoopStatus
from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from stations.model.reading import Reading

FRESH_POLLS = 3
"""A station is fresh while its last answered poll is at most so many periods old."""
DIGITS = 6
"""Decimal places in messages: finer than any sensor, shorter than a float's noise."""


def compact_reading(reading: Reading) -> tuple[float | None, int, str, float]:
    """Return ``[value, quality, reason, measured_at]``."""
    value = reading.value
    return (
        None if value is None else round(value, DIGITS),
        int(reading.quality),
        reading.reason.value,
        round(reading.measured_at, 3),
    )


def loop_state(loop: LoopStatus) -> dict[str, object]:
    """Return the control state of one loop."""
    decision, ordered = loop.decision, loop.ordered
    return {
        "loop": loop.key.loop,
        "mode": loop.mode.value,
        "season": loop.season.value,
        "action": None if decision is None else decision.action.value,
        "author": None if decision is None else decision.author,
        "T_supply_set": finite(loop.T_supply_set),
        "m_flow_set": finite(loop.m_flow_set),
        "write_state": None if loop.write_state is None else loop.write_state.value,
        "write_state_at": loop.write_state_at,
        "held": loop.held,
        "order": 0 if ordered is None else ordered.order,
        "ordered_by": None if ordered is None else ordered.author,
        "T_supply_ordered": None if ordered is None else finite(ordered.T_supply),
        "m_flow_ordered": None if ordered is None else finite(ordered.m_flow),
        "manual_until": None if ordered is None else ordered.until,
    }


def station_state(image: StationImage, loops: Iterable[LoopStatus]) -> dict[str, object]:
    """Return one station of a snapshot."""
    readings = {f"{p.loop}/{p.name}": compact_reading(r) for p, r in image.readings.items()}
    return {**station_frame(image, loops), "readings": readings}


def readings_text(image: StationImage) -> str:
    """Return the readings of ``station_state`` as JSON, in a fraction of the time that an encoder takes.

    Names, qualities and reasons are ours and need no escapes; a reading's value is finite or None. Nearly all
    readings of a poll are good and of one moment, which is written once.
    """
    texts = []
    at, at_text = math.nan, ""
    for point, reading in image.readings.items():
        if reading.measured_at != at:
            at, at_text = reading.measured_at, f"{round(reading.measured_at, 3)}]"
        value = reading.value
        number = "null" if value is None else round(value, DIGITS)
        trust = _GOOD if reading.reason is Reason.OK else f',{reading.quality:d},"{reading.reason.value}",'
        texts.append(f"{_named(point)}{number}{trust}{at_text}")
    return ",".join(texts)


_GOOD = f',{Quality.GOOD:d},"{Reason.OK.value}",'
"""Good is what has no reason to be doubted, and nothing else (``Reading``)."""


@cache
def _named(point: Point) -> str:
    return f'"{point.loop}/{point.name}":['


def station_frame(image: StationImage, loops: Iterable[LoopStatus]) -> dict[str, object]:
    """Return one station of a snapshot without its readings."""
    return {
        "id": image.station,
        "link": image.link.value,
        "link_since": round(image.link_since, 3),
        **_link_why(image),
        "polled_at": None if image.polled_at is None else round(image.polled_at, 3),
        "rtt_ms": None if image.rtt_s is None else round(image.rtt_s * 1000.0, 2),
        "loops": [loop_state(loop) for loop in loops],
    }


def _link_why(image: StationImage) -> dict[str, object]:
    why = image.link_why
    if why is None:
        return {"link_why": "", "link_why_sentence": None}
    return {"link_why": why.en, "link_why_sentence": why.to_json()}


def traits(station: StationConfig) -> dict[str, object]:
    """Return what does not change of one station."""
    return {
        "id": station.id,
        "name_zh": station.name_zh,
        "name_en": station.name_en,
        "district": station.district,
        "kind": station.kind,
        "profile": station.profile.name,
        "station_class": station.profile.station_class.value,
        "protocol": station.profile.protocol,
        "latitude": station.latitude,
        "longitude": station.longitude,
        "A_heated_m2": sum(loop.A_heated_m2 for loop in station.loops),
        "loops": [
            {
                "loop": loop.loop,
                "emitter": loop.emitter,
                "piping": loop.piping,
                "A_heated_m2": loop.A_heated_m2,
                "T_supply_max_degC": loop.T_supply_max_degC,
                "m_flow_design_kg_per_s": loop.m_flow_design_kg_per_s,
                "proven": loop.proof is not None,
            }
            for loop in station.loops
        ],
    }


def station_list(site: SiteConfig) -> dict[str, object]:
    """Return the answer of ``/stations``."""
    return {
        "site": site.name,
        "title_en": site.title_en,
        "title_zh": site.title_zh,
        "timezone": site.timezone,
        "simulation": site.simulation,
        "districts": {
            district.id: {
                "title_en": district.title_en,
                "title_zh": district.title_zh,
                "strategy": district.strategy,
            }
            for district in site.districts.values()
        },
        "stations": [traits(station) for station in site.stations],
        "poll_s": site.timing.poll_s,
        "slowest_poll_s": site.slowest_poll_s,
        "cycle_s": site.timing.cycle_s,
    }


def station_detail(station: StationConfig, state: ControllerState, now: float) -> dict[str, object]:
    """Return the answer of ``/stations/{id}``."""
    image = state.image[station.id]
    return {
        "now": now,
        "traits": traits(station),
        "link": image.link.value,
        "link_since": image.link_since,
        **_link_why(image),
        "polled_at": image.polled_at,
        "age_s": None if image.polled_at is None else round(now - image.polled_at, 3),
        "polls": image.polls,
        "polls_ok": image.polls_ok,
        "token": state.token,
        "readings": [_reading_detail(point, reading, now) for point, reading in image.readings.items()],
        "loops": [
            _loop_detail(state.loops[key])
            for loop in station.loops
            if (key := LoopKey(station.id, loop.loop)) in state.loops
        ],
    }


def _reading_detail(point: Point, reading: Reading, now: float) -> dict[str, object]:
    return {
        "point": str(point),
        "value": finite(reading.value),
        "quality": reading.quality.name.lower(),
        "reason": reading.reason.value,
        "measured_at": reading.measured_at,
        "age_s": round(reading.age_s(now), 3),
    }


def _loop_detail(loop: LoopStatus) -> dict[str, object]:
    decision = loop.decision
    return {
        **loop_state(loop),
        "reason": None if decision is None else decision.reason,
        "why": [] if decision is None else [phrase.to_json() for phrase in decision.why],
        "T_supply_allowed": None if decision is None else finite(decision.T_supply),
        "m_flow_allowed": None if decision is None else finite(decision.m_flow),
        "cuts": [
            {
                "rule": cut.rule.value,
                "channel": cut.channel,
                "wanted": finite(cut.wanted),
                "allowed": finite(cut.allowed),
                "detail": cut.detail.en,
                "sentence": cut.detail.to_json(),
            }
            for cut in (() if decision is None else decision.cuts)
        ],
    }


def kpis(
    site: SiteConfig, state: ControllerState, stored: JournalStats, lag_ms: tuple[float, float], now: float
) -> dict[str, object]:
    """Return the answer of ``/kpis``; ``lag_ms`` is (99 % quantile, maximum)."""
    images = state.image.freeze()
    fresh_s = {station.id: FRESH_POLLS * site.poll_s_of(station) for station in site.stations}
    outdoor = state.T_outdoor_centre
    heat_kW, A_metered = _metered_heat(site, images, now, fresh_s)
    driven = _driven_loops(site, state)
    loops = [
        state.loops[LoopKey(station.id, loop.loop)] for station in site.stations for loop in station.loops
    ]
    counters = state.counters
    stations = [images[station.id] for station in site.stations if station.kind == "station"]
    return {
        "now": now,
        "ready": state.ready,
        "stations": len(stations),
        "stations_fresh": sum(is_fresh(image, now, fresh_s[image.station]) for image in stations),
        "loops": len(loops),
        "loops_driven": len(driven),
        "loops_confirmed": sum(loop.ever_confirmed for loop in driven),
        "modes": dict(Counter(loop.mode.value for loop in loops)),
        "write_states": dict(
            Counter(loop.write_state.value for loop in loops if loop.write_state is not None)
        ),
        "held": sum(loop.held for loop in loops),
        "polls": sum(image.polls for image in stations),
        "polls_ok": sum(image.polls_ok for image in stations),
        "setpoints_sent": counters.setpoints_sent,
        "setpoints_confirmed": counters.setpoints_confirmed,
        "setpoints_limited": counters.setpoints_limited,
        "setpoints_rejected": counters.setpoints_rejected,
        "setpoints_expired": counters.setpoints_expired,
        "readings_stored": stored.readings_stored,
        "cycles": counters.cycles,
        "T_supply_mean": _mean_by_area(site, images, "T_supply_secondary", now, fresh_s),
        "T_return_mean": _mean_by_area(site, images, "T_return_secondary", now, fresh_s),
        "T_outdoor_centre": None if outdoor is None else finite(outdoor.value),
        "heat_W_per_m2_mean": heat_kW * 1000.0 / A_metered if A_metered > 0 else None,
        "A_metered_m2": A_metered,
        "loop_lag_p99_ms": round(lag_ms[0], 3),
        "loop_lag_max_ms": round(lag_ms[1], 3),
        "alarms": [fault.en for fault in state.alarms],
        "alarm_sentences": [fault.to_json() for fault in state.alarms],
    }


def _driven_loops(site: SiteConfig, state: ControllerState) -> list[LoopStatus]:
    """Return the loops that the centre is meant to drive: class A, T, B, proven, not hot water, not local."""
    keys = [
        LoopKey(station.id, loop.loop)
        for station in site.stations
        for loop in station.loops
        if station.profile.station_class.driven and loop.proof is not None and loop.emitter != "dhw"
    ]
    return [state.loops[key] for key in keys if state.loops[key].mode is not Mode.LOCAL]


def is_fresh(image: StationImage, now: float, fresh_s: float) -> bool:
    """Tell whether a station is online and answered at most ``fresh_s`` ago."""
    return image.link is Link.ONLINE and image.polled_at is not None and now - image.polled_at <= fresh_s


def _metered_heat(
    site: SiteConfig, images: Mapping[str, StationImage], now: float, fresh_s: Mapping[str, float]
) -> tuple[float, float]:
    """Return (kW, m2) over the stations whose heat meter is good: numerator and denominator go together."""
    heat_kW = A_metered = 0.0
    for station in site.stations:
        reading = images[station.id].readings.get(Point(0, "Q_flow_primary"))
        if station.loops and reading is not None and reading.usable(now, fresh_s[station.id]):
            heat_kW += reading.value or 0.0
            A_metered += sum(loop.A_heated_m2 for loop in station.loops)
    return heat_kW, A_metered


def _mean_by_area(
    site: SiteConfig, images: Mapping[str, StationImage], name: str, now: float, fresh_s: Mapping[str, float]
) -> float | None:
    total = area = 0.0
    for station in site.stations:
        for loop in station.loops:
            reading = images[station.id].readings.get(Point(loop.loop, name))
            if reading is not None and reading.value is not None and reading.usable(now, fresh_s[station.id]):
                total += reading.value * loop.A_heated_m2
                area += loop.A_heated_m2
    return total / area if area > 0 else None


def finite(value: float | None) -> float | None:
    """Return the value rounded for a message; what is not finite is absent: JSON has no NaN."""
    return None if value is None or not math.isfinite(value) else round(value, DIGITS)
