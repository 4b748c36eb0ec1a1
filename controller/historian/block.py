"""One slot as bytes: compact, self-contained and checked, so that a flipped bit is found and never believed.

Layout of a block (little-endian):

    prefix   magic, number of chunks, length of the layout, start of the slot, CRC-32 of all up to the chunks
    table    for each chunk its length and its CRC-32
    layout   zlib of JSON: which stations and points stand where, and how each column is stored
    chunks   zlib each; up to 64 answers of stations with the same points, column after column

Chunks exist so that the trend of one station unpacks one chunk of a slot and not the whole city. The layout
is the same bytes from slot to slot while the same stations answer, so a reader parses it once.

Values come back bit for bit: a column is stored as the integers or singles that the wire carried where a
unit and a scale reproduce every value exactly, else as doubles.
"""

import json
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from stations.model.reading import Reading

MAGIC = b"DHJ1"
PREFIX = struct.Struct("<4sIIdI")
CHUNK_ENTRY = struct.Struct("<II")
CHUNK_ROWS = 64
"""Answers in a chunk: more compress better, fewer make the trend of one station quicker."""

KINDS = "hifd"
"""Storage of a column as in ``struct``: int16, int32, float32, float64. Chunks hold columns in this order."""
KIND_SIZE = {"h": 2, "i": 4, "f": 4, "d": 8}

# How the times of a chunk are stored, two bits each for received_at (low) and measured_at (high).
TIME_PER_ANSWER, TIME_MICROSECONDS, TIME_DOUBLE, TIME_AS_RECEIVED = 0, 1, 2, 3
HAS_CODES = 0x10
BAD_CODE = 0x80
"""A code is the index of the reason in the layout, plus this bit where the quality is BAD."""


