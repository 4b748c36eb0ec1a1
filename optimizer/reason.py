"""Why something came out as it did, as data: an id and the numbers that it quotes.

Whoever shows a reason keeps the words for its id, in as many languages as its readers speak.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_NOTHING: Mapping[str, float | str] = MappingProxyType({})


class Reason(NamedTuple):
    """One reason; ``params`` holds numbers in the unit that the name of each ends with, or words."""

    id: str
    params: Mapping[str, float | str] = _NOTHING


def because(name: str, /, **params: float | str) -> Reason:
    """Return a reason with its numbers given by name."""
    return Reason(name, params)
