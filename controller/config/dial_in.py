"""Section ``[dial_in]``: stations whose DTU calls the controller, where that listens, what they say first."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from controller.config.fields import STRICT, Number, Text, Whole, between

PACKET_MAX_BYTES = 256
PLACEHOLDER = "{station}"


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class DialInConfig:
    """Where stations call, which of them do, and how they register.

    A registration is text in which ``{station}`` is the id, or ``hex:`` and bytes.
    """

    port: Annotated[Whole, between(1, 65535)]
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]{1,253}$")] = "127.0.0.1"
    poll_s: Annotated[Number, between(0.5, 120.0)] = 30.0
    """Pace of their polls, scaled seconds: a serial line is slow, and the data of a SIM card are paid for."""
    stations: tuple[Text, ...] | Literal["all"] = "all"
    """Ids, or every Modbus station."""
    registration: Text = PLACEHOLDER
    registration_of: Mapping[str, Text] = field(default_factory=dict)
    """Of stations that say something else, by id."""

    def calls(self, station: str) -> bool:
        """Tell whether a Modbus station is one that calls."""
        return self.stations == "all" or station in self.stations

    def packet(self, station: str) -> bytes:
        """Return what a station says first; raises ValueError with the key, the value and what is allowed."""
        given = self.registration_of.get(station, self.registration)
        key = f"registration_of.{station}" if station in self.registration_of else "registration"
        text = given.replace(PLACEHOLDER, station)
        try:
            packet = bytes.fromhex(text[4:]) if text.startswith("hex:") else text.encode()
        except ValueError:
            raise ValueError(f"{key}: no pairs of hex digits after hex: (got {given!r})") from None
        if not 1 <= len(packet) <= PACKET_MAX_BYTES:
            raise ValueError(f"{key}: {len(packet)} bytes (got {given!r}); allowed 1..{PACKET_MAX_BYTES}")
        return packet


def dial_in_faults(
    config: DialInConfig, modbus: Mapping[str, bool], packets: Mapping[str, bytes]
) -> list[str]:
    """Return what does not go with the station list.

    ``modbus`` says of each station whether it speaks it; ``packets`` are what those say that call.
    """
    named: Sequence[str] = () if config.stations == "all" else config.stations
    faults = [
        f"{key}: {name!r} is not in the station list"
        for key, names in (("stations", named), ("registration_of", tuple(config.registration_of)))
        for name in names
        if name not in modbus
    ]
    faults += [f"stations: {name} does not speak Modbus" for name in named if modbus.get(name) is False]
    faults += [
        f"registration_of.{name}: the station does not call; add it to stations"
        for name in config.registration_of
        if name in modbus and name not in packets and name not in named
    ]
    for (one, first), (other, second) in combinations(sorted(packets.items()), 2):
        if first.startswith(second) or second.startswith(first):
            faults.append(
                f"registration: that of {one} and of {other} begin alike (got {first!r} and {second!r}); "
                "nobody could tell who calls"
            )
    return faults
