"""What a fault is: a name, the row of the failure table that it stands for, its options and its life.

A fault is a context manager over one station: what it does when entered lasts until it is left. It knows
nothing of scenarios, times or other stations. How one is written down: ``simulators.faults.library``.
"""

import math
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from simulators.faults.plant_port import PlantPort
from simulators.link_connection import Piece
from simulators.link_profile import LinkProfile
from simulators.servers.misbehaviour import Misbehaviour
from stations.profile import Profile

Setting = float | str | tuple[str, ...]


class Family(StrEnum):
    """Where a fault sits."""

    LINK = "link"
    PROTOCOL = "protocol"
    DATA = "data"
    PLANT = "plant"


class WrongSetting(ValueError):
    """An option that cannot be used; the text says key, value and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """An option that is a number."""

    key: str
    default: float
    low: float
    high: float
    does: str

    def read(self, given: object) -> float:
        """Return a given value; raises WrongSetting."""
        if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
            raise WrongSetting(f"{self.key} = {given!r}: must be a number {self.allowed}")
        if not self.low <= given <= self.high:
            raise WrongSetting(f"{self.key} = {given!r}: must be {self.allowed}")
        return float(given)

    @property
    def allowed(self) -> str:
        """The range in words."""
        return f"{self.low:g}..{self.high:.10g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option that is one of some words or whole numbers."""

    key: str
    default: str
    choices: tuple[str, ...]
    does: str

    def read(self, given: object) -> str:
        """Return a given value; raises WrongSetting."""
        text = f"{given:g}" if isinstance(given, float) else str(given)
        if isinstance(given, bool) or text not in self.choices:
            raise WrongSetting(f"{self.key} = {given!r}: must be {self.allowed}")
        return text

    @property
    def allowed(self) -> str:
        """The words."""
        return " | ".join(self.choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """An option that names points, each in all loops where it is a loop's."""

    key: str = "points"
    default: tuple[str, ...]
    known: tuple[str, ...]
    does: str = "which points"

    def read(self, given: object) -> tuple[str, ...]:
        """Return a given value; raises WrongSetting."""
        names = (given,) if isinstance(given, str) else given
        if not isinstance(names, list | tuple) or not names:
            raise WrongSetting(f"{self.key} = {given!r}: must be a name or a list of names of points")
        wrong = [name for name in names if name not in self.known]
        if wrong:
            raise WrongSetting(f"{self.key} = {wrong[0]!r}: must be of {self.allowed}")
        return tuple(str(name) for name in names)

    @property
    def allowed(self) -> str:
        """The names."""
        return ", ".join(self.known)


Option = Number | Choice | Points


class Settings:
    """The options of one fault as given, defaults filled in."""

    def __init__(self, values: Mapping[str, Setting]) -> None:
        self._values = dict(values)

    def number(self, key: str) -> float:
        """Return a number."""
        value = self._values[key]
        assert isinstance(value, float)
        return value

    def text(self, key: str) -> str:
        """Return a choice."""
        value = self._values[key]
        assert isinstance(value, str)
        return value

    def names(self, key: str = "points") -> tuple[str, ...]:
        """Return names of points."""
        value = self._values[key]
        assert isinstance(value, tuple)
        return value

    def as_dict(self) -> dict[str, Setting]:
        """Return all of them, for lists and logs."""
        return dict(self._values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What decides whether a station can have a fault."""

    station: str
    kind: str
    """``station`` or ``source``."""
    profile: Profile
    n_loops: int
    secured: bool
    """OPC UA with signature and encryption."""
    dials: bool = False
    """Modbus RTU on a connection that the station opens itself."""
    pipes: bool = False
    """The plant behind it has a network of pipes."""
    centre: bool = False
    """The controller runs in the same virtual time: what befalls its machine can be had, too."""


class LinkDoor(Protocol):
    """What faults do to a station's link (``simulators.link.Link`` on sockets)."""

    def override(self, key: object, change: Callable[[LinkProfile], LinkProfile] | None) -> None:
        """Let ``change`` stand over the link's profile under ``key``; None ends it."""
        ...

    def edit(self, key: object, edit: Callable[[bytes], list[Piece]] | None) -> None:
        """Let ``edit`` make something else of each answer under ``key``; None ends it."""
        ...

    def hold(self, key: object, on: bool) -> None:
        """Swallow every byte while any ``key`` holds."""
        ...

    def rebind(self) -> None:
        """Let what is open be dead without a word."""
        ...

    def drop(self) -> None:
        """Reset every connection."""
        ...

    async def refuse(self, on: bool) -> None:
        """Refuse new connections while on."""
        ...


class ServerDoor(Protocol):
    """What faults do to a station's server as a whole."""

    async def take_off(self) -> None:
        """Take the station off the network: connections are reset, connects refused."""
        ...

    async def put_back(self) -> None:
        """Put it back; an OPC UA server draws the index of its namespace anew."""
        ...

    async def lose_sessions(self) -> None:
        """OPC UA: forget every session."""
        ...

    def show_certificate(self, kind: str | None) -> None:
        """OPC UA, from the next start on: ``expired``, ``replaced``, or None for the station's own."""
        ...


class CentreDoor(Protocol):
    """What faults do to the controller's machine."""

    def set_clock(self, key: object, ahead_s: float | None) -> None:
        """Let its UTC be so many seconds ahead under ``key``; None ends it. The last one set counts."""
        ...

    def answer_name(self, key: object, station: str, after_s: float | None, *, found: bool) -> None:
        """Let a question for the station's name be answered (``found``) or given up after so many seconds.

        Under ``key``; None ends it. The last one set counts.
        """
        ...


@dataclass(slots=True, kw_only=True)
class Target:
    """One station as faults see it."""

    facts: Facts
    link: LinkDoor
    server: ServerDoor
    device: Misbehaviour
    plant: PlantPort | None
    """None where no plant stands behind the station."""
    rng: random.Random
    now: Callable[[], float]
    """UTC seconds, scaled."""
    centre: CentreDoor | None = None
    """None where the controller is a process of its own."""

    @contextmanager
    def overridden(self, change: Callable[[LinkProfile], LinkProfile]) -> Iterator[None]:
        """Let ``change`` stand over the link's profile for the length of a ``with`` block."""
        key = object()
        self.link.override(key, change)
        try:
            yield
        finally:
            self.link.override(key, None)

    @contextmanager
    def edited(self, edit: Callable[[bytes], list[Piece]]) -> Iterator[None]:
        """Let ``edit`` make something else of each answer for the length of a ``with`` block."""
        key = object()
        self.link.edit(key, edit)
        try:
            yield
        finally:
            self.link.edit(key, None)


class Run(Protocol):
    """The function of a fault."""

    __name__: str

    def __call__(
        self, target: Target, settings: Settings, /
    ) -> AbstractContextManager[None] | AbstractAsyncContextManager[None]:
        """Return what begins the fault at a station when it is entered, and ends it when it is left."""
        ...


Fits = Callable[[Facts, Settings], str | None]
"""Says why a station cannot have the fault; None where it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault that can be switched on by its name."""

    name: str
    rows: tuple[str, ...]
    """Rows of the failure table in docs/reference/faults.md; empty for the plant's faults."""
    family: Family
    does: str
    """What happens on the wire, in the values or in the plant."""
    expected: str
    """What the controller should make of it."""
    options: tuple[Option, ...] = ()
    duration_s: float = 600.0
    """How long it lasts where nobody says."""
    run: Run
    fits: Fits = lambda _facts, _settings: None

    @asynccontextmanager
    async def at(self, target: Target, settings: Settings) -> AsyncIterator[None]:
        """Have the fault at a station for the length of an ``async with`` block."""
        doing = self.run(target, settings)
        if isinstance(doing, AbstractAsyncContextManager):
            async with doing:
                yield
        else:
            with doing:
                yield

    def settings(self, given: Mapping[str, object]) -> tuple[Settings, list[str]]:
        """Return the options with defaults filled in, and everything that is wrong with those given."""
        wrong = []
        values: dict[str, Setting] = {option.key: option.default for option in self.options}
        by_key = {option.key: option for option in self.options}
        for key, value in given.items():
            if key not in by_key:
                known = ", ".join(by_key) or "none"
                wrong.append(f"{key} = {value!r}: {self.name} has no such option; known: {known}")
                continue
            try:
                values[key] = by_key[key].read(value)
            except WrongSetting as error:
                wrong.append(str(error))
        return Settings(values), wrong
