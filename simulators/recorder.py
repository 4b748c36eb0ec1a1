"""Keeps what each simulated station was sent, and every break of the safety contract in it.

Modbus is judged from the raw bytes as they arrive at the station, OPC UA from the calls and writes that reach
its server. Reads are counted, writes are judged.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from simulators import limits_table
from simulators.adu import RequestStream, SerialStream, Stream
from simulators.judge import Held, Judge, LoopBounds
from simulators.link_connection import Tap
from simulators.meaning import Forbidden, Meaning
from stations.model.clock import Clock
from stations.model.identity import Point

FRAMES_KEPT = 200
BREAKS_KEPT = 1000
SLACK_S = 5.0
SLACK_WALL_S = 1.0
"""How much closer together two writes may arrive than they were sent, on the scaled and the wall clock."""

_FUNCTIONS = tuple(f"FC{function}" for function in range(256))

Values = Callable[[], Mapping[Point, float | None]]


class Frame(NamedTuple):
    """One request that reached a station."""

    at: float
    """UTC seconds, scaled."""
    what: str
    """``FC16`` ... or the name of the OPC UA service or method."""
    content: str
    """Bytes in hex, or the arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractBreak:
    """A frame that no centre may send."""

    at: float
    station: str
    loop: int
    """0 where it concerns the whole station."""
    what: str
    value: float | None
    """None where it was not a number."""
    limit: str


class StationRecorder:
    """Recorder of one station; the tap of its link and the watch of its OPC UA server."""

    def __init__(
        self,
        *,
        station: str,
        device: str,
        loops: dict[int, LoopBounds],
        values: Values,
        clock: Clock,
        serial: bool = False,
    ) -> None:
        """``serial``: Modbus RTU instead of Modbus TCP."""
        self.station = station
        self.counts: Counter[str] = Counter()
        self._frames: deque[tuple[float, str, str | bytes]] = deque(maxlen=FRAMES_KEPT)
        """What ``frames`` shows; bytes are spelt out when somebody looks."""
        self.breaks: deque[ContractBreak] = deque(maxlen=BREAKS_KEPT)
        self.n_breaks = 0
        self._new_stream: type[RequestStream | SerialStream] = SerialStream if serial else RequestStream
        self.n_writes = 0
        """Requests that were more than reads."""
        self._device = device
        self._table = limits_table.DEVICES[device]
        self._values = values
        self._clock = clock
        slack_s = SLACK_S + SLACK_WALL_S * clock.factor
        self._judge = Judge(self._table, loops, self._held, slack_s, self._primary)

    @property
    def frames(self) -> list[Frame]:
        """The latest requests, oldest first."""
        return [
            Frame(at, what, content.hex() if isinstance(content, bytes) else content)
            for at, what, content in self._frames
        ]

    def new_tap(self) -> Tap:
        """Return a tap for one new Modbus connection."""
        stream: Stream = self._new_stream()

        def tap(data: bytes) -> None:
            was_broken = stream.broken
            for request in stream.feed(data):
                self._note(_FUNCTIONS[request.function], request.raw)
                meaning = self._table.meaning(request)
                if meaning is not None:
                    self._weigh(meaning)
            if stream.broken and not was_broken:
                self._note("garbage", data)
                self._weigh(Forbidden(what="garbage", value=len(data), limit="Modbus"))

        return tap

    def ua_read(self, nodes: int) -> None:
        """Count an OPC UA Read."""
        self._note("Read", f"{nodes} nodes")

    def ua_write(self, node: str, raw: float) -> None:
        """Judge an OPC UA Write."""
        self._note("Write", f"{node} = {raw}")
        self._weigh(limits_table.node_meaning(self._device, node, raw))

    def ua_call(self, method: str, loop: int, arguments: list[float]) -> None:
        """Judge an OPC UA method call."""
        self._note(method, f"loop {loop} {arguments}")
        self._weigh(limits_table.method_meaning(self._device, method, loop, arguments))

    def _note(self, what: str, content: str | bytes) -> None:
        self.counts[what] += 1
        self._frames.append((self._clock.now(), what, content))

    def _weigh(self, meaning: Meaning) -> None:
        now = self._clock.now()
        self.n_writes += 1
        for breach in self._judge.judge(meaning, now):
            self.n_breaks += 1
            value = breach.value if math.isfinite(breach.value) else None
            self.breaks.append(
                ContractBreak(
                    at=now,
                    station=self.station,
                    loop=breach.loop,
                    what=breach.what,
                    value=value,
                    limit=breach.limit,
                )
            )

    def _primary(self) -> tuple[float | None, float | None]:
        values = self._values()
        names = ("m_flow_primary", "m_flow_primary_max_readback")
        drawn, cap = (values.get(Point(0, name)) for name in names)
        return drawn, cap

    def _held(self, loop: int) -> Held:
        values = self._values()
        if self._table.source:
            return held_by_source(values, loop)
        told = values.get(Point(loop, f"{self._table.circulation}_effective"))
        return Held(
            remote=bool(values.get(Point(loop, "remote_level"))),
            T=values.get(Point(loop, "T_supply_secondary_set_effective")),
            flow=None if told is None else self._table.flow_of(told),
            dT=values.get(Point(loop, "dT_supply_secondary_offset_readback")),
            T_outdoor=values.get(Point(0, "T_outdoor_centre_effective")),
        )


def held_by_source(values: Mapping[Point, float | None], loop: int) -> Held:
    """Return what a heat source was doing, by what it shows."""
    dp = values.get(Point(loop, "dp_source_set_effective"))
    return Held(
        remote=bool(values.get(Point(loop, "remote_level"))),
        T=values.get(Point(loop, "T_supply_source_set_effective")),
        flow=None if dp is None else limits_table.flow_of_head(dp),
        dT=None,
        T_outdoor=values.get(Point(0, "T_outdoor")),
    )


def summary(recorders: Mapping[str, StationRecorder]) -> dict[str, Any]:
    """Return what all stations received: frames by kind, ``frames_out_of_contract`` and the last breaks."""
    counts: Counter[str] = Counter()
    for recorder in recorders.values():
        counts += recorder.counts
    breaks = sorted((b for recorder in recorders.values() for b in recorder.breaks), key=lambda b: b.at)
    return {
        "frames": counts.total(),
        "frames_by_kind": dict(counts),
        "frames_out_of_contract": sum(recorder.n_breaks for recorder in recorders.values()),
        "breaks": [asdict(b) for b in breaks[-BREAKS_KEPT:]],
        "frames_by_station": {name: dict(recorder.counts) for name, recorder in recorders.items()},
    }
