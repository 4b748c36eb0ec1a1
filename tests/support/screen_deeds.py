"""What an operator does at the screen in several steps, and what can be seen of it: for a real browser."""

import re
from contextlib import suppress

from playwright.sync_api import TimeoutError, expect

from tests.support.screen_room import BAD_STATION, until

STEPS = ("requested", "sent", "acknowledged", "confirmed")


def strip(visit):
    return visit.page.locator(".strip")


def lost_links(room):
    """Ids of the alarms on the list that say that something does not answer now."""
    return {a["id"] for a in room.get("alarms")["alarms"] if a["active"] and a["rule"].endswith("_lost")}


def alarm_now(room, wanted):
    listed = room.get("alarms?all=true")["alarms"]
    return next((alarm for alarm in listed if alarm["id"] == wanted), {"state": "normal"})


def find_the_worst(visit, station):
    """From the overview to the station by the screen alone: priority in the strip, row, station."""
    page = visit.page
    low = strip(visit).get_by_role("button", name=re.compile("^low [1-9]"))
    low.click(timeout=60_000)
    expect(page).to_have_url(re.compile(r"/alarms\?priority=3"))
    row = page.locator(f'.dhc-rows .row[data-id="station_lost:{station}"]')
    expect(row).to_be_visible()
    row.click()
    page.get_by_role("button", name="Open station").click()
    expect(page).to_have_url(re.compile(rf"/station\?station={station}"))
    expect(page.get_by_role("heading", name=re.compile(station))).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page.get_by_role("heading", name="City overview")).to_be_visible()


def to_alarms_by_key(page):
    """Press the key of the alarm list; what is pressed while a page is still being laid down goes nowhere."""

    def there():
        page.keyboard.press("a")
        with suppress(AssertionError):
            expect(page.get_by_role("heading", name="Alarms")).to_be_visible(timeout=10_000)
            return True
        return False

    until(there, 60.0, "the list of alarms")


def driven_station(room, emitter="radiator"):
    """A station of class A with one driven loop, in automatic; waits until there is one."""
    return until(lambda: _driven_station(room, emitter), 60.0, "a driven station")


def _driven_station(room, emitter):
    stations = {one["id"]: one for one in room.get("stations")["stations"]}
    for state in room.get("snapshot")["stations"]:
        traits = stations[state["id"]]
        if traits["station_class"] != "A" or len(traits["loops"]) != 1 or state["id"] == BAD_STATION:
            continue
        loop, kind = state["loops"][0], traits["loops"][0]
        if loop["mode"] == "auto" and loop["held"] and kind["proven"] and kind["emitter"] == emitter:
            return state["id"]
    return ""


def open_dialog(visit, station):
    page = visit.open(f"station?station={station}")
    page.get_by_role("button", name="Change setpoint…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Secondary supply temperature, °C")).to_be_visible()
    visit.settled()
    return dialog


def previewed(dialog, expected):
    """Press Preview until the preview shows; where data have just become too old to act on, once more."""

    def shows():
        with suppress(TimeoutError):
            dialog.get_by_role("button", name="Preview").first.click(timeout=3000)
        with suppress(AssertionError):
            expect(dialog.get_by_text(expected).first).to_be_visible(timeout=10_000)
            return True
        return False

    until(shows, 60.0, "the preview")


def steps(done):
    """The line of an order's states, as it stands when so many of them have come true."""
    return "  →  ".join(f"{'●' if number < done else '○'} {name}" for number, name in enumerate(STEPS))


def steps_begin(visit):
    """Wait for the line of states; from now on the page notes how far it is. Returns that of now."""
    line = visit.page.get_by_role("dialog").get_by_text(re.compile("requested .*confirmed"))
    expect(line).to_be_visible()
    visit.page.evaluate(
        """() => {
          window.stepsSeen = [];
          new MutationObserver(() => {
            const dialog = document.querySelector("[role=dialog]");
            const line = dialog?.textContent.match(/[●○✕] requested[^]*? confirmed/);
            const done = line ? line[0].split("●").length - 1 : window.stepsSeen.at(-1);
            if (done !== window.stepsSeen.at(-1)) window.stepsSeen.push(done);
          }).observe(document.body, { subtree: true, childList: true, characterData: true });
        }"""
    )
    return line.inner_text().count("●")


def reason_of(room, station):
    """The first sentence by which the controller explains a loop's instruction."""
    return plain(room.loop(station)["why"][0]["en"])


def told(visit):
    return plain(visit.text())


def plain(text):
    return text.replace("\u2212", "-").casefold().rstrip(". ")


def header_of(page):
    """Where the menu of a column of the station list would stand."""
    box = page.locator('[data-testid="stDataFrame"]').bounding_box()
    return box["x"] + 210, box["y"] + 16


def fonts_of(visit, selector):
    """Fonts that really draw the text of an element."""
    devtools = visit.context.new_cdp_session(visit.page)
    for part in ("DOM", "CSS"):
        devtools.send(f"{part}.enable")
    root = devtools.send("DOM.getDocument")["root"]["nodeId"]
    node = devtools.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    return [
        font["familyName"] for font in devtools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    ]
