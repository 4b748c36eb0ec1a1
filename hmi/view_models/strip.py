"""What the strip above every page shows, as plain data; drawing is the component's."""

from collections.abc import Iterable
from typing import Any

from controller.api.alarm_schema import AlarmMessage
from hmi.city import City, Feed
from hmi.context import Screen
from hmi.language import Words
from hmi.terms import PRIORITY, QUALITY_REASON, ROLE, STRATEGY, term
from hmi.view_models import alarms as alarm_model
from hmi.view_models.shown import is_aged

NEWEST = 3
OUTDOOR_CYCLES = 2.0
"""Control cycles that the outdoor temperature may be old before that is told: each works it out anew."""
FRESH_WALL_S = 5.0
"""Data as old as this in wall seconds are drawn as fresh; twice as much is aged."""


def strip(screen: Screen) -> dict[str, Any]:
    """Return the strip of a person who is logged in."""
    city, words = screen.city, screen.words
    return {
        **_common(words, screen.theme),
        "site": words.site_title(city.site) or words("District heating"),
        "subtitle": words("Dispatch centre"),
        "simulation": _simulation(city, words),
        "frozen": frozen_text(city, words),
        "counts": _counts(city, words),
        "newest": _newest(city, words),
        "none_new": words("No unacknowledged alarm") if city.alarms is not None else "",
        "cells": [_outdoor(city, words), _strategy(city, words), _age(city, words), _clock(city, words)],
        "user": {
            "name": screen.me.user.name,
            "role": term(words, ROLE, screen.me.user.role),
        },
        "foot": _foot(city, words),
        "seq": city.version,
    }


def nobody(words: Words, theme: str) -> dict[str, Any]:
    """Return the strip where nobody is known to be logged in: it tells nothing of the city."""
    return {
        **_common(words, theme),
        "site": words("District heating"),
        "subtitle": words("Dispatch centre"),
        "simulation": "",
        "frozen": words("The controller does not answer."),
        "counts": [],
        "newest": [],
        "none_new": "",
        "cells": [],
        "user": None,
        "foot": [],
        "seq": 0,
    }


def _common(words: Words, theme: str) -> dict[str, Any]:
    return {
        "language": words.language,
        "theme": theme,
        "words": {
            "screen_silent": words("The screen's server does not answer: nothing here is up to date."),
            "dark": words("Dark"),
            "light": words("Light"),
            "wall": words("Wall"),
            "log_out": words("Log out"),
            "keys": words("Keys: a alarms, / search, g m overview, g l stations"),
            "unacknowledged": words("unack."),
        },
    }


def frozen_text(city: City, words: Words) -> str:
    """Return the banner's text; empty while the data live."""
    if not city.frozen():
        return ""
    if city.feed is Feed.STARTING or not city.known:
        return words("No data yet: the controller has not answered. Writing is disabled.")
    since = words.time(city.now, seconds=True)
    if city.feed is Feed.REFUSED:
        text = words("DATA FROZEN since {since}: the controller refuses the screen's token.", since=since)
    elif city.feed is Feed.GONE:
        text = words("DATA FROZEN since {since}: the controller does not answer.", since=since)
    else:
        text = words("DATA FROZEN since {since}: the stream of data is silent.", since=since)
    rest = words("Writing is disabled; the stations go on under their own control.")
    return f"{text} {rest}"


def _simulation(city: City, words: Words) -> str:
    if not city.simulation:
        return ""
    return words(
        "SIMULATION · {site} · synthetic data, no command reaches a real station · speed ×{speed}",
        site=words.site_title(city.site),
        speed=words.number(city.speed, 0 if city.speed == int(city.speed) else 1),
    )


def _shown(city: City) -> Iterable[AlarmMessage]:
    return () if city.alarms is None else city.alarms.alarms


def is_unacknowledged(alarm: AlarmMessage) -> bool:
    """Tell whether an alarm still asks for a person."""
    return alarm.state in ("unack", "returned_unack")


def _counts(city: City, words: Words) -> list[dict[str, Any]]:
    if city.alarms is None:
        return []
    counted = []
    for priority, name in PRIORITY.items():
        ours = [alarm for alarm in _shown(city) if alarm.priority == priority]
        counted.append(
            {
                "priority": priority,
                "label": words(name),
                "count": len(ours),
                "unacknowledged": sum(map(is_unacknowledged, ours)),
            }
        )
    return counted


