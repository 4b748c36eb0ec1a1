"""[field] 1,000 simulated stations on real sockets behind a mobile link: service, writes, ages."""

import asyncio
import logging
import tempfile
import time
from pathlib import Path

import structlog
import uvloop

from benchmarks.ages import ages
from benchmarks.city_fleet import city_fleet
from benchmarks.city_writes import NotAcknowledged, Writes
from benchmarks.fleet import NotOnline
from benchmarks.isolated import allow_open_files
from benchmarks.report import Figures, Result
from benchmarks.service_load import service_load
from benchmarks.simulated_city import City, simulated_city
from controller.config.loader import load_site
from simulators.control import ask

WRITE, AGE = "field.write.p99_ms", "field.data_age.p95_s"
NAMES = (WRITE, AGE)
STATIONS = 1_000
OPEN_FILES = 8 * STATIONS
ONLINE_S = 90.0
SETTLE_S = 15.0
WRITES_PER_S, WRITING_S = 1000 / 60, 60.0
"""As many writes as a control cycle that moves every station."""
SAMPLES, SAMPLE_EVERY_S = 20, 2.5


def city() -> Figures:
    """Measure on one city: the service first, then writes over a good link, then ages at a cell's edge."""
    if not allow_open_files(OPEN_FILES):
        why = f"the system allows fewer than {OPEN_FILES} open files (ulimit -n)"
        return Figures(missing=dict.fromkeys(NAMES, why))
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        return uvloop.run(_city(Path(folder)))


async def _city(folder: Path) -> Figures:
    figures = Figures()
    began = time.monotonic()
    async with simulated_city(folder / "site", STATIONS, "good") as stations:
        start_s = time.monotonic() - began
        figures.results.append(
            Result(
                name="field.city_1000.start_s",
                value=start_s,
                unit="s",
                runs=1,
                spread=(start_s, start_s),
                note="until the simulators of the other figures accept: 60 % Modbus, 40 % OPC UA",
            )
        )
        figures.add(await service_load(stations, folder / "data", STATIONS))
        for name, measure in ((WRITE, _writes), (AGE, _ages)):
            try:
                figures.results.append(await measure(stations, folder))
            except (NotOnline, NotAcknowledged) as why:
                figures.missing[name] = f"not with {STATIONS} stations on this machine now: {why}"
    return figures


async def _writes(stations: City, folder: Path) -> Result:
    writes = Writes()
    fleet = city_fleet(load_site(stations.folder, data=folder / "data"), record=writes.record)
    async with fleet.polled(ONLINE_S):
        await asyncio.sleep(SETTLE_S)
        await writes.send(fleet, round(WRITES_PER_S * WRITING_S), WRITES_PER_S)
    return writes.result(WRITE, f"{STATIONS} simulated stations polled every 10 s, link profile good")


async def _ages(stations: City, folder: Path) -> Result:
    await ask(stations.control_port, "link", profile="cell_edge")
    fleet = city_fleet(load_site(stations.folder, data=folder / "data"), record=lambda *_: None)
    async with fleet.polled(ONLINE_S):
        await asyncio.sleep(SETTLE_S)
        note = f"{STATIONS} simulated stations polled every 10 s, link profile cell_edge"
        return await ages(fleet, AGE, note, SAMPLES, SAMPLE_EVERY_S)
