"""``dhc demo``: a simulated city and its controller, each in processes of their own, watched from here.

The demo looks at the controller only through its HTTP API and at the simulators only through their control
channel: what it shows is what any client can see.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from controller.children import Child, ChildDied, first_line, start_child
from controller.demo_hmi import NO_FONT, DemoHmi, kept, make_accounts, no_chinese_font
from controller.demo_ports import NoPorts, reserved_ports
from controller.demo_report import DemoReport, Observer
from controller.demo_table import DemoScreen
from stations.model.clock import ScaledClock

START_UTC = datetime(2026, 1, 14, 16, 0, tzinfo=UTC).timestamp()
"""15 January, midnight in Shanxi: the coldest weeks of the generated weather year."""
READY_LIMIT_S = 180.0
"""Wall seconds within which all stations must have answered."""
FORECAST = "weather/forecast.csv"
WEATHER = f"""
# The weather as a forecast tells it; the simulators write it. Read so often, as a demo's days are short.

[weather]
sources = ["file"]
file = "{FORECAST}"
refresh_s = 300.0
"""
AGAIN_S = 15.0
"""Wall seconds for which a demo stays without a controller that ended: long enough to watch what happens."""


class DemoFailed(Exception):
    """The demo could not run or did not reach its goal; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the command line asked for."""

    stations: int
    speed: float
    strategy: str
    """Of all districts."""
    duration_s: float | None
    """Wall seconds from "all stations ready"; None runs until Ctrl-C."""
    seed: int
    folder: Path
    """A new sub-folder of it takes this run's site, data and logs."""
    link: str
    json_only: bool
    api_port: int
    hmi: bool
    """Serve the operators' screen too."""
    hmi_port: int | None
    """None: the usual one where it is free."""
    plant: str = "simple"
    """``physical``: a generated city with network, sources and houses stands behind the stations."""


@dataclass(slots=True, kw_only=True)
class City:
    """The running processes of a demo and how to talk to them."""

    simulators: Child
    controller: Child
    start_controller: Callable[[], Awaitable[Child]]
    """Starts it anew on the same data and port."""
    control_port: int
    api: httpx.AsyncClient
    api_url: str
    token_file: str
    clock: ScaledClock
    folder: Path
    hmi: DemoHmi | None


async def run_demo(options: DemoOptions, stop: asyncio.Event) -> DemoReport:
    """Run the demo until its duration is over or ``stop`` is set; raises DemoFailed or ChildDied."""
    try:
        with reserved_ports(2 * options.stations + 10) as base_port:
            return await _run(options, stop, base_port)
    except NoPorts as error:
        raise DemoFailed(str(error)) from None


async def _run(options: DemoOptions, stop: asyncio.Event, base_port: int) -> DemoReport:
    screen = DemoScreen(quiet=options.json_only)
    async with _running_city(options, screen, base_port) as city:
        observer = Observer(city.api, city.control_port, city.clock)
        async with kept(city.hmi, screen.note) as login, asyncio.TaskGroup() as tasks:
            watchers = [
                tasks.create_task(city.simulators.watch()),
                tasks.create_task(_keep_controller(city, options, screen)),
            ]
            await _wait_until_ready(observer, screen, stop)
            screen.running(city.api_url, city.token_file, city.folder, city.control_port, login)
            if login is not None and await asyncio.to_thread(no_chinese_font):
                screen.note(NO_FONT)
            await _watch(options, observer, screen, stop)
            report = await _finished(observer)
            exit_code = await city.controller.stop()
            if exit_code != 0:
                raise ChildDied(city.controller.name, exit_code, city.controller.last_words())
            report = await observer.after_stop(report)
            for watcher in watchers:
                watcher.cancel()
    return report


async def _watch(options: DemoOptions, observer: Observer, screen: DemoScreen, stop: asyncio.Event) -> None:
    """Show the city once a wall second until the time is over."""
    end = None if options.duration_s is None else time.monotonic() + options.duration_s
    answered = True
    while not stop.is_set() and (end is None or time.monotonic() < end):
        try:
            await (observer.sample() if answered else observer.begin())
            answered = True
            screen.show(observer)
        except httpx.HTTPError as error:
            if end is not None:
                raise DemoFailed(f"the controller's API does not answer: {error!r}") from error
            if answered:
                screen.note("the controller's API does not answer")
            answered = False
        wait_s = 1.0 if end is None else min(1.0, max(0.0, end - time.monotonic()))
        try:
            async with asyncio.timeout(wait_s):
                await stop.wait()
        except TimeoutError:
            continue


async def _finished(observer: Observer) -> DemoReport:
    try:
        return await observer.finish()
    except httpx.HTTPError as error:
        raise DemoFailed(f"stopped while the controller's API did not answer: {error!r}") from error


