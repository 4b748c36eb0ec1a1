"""[simulator] 1,000 stations on real sockets: 500 on OPC UA and 500 on Modbus, in one process on one core.

Start is the CPU time of the process until every station accepts, which is wall time on a core of its own;
keys of the secured stations are there already, as in every start but a site's first. Memory is the resident
set then.
"""

import asyncio
import csv
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.report import Figures, median_of
from benchmarks.simulated_city import READY_S, child, cpu_s, first_line, free_ports, rss_bytes
from simulators.certificates import ensure_certificates
from simulators.city import write_city
from simulators.sitefile import load_site
from stations.profile import builtin_profile

RSS, START = SERVERS_NAMES = ("simulator.servers_1000.rss_MB", "simulator.servers_1000.start_s")
EACH = 500
CITY = 1350
"""Stations of a generated city that has so many of each protocol."""
RUNS = 3


def servers() -> Figures:
    """Start the same 1,000 stations several times."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "city"
        write_city(folder, stations=CITY, seed=1, base_port=free_ports(CITY + 1))
        secured = keep(folder, EACH)
        ensure_certificates(load_site(folder))
        started = [asyncio.run(_start(folder)) for _ in range(RUNS)]
    note = f"{EACH} OPC UA ({secured} of them secured) + {EACH} Modbus stations and the source, one process"
    return Figures(
        results=[
            median_of(RSS, "MB", [rss for rss, _ in started], f"resident when all accept; {note}"),
            median_of(START, "s", [start for _, start in started], f"CPU until all accept; {note}"),
        ]
    )


def keep(folder: Path, each: int) -> int:
    """Leave so many stations of each protocol in a site's list; return how many of them are secured."""
    path = folder / "stations.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    kept: dict[str, bool] = {}
    count: Counter[str] = Counter()
    secured = 0
    for row in rows:
        name = row["station"]
        if name not in kept:
            protocol = builtin_profile(row["profile"]).protocol
            kept[name] = row["kind"] == "source" or count[protocol] < each
            count[protocol] += kept[name] and row["kind"] != "source"
            secured += kept[name] and row["security"] == "sign_and_encrypt"
    assert set(count.values()) == {each}, count
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row for row in rows if kept[row["station"]])
    return secured


async def _start(folder: Path) -> tuple[float, float]:
    """Start the servers and return (MB resident, CPU seconds) when all accept."""
    async with child("simulators", "serve", str(folder), "--die-with-parent") as process:
        await first_line(process, 4 * READY_S)
        return rss_bytes(process.pid) / 1e6, cpu_s(process.pid)
