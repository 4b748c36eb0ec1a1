"""Fault scenarios: which fault happens when, for how long, at which stations, read from TOML or a request.

seed = 1                       # optional; draws the stations of a share
[[fault]]
name = "half_open"
at_s = 600                     # simulated seconds after the start
duration_s = 1800              # optional
stations = "25 %"              # or ["S001", "S002"], "S001", "all" (all that can have it; also the default)
one_way_ms = 300               # further keys: the fault's own options
"""

import math
import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulators.faults.model import Facts, Fault, Number, Settings, WrongSetting
from simulators.faults.registry import UnknownFault, find

AT = Number(key="at_s", default=0.0, low=0.0, high=366 * 86_400.0, does="begin, seconds after the start")
DURATION = Number(key="duration_s", default=0.0, low=0.1, high=366 * 86_400.0, does="how long")
_SHARE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*%\s*$")
_OWN_KEYS = frozenset({"name", "at_s", "duration_s", "stations"})
_TOP_KEYS = frozenset({"title", "seed", "fault"})


class ScenarioFaults(Exception):
    """Everything that is wrong with a scenario; ``faults`` has one line each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One fault at its time and stations."""

    fault: Fault
    settings: Settings
    at_s: float
    """Seconds after the start."""
    duration_s: float | None
    """None: until it is switched off."""
    stations: tuple[str, ...]


def load_scenario(path: Path, facts: Mapping[str, Facts], seed: int) -> list[Planned]:
    """Read a scenario file for the stations given; raises ScenarioFaults with everything that is wrong.

    ``seed`` draws the stations of a share where the file names no seed of its own.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioFaults([f"{path}: {error.strerror}"]) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioFaults([f"{path}: {error}"]) from error
    try:
        return read_scenario(raw, facts, seed)
    except ScenarioFaults as wrong:
        raise ScenarioFaults([f"{path.name}: {line}" for line in wrong.faults]) from None


def read_scenario(raw: Mapping[str, object], facts: Mapping[str, Facts], seed: int) -> list[Planned]:
    """Read a scenario as TOML gives it; raises ScenarioFaults."""
    wrong = [
        f"{key}: no such key; known: {', '.join(sorted(_TOP_KEYS))}" for key in raw if key not in _TOP_KEYS
    ]
    given_seed = raw.get("seed", seed)
    if isinstance(given_seed, bool) or not isinstance(given_seed, int):
        wrong.append(f"seed = {given_seed!r}: must be a whole number")
        given_seed = seed
    tables = raw.get("fault", [])
    if not isinstance(tables, list) or not tables:
        wrong.append("fault: a scenario has at least one table [[fault]]")
        tables = []
    planned = []
    for number, table in enumerate(tables, 1):
        label = f"fault {number}"
        if not isinstance(table, dict):
            wrong.append(f"{label}: must be a table [[fault]]")
            continue
        try:
            planned.append(read_fault(table, facts, random.Random(f"{given_seed}:{number}")))
        except ScenarioFaults as error:
            wrong += [f"{label}{_named(table)}: {line}" for line in error.faults]
    if wrong:
        raise ScenarioFaults(wrong)
    return planned


def read_fault(
    table: Mapping[str, object], facts: Mapping[str, Facts], rng: random.Random, *, at_once: bool = False
) -> Planned:
    """Read one fault; raises ScenarioFaults.

    ``at_once``: it begins now, and lasts until switched off where no duration is given.
    """
    name = table.get("name")
    if not isinstance(name, str):
        raise ScenarioFaults([f"name = {name!r}: must be the name of a fault"])
    try:
        fault = find(name)
    except UnknownFault as error:
        raise ScenarioFaults([str(error)]) from None
    settings, wrong = fault.settings({key: value for key, value in table.items() if key not in _OWN_KEYS})
    at_s = 0.0
    if not at_once:
        if "at_s" not in table:
            wrong.append(f"at_s: is missing; must be a number {AT.allowed}")
        else:
            at_s = _number(AT, table["at_s"], wrong)
    duration_s = None if at_once else fault.duration_s
    if "duration_s" in table:
        duration_s = _number(DURATION, table["duration_s"], wrong)
    chosen: tuple[str, ...] = ()
    if not wrong:
        chosen, bad = choose(table.get("stations", "all"), fault, settings, facts, rng)
        wrong += bad
    if wrong:
        raise ScenarioFaults(wrong)
    return Planned(fault=fault, settings=settings, at_s=at_s, duration_s=duration_s, stations=chosen)


def choose(
    wanted: object, fault: Fault, settings: Settings, facts: Mapping[str, Facts], rng: random.Random
) -> tuple[tuple[str, ...], list[str]]:
    """Return the stations meant by ``wanted``, and what is wrong with it."""
    able = [name for name, fact in facts.items() if fault.fits(fact, settings) is None]
    if wanted == "all":
        return tuple(able), [] if able else [f"stations = 'all': none here can have {fault.name}"]
    share = _SHARE.match(wanted) if isinstance(wanted, str) else None
    if share is not None:
        per_cent = float(share[1])
        if not 0.0 < per_cent <= 100.0:
            return (), [f"stations = {wanted!r}: must be above 0 % and at most 100 %"]
        if not able:
            return (), [f"stations = {wanted!r}: none here can have {fault.name}"]
        drawn = set(rng.sample(able, min(len(able), math.ceil(per_cent / 100.0 * len(able)))))
        return tuple(name for name in able if name in drawn), []
    names = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(names, list | tuple) or not names:
        return (), [f"stations = {wanted!r}: must be a list of ids, one id, 'all' or a share such as '25 %'"]
    wrong = []
    for name in names:
        if name not in facts:
            wrong.append(f"stations: {name!r} is not simulated here")
        elif (reason := fault.fits(facts[name], settings)) is not None:
            wrong.append(f"stations: {name} cannot have {fault.name}: {reason}")
    return tuple(dict.fromkeys(str(name) for name in names)), wrong


def _number(option: Number, given: object, wrong: list[str]) -> float:
    try:
        return option.read(given)
    except WrongSetting as error:
        wrong.append(str(error))
        return option.default


def _named(table: Mapping[str, object]) -> str:
    return f" ({table['name']})" if isinstance(table.get("name"), str) else ""