async def _keep_controller(city: City, options: DemoOptions, screen: DemoScreen) -> None:
    """Start a controller that ended anew, as a service manager does; a run with a duration fails instead."""
    while True:
        code = await city.controller.process.wait()
        if city.controller.stopping:
            return
        if options.duration_s is not None:
            raise ChildDied(city.controller.name, code, city.controller.last_words())
        screen.note(
            f"the controller ended with exit code {code}: stations go to their own curves; "
            f"it is started again in {AGAIN_S:.0f} s"
        )
        await asyncio.sleep(AGAIN_S)
        city.controller = await city.start_controller()


async def _wait_until_ready(observer: Observer, screen: DemoScreen, stop: asyncio.Event) -> None:
    deadline = time.monotonic() + READY_LIMIT_S
    while not await _begun(observer):
        if stop.is_set():
            raise DemoFailed("stopped before all stations were ready")
        if time.monotonic() > deadline:
            raise DemoFailed(f"not all stations answered within {READY_LIMIT_S:.0f} s: {observer.silent()}")
        screen.progress(observer.progress())
        await asyncio.sleep(0.5)


async def _begun(observer: Observer) -> bool:
    """Begin to observe once every station was polled; a controller that died meanwhile is waited for."""
    try:
        if not await observer.all_polled():
            return False
        await observer.begin()
    except httpx.TransportError:
        return False
    return True


@asynccontextmanager
async def _running_city(options: DemoOptions, screen: DemoScreen, base_port: int) -> AsyncIterator[City]:
    folder = options.folder / datetime.now(UTC).strftime("run-%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    site, logs = folder / "site", folder / "logs"
    screen.progress(f"writing a city of {options.stations} stations")
    await _write_city(options, site, base_port)
    clock = ScaledClock(start_utc=START_UTC, anchor=time.monotonic(), factor=options.speed)
    children: list[Child] = []
    try:
        screen.progress("starting simulated stations")
        simulators = await start_child(
            "simulators",
            [
                *("simulators", "serve", str(site), "--clock", clock.to_text()),
                *("--link", options.link, "--forecast", str(site / FORECAST), "--die-with-parent"),
            ],
            logs / "simulators.log",
        )
        children.append(simulators)
        control_port = int(json.loads(await first_line(simulators, READY_LIMIT_S))["control_port"])
        password = await asyncio.to_thread(make_accounts, folder / "data") if options.hmi else ""
        screen.progress("starting the controller")
        controller, hello = await _start_controller(options, folder, clock, options.api_port)
        children.append(controller)

        async def again() -> Child:
            child, _ = await _start_controller(options, folder, clock, int(hello["api"].rpartition(":")[2]))
            children[-1] = child
            return child

        token = await asyncio.to_thread(Path(hello["token_file"]).read_text, encoding="ascii")
        async with httpx.AsyncClient(
            base_url=hello["api"], headers={"Authorization": f"Bearer {token.strip()}"}, timeout=10.0
        ) as api:
            yield City(
                simulators=simulators,
                controller=controller,
                start_controller=again,
                control_port=control_port,
                api=api,
                api_url=hello["api"],
                token_file=hello["token_file"],
                clock=clock,
                folder=folder,
                hmi=DemoHmi(hello["api"], hello["token_file"], password, options.hmi_port, folder)
                if options.hmi
                else None,
            )
    finally:
        screen.close()
        for child in reversed(children):
            await child.stop()


async def _start_controller(
    options: DemoOptions, folder: Path, clock: ScaledClock, api_port: int
) -> tuple[Child, dict[str, str]]:
    """Start the controller and return it with its first words: where its API and token are."""
    child = await start_child(
        "controller",
        [
            *("controller.cli", "run", str(folder / "site"), "--clock", clock.to_text()),
            *("--data", str(folder / "data"), "--api-port", str(api_port), "--die-with-parent"),
        ],
        folder / "logs" / "controller.log",
    )
    try:
        hello: dict[str, str] = json.loads(await first_line(child, READY_LIMIT_S))
    except BaseException:  # whatever ends the demo here, Ctrl-C too, must not leave a child behind
        await child.stop()
        raise
    return child, hello


async def _write_city(options: DemoOptions, site: Path, base_port: int) -> None:
    """Let the simulators write the site folder of a synthetic city on ports from ``base_port`` on."""
    writer = ["city", "new", "--quiet"] if options.plant == "physical" else ["demo-city"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", *writer, str(site),
        "--stations", str(options.stations), "--seed", str(options.seed), "--base-port", str(base_port),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    if process.returncode != 0:
        raise DemoFailed(f"the city could not be written:\n{errors.decode(errors='replace')}")
    file = site / "site.toml"
    chosen = file.read_text("utf-8").replace('strategy = "curve"', f'strategy = "{options.strategy}"')
    file.write_text(chosen + WEATHER, "utf-8")
