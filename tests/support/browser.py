"""A real browser at the screen: nothing off the machine, no traceback, a trace only where a test failed.

Waiting is for what a person would see (role, label, text, ``data-seq``), never for a time.
"""

from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from benchmarks.chromium import EXECUTABLE, FLAGS
from hmi.session import LANGUAGE_COOKIE, TOKEN_COOKIE

LIMIT_S = 20.0
"""Two cores are shared with a city, a controller and the screen."""
SIZE = {"width": 1920, "height": 1080}
LOOPBACK = {"127.0.0.1", "localhost"}
BAD_SIGNS = ("Traceback", "streamlit.errors", "Ask Google", "StreamlitAPIException")


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
        """Go to a page, and wait until the strip stands and the script has ended."""
        self.page.goto(f"{self.url}/{path}")
        self.settled()
        return self.page

    def settled(self):
        """Wait until the strip shows data of the city and nothing is being computed."""
        expect(self.page.locator(".strip[data-seq]")).to_be_attached()
        self.page.wait_for_function(
            "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
        )

    def live(self, within="body"):
        """Wait until what is drawn changes: the page follows the city."""
        mark = self.page.locator(f"{within} [data-seq]").first
        before = int(mark.get_attribute("data-seq"))
        self.page.wait_for_function(
            "([element, before]) => Number(element.dataset.seq) > before", arg=[mark.element_handle(), before]
        )

    def text(self):
        """All that can be read on the page, without shadow roots of components."""
        return self.page.locator("body").inner_text()

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
        context.tracing.start(snapshots=True, screenshots=True)
        self._open.append(context)
        return Visit(context, room.screen)

    def leave(self, failed):
        """Close all visits; keep what was seen only of a test that failed."""
        for number, context in enumerate(self._open):
            if failed:
                self._traces.mkdir(parents=True, exist_ok=True)
                context.tracing.stop(path=self._traces / f"trace-{number}.zip")
                for page in context.pages:
                    page.screenshot(path=self._traces / f"page-{number}.png")
            context.close()
        self._open.clear()


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


failed = pytest.StashKey[bool]()
"""Set by the hook of a test module's conftest: did the test's own part fail?"""
