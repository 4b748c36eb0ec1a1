"""A real browser at the screen: nothing off the machine, no traceback, a trace only where a test failed.

Waiting is for what a person would see (role, label, text, ``data-seq``), never for a time.
"""

import re
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright

from benchmarks.chromium import EXECUTABLE, FLAGS
from hmi.session import LANGUAGE_COOKIE, TOKEN_COOKIE

LIMIT_S = 90.0
"""Two cores are shared with a city, a controller and the screen."""
SIZE = {"width": 1920, "height": 1080}
LOOPBACK = {"127.0.0.1", "localhost"}
BAD_SIGNS = ("Traceback", "streamlit.errors", "Ask Google", "StreamlitAPIException")

NOT_ENGLISH = re.compile(
    r"(S\d{3}|EN|English|Excel|CSV|ISA|OPC|UA|Modbus|TCP|InfluxDB|MW|MPa|kPa|kWh?|GJ|min|PLC|Shift|Enter|Tab|Esc|"
    r"operator|engineer|admin|auditor|viewer|[Oo]lga|lei|eva|vera|ada|opcua|substation|plc|trovis|ecl|multical|"
    r"source|dhc|Asia|Shanghai|Connection|img|src|onerror|document|title|owned|bold)"
)
"""Latin words that a Chinese screen may show: units, ids, names, and what comes from outside as it is."""
HASH = re.compile(r"\b[0-9a-f]{12,}\b")
"""Beginnings of hashes, as the audit shows them."""
READABLE = """() => {
  const words = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) words.push(node.textContent);
    if (["STYLE", "SCRIPT", "NOSCRIPT"].includes(node.tagName)) return;
    if (node.nodeType === Node.ELEMENT_NODE) {
      if (["stIconMaterial", "stSkipToContent"].includes(node.dataset.testid)) return;
      const style = getComputedStyle(node);
      if (style.display === "none" || style.visibility === "hidden") return;
      if (node.placeholder && !node.value) words.push(node.placeholder);
    }
    if (node.shadowRoot) walk(node.shadowRoot);
    node.childNodes.forEach(walk);
  };
  walk(document.body);
  return words;
}"""

DRAWN = """() => {
  const app = document.querySelector("[data-testid=stApp]");
  const there = document.querySelector("[data-testid=stMain] h1");
  return there && !("dhcLeaving" in document.documentElement.dataset)
    && app.dataset.testScriptState === "notRunning";
}"""
"""The script has run to the end of the page: live parts run again by themselves, the page does not."""
QUIET = """() => {
  const running = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState !== "notRunning";
  if (running || !window.quietSince) window.quietSince = performance.now();
  return !running && performance.now() - window.quietSince > 400;
}"""
"""Nothing is computed for a moment: what was just entered has been answered."""


WRITTEN_BY_PEOPLE = (
    "Sensor is being mended",
    "sensor is being mended",
    "Residents complain of cold",
    "residents complain of cold",
    "Weather changes",
)


class Visit:
    """One person at one browser window."""

    def __init__(self, context, url):
        self.context, self.url = context, url
        self.off_machine, self.faults = [], []
        self.page = self.new_page()

    def new_page(self):
        page = self.context.new_page()
        page.on("request", lambda request: self._heard(request.url))
        page.on("websocket", lambda socket: self._heard(socket.url))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        return page

    def _heard(self, url):
        place = urlsplit(url)
        if place.scheme in ("http", "https", "ws", "wss") and place.hostname not in LOOPBACK:
            self.off_machine.append(url)

    def open(self, path=""):
        """Load a page, and wait until it is drawn."""
        self.page.goto(f"{self.url}/{path}")
        return self._drawn()

    def go(self, name):
        """Lead to a page of the navigation, as people do: nothing is loaded anew."""
        self.page.locator(f'[data-testid="stSidebarNavLink"][href$="/{name}"]').click()
        expect(self.page).to_have_url(re.compile(rf"^{re.escape(self.url)}/{name}([?].*)?$"))
        return self._drawn()

    def _drawn(self):
        expect(self.page.locator(".strip[data-seq]")).to_be_attached()
        self.page.wait_for_function(DRAWN)
        return self.page

    def settled(self):
        """Wait until nothing has been computed for a moment: what was entered has been answered."""
        self.page.wait_for_function(QUIET)

    def live(self, drawing="[data-seq]"):
        """Wait until a drawing changes: the page follows the city."""
        mark = self.page.locator(drawing).first
        before = int(mark.get_attribute("data-seq"))
        self.page.wait_for_function(
            "([element, before]) => Number(element.dataset.seq) > before", arg=[mark.element_handle(), before]
        )

    def text(self):
        """All that can be read on the page, inside components too."""
        return "\n".join(self.page.evaluate(READABLE))

    def english(self):
        """Words of three or more Latin letters that are no unit, id or name: none on a Chinese screen.

        What people wrote stays in the language in which they wrote it.
        """
        text = self.text()
        for written in WRITTEN_BY_PEOPLE:
            text = text.replace(written, "")
        words = set(re.findall(r"[A-Za-z]{3,}", HASH.sub("", text)))
        return sorted(word for word in words if not NOT_ENGLISH.fullmatch(word))

    def check(self):
        """Nothing left the machine, no script failed, no traceback was seen."""
        assert self.off_machine == []
        assert self.faults == []
        content = self.page.content()
        assert [sign for sign in BAD_SIGNS if sign in content] == []


class Browser:
    """One Chromium with a fresh profile for each visit."""

    def __init__(self, chromium, traces):
        self._chromium, self._traces = chromium, traces
        self._open = []

    def visit(self, room, who=None, *, language="zh", dark=False, size=SIZE):
        """Come to the screen, as somebody who is logged in, or as nobody."""
        context = self._chromium.new_context(
            viewport=size, color_scheme="dark" if dark else "light", reduced_motion="reduce", locale="zh-CN"
        )
        context.set_default_timeout(LIMIT_S * 1000)
        cookies = {LANGUAGE_COOKIE: language} | ({TOKEN_COOKIE: room.session_of(who)} if who else {})
        context.add_cookies(
            [{"name": name, "value": value, "url": room.screen} for name, value in cookies.items()]
        )
        # what was done and asked for; a film of it would cost a third of the processor
        context.tracing.start()
        visit = Visit(context, room.screen)
        self._open.append(visit)
        return visit

    def leave(self, failed):
        """Close all visits; keep what was seen only of a test that failed, judge those of the others."""
        visits, self._open = self._open, []
        for number, visit in enumerate(visits):
            if failed:
                self._traces.mkdir(parents=True, exist_ok=True)
                visit.page.screenshot(path=self._traces / f"page-{number}.png")
                visit.context.tracing.stop(path=self._traces / f"trace-{number}.zip")
        try:
            if not failed:
                for visit in visits:
                    visit.check()
        finally:
            for visit in visits:
                visit.context.close()


@contextmanager
def chromium():
    """Debian's Chromium, until the end of the block."""
    expect.set_options(timeout=LIMIT_S * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