class BlockDamaged(Exception):
    """Bytes of a slot that are not what was written; ``why`` says which check failed."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Column(NamedTuple):
    """How one point is stored: value = stored * scale / divisor * factor, in this order of operations."""

    point: Point
    kind: str
    scale: float
    divisor: float
    factor: float


class Table:
    """Answers with the same points: their stations (row by row) and their columns."""

    __slots__ = ("columns", "first_chunk", "index", "of_kind", "ranks", "stations")

    def __init__(self, stations: list[str], columns: list[Column], first_chunk: int) -> None:
        self.stations = stations
        self.columns = columns
        self.first_chunk = first_chunk
        self.index = {column.point: number for number, column in enumerate(columns)}
        # Columns lie in a chunk ordered by kind; the rank of a column is its place among its kind.
        self.ranks: list[int] = []
        self.of_kind = dict.fromkeys(KINDS, 0)
        for column in columns:
            self.ranks.append(self.of_kind[column.kind])
            self.of_kind[column.kind] += 1

    @property
    def chunks(self) -> int:
        """Number of chunks that hold the answers."""
        return -(-len(self.stations) // CHUNK_ROWS)

    def rows_of(self, chunk: int) -> int:
        """Number of answers in the ``chunk``-th chunk of this table."""
        return min(CHUNK_ROWS, len(self.stations) - chunk * CHUNK_ROWS)


class Layout:
    """Where everything stands in a block; shared by all blocks with the same layout bytes."""

    __slots__ = ("places", "reasons", "tables")

    def __init__(self, tables: list[Table], reasons: list[Reason]) -> None:
        self.tables = tables
        self.reasons = reasons
        self.places: dict[str, list[tuple[Table, int]]] = {}
        for table in tables:
            for row, station in enumerate(table.stations):
                self.places.setdefault(station, []).append((table, row))


def pack_layout(tables: list[tuple[list[str], list[Column]]]) -> bytes:
    """Return the layout bytes for tables of (stations, columns)."""
    content = {
        "reasons": [reason.value for reason in Reason],
        "tables": [[stations, [[*c.point, *c[1:]] for c in columns]] for stations, columns in tables],
    }
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 6)


@lru_cache(maxsize=128)
def parse_layout(packed: bytes) -> Layout:
    """Return the layout of its checked bytes; raises BlockDamaged for what is not a layout."""
    try:
        content = json.loads(zlib.decompress(packed))
        reasons = [Reason(name) for name in content["reasons"]]
        tables: list[Table] = []
        first_chunk = 0
        for stations, columns in content["tables"]:
            named = [Column(Point(loop, name), *rest) for loop, name, *rest in columns]
            tables.append(Table(stations, named, first_chunk))
            first_chunk += tables[-1].chunks
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise BlockDamaged(f"layout can not be read: {error}") from error
    return Layout(tables, reasons)


def pack_block(start: float, layout: bytes, chunks: list[bytes]) -> bytes:
    """Join layout and chunks to a block with all its checksums."""
    table = b"".join(CHUNK_ENTRY.pack(len(chunk), zlib.crc32(chunk)) for chunk in chunks)
    unchecked = PREFIX.pack(MAGIC, len(chunks), len(layout), start, 0)
    prefix = PREFIX.pack(MAGIC, len(chunks), len(layout), start, zlib.crc32(unchecked + table + layout))
    return b"".join((prefix, table, layout, *chunks))


class Block:
    """A block as a reader sees it: the head is checked at once, each chunk when it is unpacked."""

    __slots__ = ("_bytes", "_entries", "_offsets", "_unpacked", "layout", "start")

    def __init__(self, content: bytes) -> None:
        """Check the head of ``content``; raises BlockDamaged."""
        if len(content) < PREFIX.size:
            raise BlockDamaged(f"{len(content)} bytes are too few")
        magic, n_chunks, layout_length, self.start, crc = PREFIX.unpack_from(content)
        table_end = PREFIX.size + n_chunks * CHUNK_ENTRY.size
        head_end = table_end + layout_length
        if magic != MAGIC or head_end > len(content):
            raise BlockDamaged("the head is not that of a block")
        unchecked = PREFIX.pack(MAGIC, n_chunks, layout_length, self.start, 0)
        if zlib.crc32(content[PREFIX.size : head_end], zlib.crc32(unchecked)) != crc:
            raise BlockDamaged("checksum of the head does not match")
        self._bytes = content
        self._unpacked: dict[int, Chunk] = {}
        self._entries = list(CHUNK_ENTRY.iter_unpack(content[PREFIX.size : table_end]))
        self._offsets = [head_end]
        for length, _ in self._entries:
            self._offsets.append(self._offsets[-1] + length)
        if self._offsets[-1] != len(content):
            raise BlockDamaged(f"{len(content)} bytes instead of {self._offsets[-1]}")
        self.layout = parse_layout(content[table_end:head_end])

    def _chunk(self, table: Table, row: int) -> "Chunk":
        """Return the chunk that holds ``row`` of ``table``; raises BlockDamaged."""
        within = row // CHUNK_ROWS
        number = table.first_chunk + within
        known = self._unpacked.get(number)
        if known is not None:
            return known
        packed = self._bytes[self._offsets[number] : self._offsets[number + 1]]
        if zlib.crc32(packed) != self._entries[number][1]:
            raise BlockDamaged(f"checksum of chunk {number} does not match")
        chunk = Chunk(self, table, table.rows_of(within), zlib.decompress(packed))
        self._unpacked[number] = chunk
        return chunk

    def readings(self, station: str, point: Point) -> list[Reading]:
        """Return the readings of one point in order of arrival; raises BlockDamaged."""
        found = []
        for table, row in self.layout.places.get(station, ()):
            column = table.index.get(point)
            if column is not None:
                found.append(self._chunk(table, row).reading(row % CHUNK_ROWS, column))
        return found

    def answer(self, table: Table, row: int) -> dict[Point, Reading]:
        """Return all readings of one answer; raises BlockDamaged."""
        chunk = self._chunk(table, row)
        within = row % CHUNK_ROWS
        return {column.point: chunk.reading(within, number) for number, column in enumerate(table.columns)}

    def answers(self) -> Iterator[tuple[str, dict[Point, Reading]]]:
        """Yield every answer of the slot as (station, readings by point); raises BlockDamaged."""
        for table in self.layout.tables:
            for row, station in enumerate(table.stations):
                yield station, self.answer(table, row)


class Chunk:
    """Up to 64 unpacked answers; single readings are picked out by position."""

    __slots__ = ("_bases", "_block", "_content", "_flags", "_measured", "_received", "_rows", "_table")

    def __init__(self, block: Block, table: Table, rows: int, content: bytes) -> None:
        self._block, self._table, self._rows, self._content = block, table, rows, content
        self._flags = content[0]
        cells = rows * len(table.columns)
        self._received = 1 + (cells if self._flags & HAS_CODES else 0)
        self._measured = self._received + self._time_size(self._flags & 3, cells)
        end = self._measured + self._time_size(self._flags >> 2 & 3, cells)
        self._bases = {}
        for kind, count in table.of_kind.items():
            self._bases[kind] = end
            end += count * rows * KIND_SIZE[kind]
        if end != len(content):
            raise BlockDamaged(f"chunk has {len(content)} bytes instead of {end}")

    def _time_size(self, mode: int, cells: int) -> int:
        return {
            TIME_PER_ANSWER: 8 * self._rows,
            TIME_MICROSECONDS: 4 * cells,
            TIME_DOUBLE: 8 * cells,
            TIME_AS_RECEIVED: 0,
        }[mode]

    def _time(self, base: int, mode: int, row: int, cell: int) -> float:
        if mode == TIME_MICROSECONDS:
            (offset,) = struct.unpack_from("<i", self._content, base + 4 * cell)
            return float((round(self._block.start * 1e6) + offset) / 1e6)
        (time,) = struct.unpack_from(
            "<d", self._content, base + 8 * (row if mode == TIME_PER_ANSWER else cell)
        )
        return float(time)

    def reading(self, row: int, number: int) -> Reading:
        """Return the reading of the ``number``-th column in ``row``, exactly as it was stored."""
        table, content = self._table, self._content
        cell = row * len(table.columns) + number
        received_at = self._time(self._received, self._flags & 3, row, cell)
        mode = self._flags >> 2 & 3
        measured_at = received_at
        if mode != TIME_AS_RECEIVED:
            measured_at = self._time(self._measured, mode, row, cell)
        code = content[1 + cell] if self._flags & HAS_CODES else 0
        quality = Quality.BAD if code & BAD_CODE else Quality.UNCERTAIN if code else Quality.GOOD
        value = None
        if quality is not Quality.BAD:
            column = table.columns[number]
            place = table.ranks[number] * self._rows + row
            (stored,) = struct.unpack_from(
                "<" + column.kind, content, self._bases[column.kind] + place * KIND_SIZE[column.kind]
            )
            value = stored * column.scale / column.divisor * column.factor
        return Reading(
            value=value,
            quality=quality,
            reason=self._block.layout.reasons[code & ~BAD_CODE],
            measured_at=measured_at,
            received_at=received_at,
        )
