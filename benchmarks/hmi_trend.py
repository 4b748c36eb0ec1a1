"""One live trend in Chromium, ours and plotly's, one after the other on the same machine.

plotly is no part of the product; it is installed beside the build for this measurement only.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from playwright.async_api import CDPSession, async_playwright

from benchmarks.chromium import EXECUTABLE, FLAGS
from benchmarks.peers import INSTALLED, SOURCES, PeerUnavailable
from benchmarks.report import ROOT, Figures, Result
from benchmarks.simulated_city import free_ports

RATIO = "hmi.trend.ratio_plotly"
NAMES = (RATIO,)
LIBRARY = INSTALLED / "plotly"
PERIOD_S, SETTLE_S, WATCHED_S = 2.0, 10.0, 30.0
"""The first is that of ``peers/trend_page.py``."""
INSTALL_S, START_S = 180.0, 60.0
MARK = {"ours": ".dhc-trend[data-seq]", "plotly": ".js-plotly-plot .scatterlayer path"}


def trend() -> Figures:
    """Measure both sides."""
    try:
        _install()
        return asyncio.run(_measured())
    except PeerUnavailable as reason:
        return Figures(missing={RATIO: str(reason)})


def _install() -> None:
    pins, stamp = SOURCES / "plotly.txt", LIBRARY / "installed.txt"
    if stamp.is_file() and stamp.read_bytes() == pins.read_bytes():
        return
    shutil.rmtree(LIBRARY, ignore_errors=True)
    options = ("--quiet", "--no-input", "--no-deps", "--require-hashes", "--target", str(LIBRARY))
    ran = subprocess.run(
        (sys.executable, "-m", "pip", "install", *options, "-r", str(pins)),
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_S,
    )
    if ran.returncode != 0:
        raise PeerUnavailable(f"pip install failed: {(ran.stderr or ran.stdout).strip()[-300:]}")
    shutil.copyfile(pins, stamp)


async def _measured() -> Figures:
    ms = {side: await _refresh_ms(side) for side in ("ours", "plotly")}
    ratio = ms["ours"] / ms["plotly"]
    note = (
        "processor time of the main thread for one refresh, Chromium's ThreadTime: the same four lines of "
        f"8,640 samples, both by a fragment of Streamlit's; ours {ms['ours']:.0f} ms, "
        f"plotly {ms['plotly']:.0f} ms"
    )
    runs, spread = round(WATCHED_S / PERIOD_S), (ratio, ratio)
    return Figures([Result(name=RATIO, value=ratio, unit="ratio", runs=runs, spread=spread, note=note)])


async def _refresh_ms(side: str) -> float:
    async with _page(side) as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=list(FLAGS))
        try:
            page = await browser.new_page(viewport={"width": 1920, "height": 1080})
            await page.goto(address)
            await page.locator(MARK[side]).first.wait_for(state="attached", timeout=START_S * 1000.0)
            await asyncio.sleep(SETTLE_S)
            devtools = await page.context.new_cdp_session(page)
            await devtools.send("Performance.enable")
            before = await task_s(devtools)
            await asyncio.sleep(WATCHED_S)
            return (await task_s(devtools) - before) * 1000.0 * PERIOD_S / WATCHED_S
        finally:
            await browser.close()


async def task_s(devtools: CDPSession) -> float:
    """Return the processor seconds that the main thread of a page has taken."""
    metrics = (await devtools.send("Performance.getMetrics"))["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "ThreadTime"))


@asynccontextmanager
async def _page(side: str) -> AsyncIterator[str]:
    """Serve the page for the length of a block."""
    port = free_ports(1)
    options = ("--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true")
    quiet = ("--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none")
    path = os.pathsep.join((str(ROOT), str(LIBRARY)))
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "streamlit", "run", str(SOURCES / "trend_page.py"), *options, *quiet),
        env={**os.environ, "PYTHONPATH": path, "TREND_SIDE": side},
        cwd=Path(ROOT),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        await _answers(address)
        yield address
    finally:
        server.terminate()
        await server.wait()


async def _answers(address: str) -> None:
    async with asyncio.timeout(START_S), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                if (await client.get(f"{address}/_stcore/health")).is_success:
                    return
            except httpx.TransportError:
                pass  # it is still starting
            await asyncio.sleep(0.2)
