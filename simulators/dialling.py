"""Stations that dial out: where they call, and what they send that is no Modbus.

A DTU (data transfer unit) stands before the serial port of a station behind a carrier's address translation,
where nobody can call it. It opens a connection to the centre, says who it is (registration packet), sends
some bytes when it has been idle (heartbeat) and passes on what comes, Modbus RTU both ways.

    [[dial]]                          # in simulation.toml; any number of groups
    to = "127.0.0.1:15020"
    stations = ["S003", "S007"]       # default "all": every Modbus station
    registration = "{station}"        # text, {station} is the id; "hex:..." are bytes; "" sends none
    registration_before = "connection"  # or "frames": again before every answer
    heartbeat = "hex:fe"
    heartbeat_s = 30.0
    silence_s = 300.0                 # dials anew when the centre has said nothing for so long
    retry_s = 1.0                     # first wait before a new try; it doubles up to retry_max_s
    retry_max_s = 60.0
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

_ADDRESS = re.compile(r"^(?P<host>[^\s:]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})$")
PACKET_MAX_BYTES = 256
SECONDS_MAX = 86_400.0
BEFORE = ("connection", "frames")


class DiallingError(ValueError):
    """A group of ``[[dial]]`` that cannot be used; the text says key, value and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """How one station calls the centre. Times are wall seconds: sockets live in them."""

    host: str
    port: int
    registration: bytes = b""
    before_frames: bool = False
    """The registration stands before every answer, too."""
    heartbeat: bytes = b"\xfe"
    """Empty for none."""
    heartbeat_s: float = 30.0
    silence_s: float = 300.0
    retry_s: float = 1.0
    retry_max_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DialGroup:
    """A group of stations that dial alike."""

    how: Dialling
    """With an empty registration: what each says of itself is ``registration``."""
    stations: tuple[str, ...] | None = None
    """None: every Modbus station."""
    registration: str = "{station}"

    def of(self, station: str) -> Dialling:
        """Return how one station of the group dials; raises DiallingError."""
        return replace(self.how, registration=_packet("registration", self.registration, station))


_USUAL = Dialling(host="", port=0)
_KNOWN = (
    *("to", "stations", "registration", "registration_before"),
    *("heartbeat", "heartbeat_s", "silence_s", "retry_s", "retry_max_s"),
)


def read_groups(given: object) -> list[DialGroup]:
    """Read all tables ``[[dial]]`` as TOML gives them; raises DiallingError."""
    if not isinstance(given, list) or not all(isinstance(table, dict) for table in given):
        raise DiallingError("dial: must be tables [[dial]]")
    return [read_group(table) for table in given]


def read_group(table: Mapping[str, object]) -> DialGroup:
    """Read one table ``[[dial]]``; raises DiallingError."""
    for key in table:
        if key not in _KNOWN:
            raise DiallingError(f"dial: {key}: no such key; known: {', '.join(_KNOWN)}")
    if "to" not in table:
        raise DiallingError("dial: to: is missing; must be HOST:PORT")
    host, port = address(table["to"])
    before = table.get("registration_before", BEFORE[0])
    if before not in BEFORE:
        raise DiallingError(f"dial: registration_before = {before!r}: must be {' or '.join(BEFORE)}")
    how = Dialling(
        host=host,
        port=port,
        before_frames=before == "frames",
        heartbeat=_packet("heartbeat", table.get("heartbeat", "hex:fe")),
        heartbeat_s=_seconds(table, "heartbeat_s", _USUAL.heartbeat_s),
        silence_s=_seconds(table, "silence_s", _USUAL.silence_s),
        retry_s=_seconds(table, "retry_s", _USUAL.retry_s),
        retry_max_s=_seconds(table, "retry_max_s", _USUAL.retry_max_s),
    )
    if how.retry_max_s < how.retry_s:
        raise DiallingError(f"dial: retry_max_s = {how.retry_max_s:g}: must not be below retry_s")
    registration = table.get("registration", "{station}")
    _packet("registration", registration)  # what cannot be sent is told here, not when somebody dials
    return DialGroup(
        how=how, stations=_stations(table.get("stations", "all")), registration=str(registration)
    )


def address(given: object) -> tuple[str, int]:
    """Read HOST:PORT; raises DiallingError."""
    match = _ADDRESS.match(given) if isinstance(given, str) else None
    if match is None or not 1 <= int(match["port"]) <= 65_535:
        raise DiallingError(f"dial: to = {given!r}: must be HOST:PORT with a port 1..65535")
    return match["host"].strip("[]"), int(match["port"])


def dialling(groups: Sequence[DialGroup], modbus: Mapping[str, bool]) -> dict[str, Dialling]:
    """Return how each station that dials does so; ``modbus`` says of every station whether it speaks Modbus.

    Raises DiallingError for a station that is not there, that does not speak Modbus or that two groups name.
    """
    found: dict[str, Dialling] = {}
    for group in groups:
        for name in group.stations or [name for name, speaks in modbus.items() if speaks]:
            if name not in modbus:
                raise DiallingError(f"dial: stations: {name!r} is not in the station list")
            if not modbus[name]:
                raise DiallingError(f"dial: stations: {name} does not speak Modbus")
            if name in found:
                raise DiallingError(f"dial: stations: {name} is in two groups")
            found[name] = group.of(name)
    return found


def _packet(key: str, given: object, station: str = "") -> bytes:
    if not isinstance(given, str):
        raise DiallingError(f"dial: {key} = {given!r}: must be a text, or hex: and bytes")
    try:
        text = given.replace("{station}", station)
        packet = bytes.fromhex(text[4:]) if text.startswith("hex:") else text.encode()
    except ValueError:
        raise DiallingError(f"dial: {key} = {given!r}: after hex: must be pairs of hex digits") from None
    if len(packet) > PACKET_MAX_BYTES:
        raise DiallingError(f"dial: {key}: {len(packet)} bytes, at most {PACKET_MAX_BYTES}")
    return packet


def _stations(given: object) -> tuple[str, ...] | None:
    if given == "all":
        return None
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        raise DiallingError(f"dial: stations = {given!r}: must be a list of ids, one id, or 'all'")
    return tuple(names)


def _seconds(table: Mapping[str, object], key: str, usual: float) -> float:
    given = table.get(key, usual)
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0.01 <= given <= SECONDS_MAX:
        raise DiallingError(f"dial: {key} = {given!r}: must be a number 0.01..{SECONDS_MAX:g}")
    return float(given)
