"""All faults by name."""

import difflib
import re
from collections.abc import Mapping

from simulators.faults import data, link, modbus, opcua, plant, registers
from simulators.faults.model import Fault

_FAMILIES = (link, modbus, opcua, data, registers, plant)
ALL: tuple[Fault, ...] = tuple(fault for family in _FAMILIES for fault in family.FAULTS)
FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in ALL}
_ROW = re.compile(r"^([A-Z]\d+)_(.+)$")


class UnknownFault(Exception):
    """No fault has this name; the text says which there are, near ones first."""


def find(name: str) -> Fault:
    """Return a fault by its name, alone (``half_open``) or behind its row (``L5_half_open``).

    Raises UnknownFault.
    """
    fault = FAULTS.get(name)
    if fault is None and (parts := _ROW.match(name)) is not None:
        behind = FAULTS.get(parts[2])
        fault = behind if behind is not None and parts[1] in behind.rows else None
    if fault is None:
        raise UnknownFault(f"there is no fault {name!r}{_near(name)}; known are: {', '.join(FAULTS)}")
    return fault


def _near(name: str) -> str:
    found = difflib.get_close_matches(name.lower(), list(FAULTS), n=3, cutoff=0.55)
    return f", did you mean {' or '.join(found)}" if found else ""
