"""Season states: which may follow which, and what a person must have seen to before."""

from collections.abc import Mapping
from typing import NamedTuple

from controller.decisions import Season
from controller.words.phrase import Phrase, word

_S = Season
NEXT: Mapping[Season, tuple[Season, ...]] = {
    _S.OFF: (_S.FILLING, _S.MAINTENANCE),
    _S.FILLING: (_S.COLD_RUN, _S.OFF, _S.MAINTENANCE),
    _S.COLD_RUN: (_S.TRIAL, _S.FILLING, _S.OFF, _S.MAINTENANCE),
    _S.TRIAL: (_S.HEATING, _S.COLD_RUN, _S.STOPPING, _S.MAINTENANCE),
    _S.HEATING: (_S.STOPPING, _S.TRIAL, _S.MAINTENANCE),
    _S.STOPPING: (_S.OFF, _S.HEATING, _S.MAINTENANCE),
    # A station that is repaired in winter returns to where the network is.
    _S.MAINTENANCE: tuple(season for season in Season if season is not _S.MAINTENANCE),
}


class Item(NamedTuple):
    """One line of a checklist."""

    id: str

    @property
    def phrase(self) -> Phrase:
        """What is to be confirmed, in words."""
        return word("checklist", self.id)


_CREW = Item("crew_told")
CHECKLIST: Mapping[Season, tuple[Item, ...]] = {
    _S.OFF: (
        _CREW,
        Item("pumps_off"),
        Item("kept_full"),
    ),
    _S.FILLING: (
        _CREW,
        Item("residents_told"),
        Item("pressure_tested"),
        Item("safety_valves"),
    ),
    _S.COLD_RUN: (
        _CREW,
        Item("vented"),
        Item("static_pressure"),
        Item("pumps_checked"),
    ),
    _S.TRIAL: (
        _CREW,
        Item("cold_run_done"),
        Item("meters_checked"),
        Item("source_ready"),
    ),
    _S.HEATING: (
        _CREW,
        Item("fallback_proven"),
        Item("trial_done"),
    ),
    _S.STOPPING: (_CREW, Item("end_announced")),
    _S.MAINTENANCE: (
        _CREW,
        Item("work_permit"),
    ),
}
"""Items to confirm before a season state is entered."""
