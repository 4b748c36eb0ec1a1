"""``dhc demo``: a simulated city and its controller, in the terminal."""

import argparse
import asyncio
import json
import signal

from controller.children import ChildDied
from controller.commands.exit_codes import FAILED, OK, WRONG_USE, fail
from controller.demo import DemoFailed, DemoOptions, run_demo
from controller.demo_report import DemoReport
from controller.demo_table import DemoScreen

SPEED_MAX_POOR_LINK = 10.0
"""Deadlines are wall time: above this factor only the good link answers within a poll period."""


def execute(options: argparse.Namespace) -> int:
    """Run the demo; with a duration, 0 only if every goal was met."""
    if options.link != "good" and options.speed > SPEED_MAX_POOR_LINK:
        text = f"--speed {options.speed:g} needs --link good; over others at most {SPEED_MAX_POOR_LINK:g}"
        return fail(WRONG_USE, text)
    wanted = DemoOptions(
        stations=options.stations,
        speed=options.speed,
        strategy=options.strategy,
        duration_s=options.duration,
        seed=options.seed,
        folder=options.data,
        link=options.link,
        json_only=options.json,
        api_port=options.api_port,
        hmi=not options.no_hmi,
        hmi_port=options.hmi_port,
        plant=options.plant,
    )
    failures: list[str] = []
    report: DemoReport | None = None
    try:
        report = asyncio.run(_until_told(wanted))
    except* (DemoFailed, ChildDied) as group:
        failures = [str(error) for error in group.exceptions]
    if report is None:
        return fail(FAILED, "\n".join(failures))
    if options.json:
        print(json.dumps(report.as_dict()))
    else:
        DemoScreen(quiet=False).report(report)
    faults = report.faults() if options.duration is not None else []
    return fail(FAILED, "\n".join(faults)) if faults else OK


async def _until_told(options: DemoOptions) -> DemoReport:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return await run_demo(options, stop)
