"""``python -m tests.screenshots``: every screen in both languages and both themes, into build/screenshots.

A city of its own runs for it, some of it broken on purpose, so that alarms, lost links and hand-made orders
are to be seen. Prints every English word that stands on a Chinese screen.
"""

import argparse
import itertools
import shutil
import sys
import tempfile
from pathlib import Path

from tests.support.browser import Browser, chromium
from tests.support.operators import choose_strategy, give_order, shelve_something
from tests.support.screen_room import screen_room, until

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "build" / "screenshots"
STATIONS, SPEED = 40, 20.0
LOST = ("S005", "S010", "S015", "S020", "S025", "S030")
"""Six stations of one district: one alarm of that district."""
STATION = "S017"
PLANNED = 2
"""So many districts follow plans."""
PAGES = {
    "login": "login",
    "overview": "",
    "stations": "stations",
    "station": f"station?station={STATION}",
    "station-lost": f"station?station={LOST[0]}",
    "setpoint": f"station?station={STATION}",
    "alarms": "alarms",
    "trends": f"trends?station={STATION}",
    "dispatch": "dispatch",
    "optimizer": "optimizer",
    "energy": "energy",
    "audit": "audit",
    "settings": "settings",
    "style": "style",
}
SETTLE_MS = 2500
"""A picture shows what was drawn twice, not the first paint."""
LANGUAGES, THEMES = ("zh", "en"), ("light", "dark")
PERSON = "eva"
READER = "ada"
"""Who may read the audit."""


def main():
    options = _options()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    chosen = options.pages or list(PAGES)
    with (
        tempfile.TemporaryDirectory() as folder,
        screen_room(Path(folder), stations=STATIONS, speed=SPEED) as room,
    ):
        prepare(room, options.hours)
        with chromium() as started:
            browser = Browser(started, OUTPUT / "traces")
            for language, theme in itertools.product(LANGUAGES, options.themes):
                shoot(browser, room, chosen, language, theme)
    return 0


def prepare(room, hours):
    """Let the city live for some hours of its clock, with faults and hand-made orders."""
    give_order(room, STATION, 1.5, "olga")
    for district in list(room.get("stations")["districts"])[:PLANNED]:
        choose_strategy(room, district, "optimizer", "eva", "lei")
    for station in LOST:
        room.ask("stop_server", station=station)
    began = room.get("kpis")["now"]
    until(lambda: room.get("kpis")["now"] - began > hours * 3600.0, 3600.0, "the end of those hours")
    shelve_something(room, "lei")


def shoot(browser, room, pages, language, theme):
    visits = {
        who: browser.visit(room, who, language=language, dark=theme == "dark") for who in (PERSON, READER)
    }
    for name in pages:
        visit = visits[READER if name == "audit" else PERSON]
        if name == "login":
            visit.page.goto(f"{room.screen}/login")
        else:
            visit.open(PAGES[name])
            visit.page.wait_for_timeout(SETTLE_MS)
        if name == "setpoint":
            enter_a_setpoint(visit)
        elif name == "alarms":
            visit.page.locator(".row[data-id]").first.click()
            visit.settled()
        file = OUTPUT / f"{name}-{theme}-{language}.png"
        visit.page.screenshot(path=file)
        if language == "zh":
            words = visit.english()
            if words:
                print(f"{file.name}: English on a Chinese screen: {', '.join(words)}")
    browser.leave(failed=False)


def enter_a_setpoint(visit):
    """Go as far as the preview; nothing is ordered."""
    page = visit.page
    page.locator(".st-key-change_1 button").click()
    page.locator(".st-key-setpoint_usual button").first.click()
    visit.settled()
    page.locator(".st-key-setpoint_up button").first.click()
    visit.settled()
    page.locator(".st-key-setpoint_preview button").first.click()
    page.locator(".st-key-setpoint_commit button").first.wait_for()
    visit.settled()


def _options():
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("--pages", nargs="*", choices=PAGES, help="default: all")
    parser.add_argument("--themes", nargs="*", choices=THEMES, default=THEMES)
    parser.add_argument(
        "--hours", type=float, default=1.0, help="of the city's clock before the first picture"
    )
    return parser.parse_args()


if __name__ == "__main__":
    if shutil.which("chromium") is None:
        sys.exit("chromium is missing: make deps")
    sys.exit(main())
