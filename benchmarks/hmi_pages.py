"""Pages of a city of 1,000 stations in Chromium: first paint, work of a refresh, and how old a number is.

Chromium draws in software here, as on a machine without a graphics card, and shares two cores with the
controller and the screen.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from benchmarks.chromium import EXECUTABLE, FLAGS
from benchmarks.hmi_city import TELLING, measured_when
from benchmarks.hmi_room import STATIONS, Room, control_room
from benchmarks.hmi_trend import task_s
from benchmarks.report import Figures, Result, median_of
from hmi.session import TOKEN_COOKIE

COLD, WARM = "hmi.overview_1000.first_paint_cold_s", "hmi.overview_1000.first_paint_warm_s"
DRAWN, TABLE = "hmi.drawn_view.task_ms", "hmi.table_1000.task_ms"
AGE = "hmi.age_end_to_end.p95_s"
NAMES = (COLD, WARM, DRAWN, TABLE, AGE)
PAINTS, REFRESHES = 5, 8
TABLE_PERIOD_S = 5.0
"""Of ``hmi.screens.stations``."""
SAMPLES, SAMPLE_EVERY_S = 180, 0.5
WAIT_MS = 60_000
MAP, SCHEMATIC, TREND, STRIP = (
    f"{name}[data-seq]" for name in (".dhc-map", ".dhc-process", ".dhc-trend", ".strip")
)


def pages() -> Figures:
    """Open, watch and read pages."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder)))


async def _measured(folder: Path) -> Figures:
    async with control_room(folder) as room, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=list(FLAGS))
        try:
            teller = await _teller(room)
            figures = Figures(await _paints(browser, room))
            figures.add(await _refreshes(browser, room, teller))
            figures.results.append(await _age(browser, room, teller))
        finally:
            await browser.close()
    return figures


async def _teller(room: Room) -> str:
    """Return the id of the station whose primary supply temperature tells the time."""
    async with httpx.AsyncClient(base_url=room.api, headers=room.headers()) as client:
        snapshot = (await client.get("/api/v1/snapshot")).json()
    return str(next(s["id"] for s in snapshot["stations"] if s["loops"] and f"0/{TELLING}" in s["readings"]))


@asynccontextmanager
async def _window(browser: Browser, room: Room) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport={"width": 1920, "height": 1080})
    context.set_default_timeout(WAIT_MS)
    await context.add_cookies([{"name": TOKEN_COOKIE, "value": room.session, "url": room.screen}])
    try:
        yield context
    finally:
        await context.close()


# ------------------------------------------------------------------------------------------- first paint


async def _paints(browser: Browser, room: Room) -> list[Result]:
    cold, warm = [], []
    for _ in range(PAINTS):
        async with _window(browser, room) as context:
            cold.append(await _paint(context, room))
            warm.append(await _paint(context, room))
    note = (
        f"overview of {STATIONS} stations, 1920 x 1080, from the request until the map with all stations is "
        "drawn; software rendering"
    )
    return [
        median_of(COLD, "s", cold, f"{note}; new profile"),
        median_of(WARM, "s", warm, f"{note}; filled cache"),
    ]


async def _paint(context: BrowserContext, room: Room) -> float:
    page = await context.new_page()
    began = time.perf_counter()
    await page.goto(f"{room.screen}/", wait_until="commit")
    await page.locator(MAP).wait_for(state="attached")
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    took_s = time.perf_counter() - began
    await page.close()
    return took_s


# --------------------------------------------------------------------------------------- a refresh's work


