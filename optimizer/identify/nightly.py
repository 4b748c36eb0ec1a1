"""One loop's identification, every night or on demand: from a record to what is believed from now on.

The outcome is data. ``accepted``: the numbers move, by a tenth a day at most. ``kept``: those in charge
foretold the last day at least as well. ``refused``: the record does not suffice, or no house explains it;
the last good numbers stay. Hours in which somebody drove the loop by hand are not for learning: hand them
over as NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from optimizer.identify.greybox import Fitted, IndoorPrior, fit
from optimizer.identify.history import History, on_grid
from optimizer.identify.judge import REPLAY_H, beside, limited, scores
from optimizer.identify.parameters import WATER_WH_PER_M2K, Candidates
from optimizer.identify.record import Record
from optimizer.identify.signature import Signature, steady_signature
from optimizer.reason import Reason, because

if TYPE_CHECKING:
    from optimizer.building import Buildings
    from optimizer.identify.history import Grid

WINDOW_DAYS = 14.0
"""The season moves on: what is older tells of another sun."""
DAYS_MIN = 7.0
RMSE_MAX_K, HEAT_MAX = 1.0, 0.10
"""Of the run against sensors, and of a day's heat; above, the model is not of this house."""

State = Literal["accepted", "kept", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """What became of one loop's identification."""

    state: State
    reasons: tuple[Reason, ...]
    """Why; numbers that decided stand in them."""
    candidate: Candidates
    """To be believed from now on: moved if accepted, else as before."""
    fitted: Fitted | None
    """What the record alone says, before it was held to small steps; None where nothing was fitted."""
    T_indoor_sd: float | None
    """Doubt of the room that ``candidate`` tells of the record, K: the fit's own, and what small steps still
    keep it off the fit; None where nothing was fitted."""
    signature: Signature | Reason
    """Of the whole record."""

    @property
    def building(self) -> Buildings:
        """The building to be believed, one loop."""
        return self.candidate.buildings

    @property
    def emitter_K(self) -> float:  # noqa: N802 - a unit
        """q_n / UA: how far above outdoors the emitters at their rating hold the rooms, K."""
        return float(self.building.q_n[0] / self.building.UA[0])


def believed(building: Buildings) -> Candidates:
    """Return a building (one loop) as it is believed before anything was identified."""
    return Candidates(building, np.array([WATER_WH_PER_M2K]), np.zeros(1))


def identify(
    history: History,
    champion: Candidates,
    prior: Buildings,
    indoor: IndoorPrior | None = None,
    days: float = 1.0,
) -> Identified:
    """Return what the last weeks of a loop make of it.

    ``champion`` is believed so far, ``prior`` what a loop of its kind begins with (one loop each).
    ``indoor``: see ``greybox.fit``. ``days`` have passed since numbers last moved; infinite, where an
    engineer wants all of the change at once. Never raises for bad measurements.
    """
    grid = on_grid(history)
    if isinstance(grid, Reason):
        return Identified(
            state="refused",
            reasons=(grid,),
            candidate=champion,
            fitted=None,
            T_indoor_sd=None,
            signature=grid,
        )
    signature = steady_signature(grid)
    window = grid.last_days(WINDOW_DAYS + REPLAY_H / 24.0)
    begin = max(len(window) - round(REPLAY_H / window.dt_h), 0)
    learned = _learned(window.part(0, begin), prior, indoor)
    if isinstance(learned, Reason):
        return Identified(
            state="refused",
            reasons=(learned,),
            candidate=champion,
            fitted=None,
            T_indoor_sd=None,
            signature=signature,
        )
    challenger = limited(champion, learned.candidate, days)
    record = Record(window)
    told = scores(record, beside(champion, challenger), begin)
    if told is None:
        verdict: State = "refused"
        reason = because("identify.nothing_to_replay", hours=REPLAY_H)
    else:
        kind, (old, new) = told
        verdict = "accepted" if new < old else "kept"
        reason = because(f"identify.{verdict}", measure=kind, champion=old, challenger=new)
    candidate = challenger if verdict == "accepted" else champion
    rooms = record.rooms(beside(candidate, learned.candidate))
    return Identified(
        state=verdict,
        reasons=(reason,),
        candidate=candidate,
        fitted=learned,
        T_indoor_sd=float(np.hypot(learned.T_indoor_sd, rooms[0] - rooms[1])),
        signature=signature,
    )


def _learned(grid: Grid, prior: Buildings, indoor: IndoorPrior | None) -> Fitted | Reason:
    """Return the fit of all but the last day, or why there is none to be trusted."""
    if grid.days < DAYS_MIN:
        return because("identify.too_few_days", days=grid.days, needed=DAYS_MIN)
    record = Record(grid)
    if not (record.sensor.any() or record.law.any()):
        return because("identify.nothing_tells_room")
    if record.hours < 24.0 * DAYS_MIN:
        return because("identify.too_few_days", days=record.hours / 24.0, needed=DAYS_MIN)
    fitted = fit(grid, prior, indoor)
    assert fitted is not None  # it has spells
    if not fitted.converged:
        return because("identify.not_converged")
    if fitted.rmse_sensor_K is not None and fitted.rmse_sensor_K > RMSE_MAX_K:
        return because("identify.does_not_fit", rmse_K=fitted.rmse_sensor_K, allowed_K=RMSE_MAX_K)
    if fitted.rmse_heat is not None and fitted.rmse_heat > HEAT_MAX:
        return because("identify.does_not_fit_heat", rmse=fitted.rmse_heat, allowed=HEAT_MAX)
    return fitted