def _newest(city: City, words: Words) -> list[dict[str, Any]]:
    """Return the newest unacknowledged alarms; what explains others stands for them."""
    waiting = [alarm for alarm in _shown(city) if is_unacknowledged(alarm)]
    waiting.sort(key=lambda alarm: alarm.raised_at or alarm.since, reverse=True)
    return [
        {
            "id": alarm.id,
            "priority": alarm.priority,
            "returned": alarm.state == "returned_unack",
            "time": words.time(alarm.raised_at or alarm.since),
            "place": alarm_model.place(words, city, alarm.id),
            "text": _said(
                words.either(alarm.title_zh, alarm.title_en), words.either(alarm.text_zh, alarm.text_en)
            ),
        }
        for alarm in waiting[:NEWEST]
    ]


def _said(title: str, text: str) -> str:
    """Return what an alarm is, then its numbers; once where both say the same."""
    return title if text in ("", title) else f"{title} · {text}" if title else text


def _outdoor(city: City, words: Words) -> dict[str, Any]:
    label, reading = words("Outdoor"), city.T_outdoor_centre
    if reading is None:
        return {"label": label, "value": "", "unit": "", "note": words("not measured yet"), "dot": ""}
    if reading.value is None:
        note = term(words, QUALITY_REASON, reading.reason)
        return {"label": label, "value": "", "unit": "", "note": note, "dot": "bad"}
    value, unit = words.quantity(reading.value, "degC")
    doubt = "" if reading.reason == "ok" else term(words, QUALITY_REASON, reading.reason)
    aged = is_aged(city, reading, OUTDOOR_CYCLES * city.site.cycle_s)
    age = words("{age} old", age=words.span(city.age_s(reading))) if aged else ""
    note = " · ".join(part for part in (doubt, age) if part)
    return {"label": label, "value": value, "unit": unit, "note": note, "dot": "aged" if note else "fresh"}


def _strategy(city: City, words: Words) -> dict[str, Any]:
    label = words("Strategy")
    if city.modes is None:
        note = words("not known yet")
        return {"label": label, "value": "", "unit": "", "note": note, "dot": "", "id": "strategy"}
    names = sorted({term(words, STRATEGY, name) for name in city.modes.strategies.values()})
    held = city.modes.mass_change is not None and not city.modes.mass_change_confirmed
    note = words("mass change held") if held else ""
    value = " / ".join(names)
    return {"label": label, "value": value, "unit": "", "note": note, "dot": "", "id": "strategy"}


def _age(city: City, words: Words) -> dict[str, Any]:
    """Return the age of what is shown, in wall seconds: of the last message, whatever a station's age is."""
    label = words("Data age")
    if not city.known:
        return {"label": label, "value": "", "unit": "", "note": words("no data"), "dot": "bad"}
    silent = city.silent_s()
    dot = "bad" if city.frozen() else "fresh" if silent <= FRESH_WALL_S else "aged"
    value, unit = words.span(silent).split(" ")
    return {"label": label, "value": value, "unit": unit, "note": "", "dot": dot, "id": "age"}


def _clock(city: City, words: Words) -> dict[str, Any]:
    """Return the site's clock as of the last message: it stops with the feed."""
    if not city.known:
        return {"label": words("Site clock"), "value": "", "unit": "", "note": words("no data"), "dot": ""}
    label = words("{date} · site", date=words.date(city.now))
    return {
        "label": label, "value": words.time(city.now, seconds=True), "unit": "", "note": "", "dot": "",
        "id": "clock",
    }  # fmt: skip


def _foot(city: City, words: Words) -> list[str]:
    if city.kpis is None:
        return []
    lines = [
        words("Fresh {fresh} / {all} stations", fresh=city.kpis.stations_fresh, all=city.kpis.stations),
        words("Held {held} / {driven} loops", held=city.kpis.held, driven=city.kpis.loops_driven),
    ]
    if city.last_cycle_at is not None:
        lines.append(words("Last cycle {at}", at=words.time(city.last_cycle_at)))
    return lines