async def _refreshes(browser: Browser, room: Room, teller: str) -> Figures:
    """Measure the whole page and, less what the strip alone takes, what its pictures take."""
    strip = await _pace(browser, room, "settings", STRIP)
    pages = {
        "map": await _pace(browser, room, "", MAP),
        "schematic": await _pace(browser, room, f"station?station={teller}", SCHEMATIC),
        "trend": await _pace(browser, room, f"trends?station={teller}", TREND),
    }
    # not kept above zero: where a picture takes less than the strip's noise, that shall be seen
    drawn = {name: (one.share - strip.share) * one.period_s * 1000.0 for name, one in pages.items()}
    table = await _table_ms(browser, room)
    worst = max(drawn, key=lambda name: drawn[name])
    note = (
        f"processor time of the main thread from one refresh to the next, mean over {REFRESHES}, by "
        f"Chromium's ThreadTime; {STATIONS} stations"
    )
    results = [
        Result(
            name=DRAWN,
            value=drawn[worst],
            unit="ms",
            runs=REFRESHES,
            spread=(min(drawn.values()), max(drawn.values())),
            note=f"{note}; all live regions of the page but the strip; the worst of three pages, that of the "
            f"{worst}; spread: best and worst page",
        ),
        Result(
            name=TABLE,
            value=table,
            unit="ms",
            runs=REFRESHES,
            spread=(table, table),
            note=f"{note}; whole page with its strip",
        ),
    ]
    for name, ms in drawn.items():
        whole = pages[name].share * pages[name].period_s * 1000.0
        results += [
            Result(name=f"hmi.drawn_{name}.task_ms", value=ms, unit="ms", runs=REFRESHES, spread=(ms, ms)),
            Result(
                name=f"hmi.page_{name}.task_ms", value=whole, unit="ms", runs=REFRESHES, spread=(whole, whole)
            ),
        ]
    only = strip.share * strip.period_s * 1000.0
    results.append(
        Result(name="hmi.page_strip.task_ms", value=only, unit="ms", runs=REFRESHES, spread=(only, only))
    )
    return Figures(results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a page takes of the main thread, and how often its picture is refreshed."""

    share: float
    """Processor seconds a second."""
    period_s: float


async def _pace(browser: Browser, room: Room, path: str, mark: str) -> Pace:
    """Watch a page over refreshes of ``mark``."""
    async with _window(browser, room) as context:
        page = await context.new_page()
        await page.goto(f"{room.screen}/{path}")
        await page.locator(mark).first.wait_for(state="attached")
        await _next(page, mark, 3)
        devtools = await context.new_cdp_session(page)
        await devtools.send("Performance.enable")
        before, began = await task_s(devtools), time.perf_counter()
        refreshes = await _next(page, mark, REFRESHES)
        took_s = time.perf_counter() - began
        return Pace(share=(await task_s(devtools) - before) / took_s, period_s=took_s / refreshes)


async def _table_ms(browser: Browser, room: Room) -> float:
    """Return the same for the table, which says nothing of its refreshes: by its period."""
    async with _window(browser, room) as context:
        page = await context.new_page()
        await page.goto(f"{room.screen}/stations")
        await page.locator("[data-testid=stDataFrame]").wait_for()
        await _next(page, STRIP, 3)
        devtools = await context.new_cdp_session(page)
        await devtools.send("Performance.enable")
        before = await task_s(devtools)
        await asyncio.sleep(TABLE_PERIOD_S * REFRESHES)
        return (await task_s(devtools) - before) / REFRESHES * 1000.0


async def _next(page: Page, mark: str, count: int) -> int:
    """Wait for so many changes of ``data-seq``, seen by an observer that costs nothing between them."""
    handle = await page.locator(mark).first.element_handle()
    return int(
        await page.evaluate(
            """([element, count]) => new Promise((done) => {
              let seen = 0;
              const watch = new MutationObserver(() => {
                seen += 1;
                if (seen < count) return;
                watch.disconnect();
                done(seen);
              });
              watch.observe(element, { attributes: true, attributeFilter: ["data-seq"] });
            })""",
            [handle, count],
        )
    )


# ------------------------------------------------------------------------------------------ age of a number


async def _age(browser: Browser, room: Room, teller: str) -> Result:
    """Read the temperature that tells the time off the station's page, again and again."""
    ages = []
    async with _window(browser, room) as context:
        page = await context.new_page()
        await page.goto(f"{room.screen}/station?station={teller}")
        value = page.locator(".dhc-process [data-key='p/T_supply'] .number").first
        await value.wait_for(state="attached")
        for _ in range(SAMPLES):
            text = await value.text_content() or ""
            now = time.time()
            ages.append(now - measured_when(_number(text), now))
            await asyncio.sleep(SAMPLE_EVERY_S)
    p95_s = float(np.quantile(ages, 0.95))
    note = (
        f"read {SAMPLES} times off the page of a station, polled every 10 s, whose value tells the second in "
        "which it was measured; stations in memory, so without a mobile link"
    )
    return Result(name=AGE, value=p95_s, unit="s", runs=SAMPLES, spread=(min(ages), max(ages)), note=note)


def _number(text: str) -> float:
    """Return the first number in a text."""
    kept = "".join(sign if sign.isdigit() or sign == "." else " " for sign in text)
    return float(next(part for part in kept.split() if part.strip(".")))
