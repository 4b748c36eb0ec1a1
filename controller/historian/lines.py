"""Slots of the journal as InfluxDB line protocol. Pure; docs/reference/influxdb.md describes the schema.

    dhc_station,district=north,site=demo,station=S017 T_outdoor=-4.1,T_outdoor_quality=2i 1768435201500
    dhc_loop,district=north,loop=1,site=demo,station=S017 T_supply_secondary_quality=0i,\
T_supply_secondary_reason="sentinel" 1768435201500

Everything that a station measured at one moment on one loop is one line, so points of a loop can be reckoned
with each other in a query. A line is idempotent: written again it replaces itself.
"""

from collections.abc import Mapping
from typing import NamedTuple

from controller.historian.block import Block, BlockDamaged
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import Reading

STATION, LOOP = "dhc_station", "dhc_loop"
"""Measurements: of the primary side and the station as a whole (loop 0), and of its secondary loops."""
_SUFFIXES = ("_quality", "_reason")
_QUOTED = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ ", "\n": "\\ ", "\r": "\\ "})


class Encoded(NamedTuple):
    """A slot as lines."""

    lines: list[str]
    damaged: int
    """Answers whose bytes can not be read any more: they are in no line."""


class LineEncoder:
    """Turns slots into lines. Owner: the forwarder's thread; remembers how each line begins."""

    def __init__(self, site: str, district_of: Mapping[str, str]) -> None:
        """``district_of``: district by station; a station that left the list is sent without one."""
        self._site = _tag(site)
        self._district_of = district_of
        self._heads: dict[tuple[str, int], str] = {}

    def encode(self, block: Block) -> Encoded:
        """Return every readable answer of a slot as lines, in their order of arrival by station."""
        lines: list[str] = []
        damaged = 0
        for table in block.layout.tables:
            for row, station in enumerate(table.stations):
                try:
                    answer = block.answer(table, row)
                except BlockDamaged:
                    damaged += 1
                    continue
                lines += self._lines(station, answer)
        return Encoded(lines, damaged)

    def _lines(self, station: str, answer: Mapping[Point, Reading]) -> list[str]:
        fields: dict[tuple[int, float], list[str]] = {}
        for (loop, name), reading in answer.items():
            fields.setdefault((loop, reading.measured_at), []).append(_field(name, reading))
        return [
            f"{self._head(station, loop)} {','.join(found)} {round(measured_at * 1e3)}"
            for (loop, measured_at), found in fields.items()
        ]

    def _head(self, station: str, loop: int) -> str:
        head = self._heads.get((station, loop))
        if head is None:
            # Tags in the order of their names: servers sort them otherwise, line by line.
            district = self._district_of.get(station)
            tags = "" if district is None else f",district={_tag(district)}"
            tags += f",loop={loop}" if loop else ""
            head = f"{LOOP if loop else STATION}{tags},site={self._site},station={_tag(station)}"
            self._heads[station, loop] = head
        return head


def split_points(line: str) -> list[str]:
    """Return a line of several points as one line for each point, so that one bad point costs no other."""
    head, fields, time = line.rsplit(" ", 2)
    points: dict[str, list[str]] = {}
    for field in fields.split(","):
        name = field.partition("=")[0]
        for suffix in _SUFFIXES:
            name = name.removesuffix(suffix)
        points.setdefault(name, []).append(field)
    return [f"{head} {','.join(found)} {time}" for found in points.values()]


def _field(name: str, reading: Reading) -> str:
    # A bad reading is told as such, without a value: a gap must mean that there was no poll.
    told = f"{name}_quality={reading.quality.value}i"
    if reading.reason is not Reason.OK:
        told += f',{name}_reason="{reading.reason.value}"'
    return told if reading.value is None else f"{name}={reading.value!r},{told}"


def _tag(text: str) -> str:
    return text.translate(_QUOTED)
