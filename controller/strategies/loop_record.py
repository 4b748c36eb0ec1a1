"""What strategy ``balance`` remembers of a loop: what was learned, where it stands, the hour under way."""

import math
from dataclasses import dataclass, field

from optimizer.balance import Hour, LoopModel
from stations.model.quick import quickly_made

HOUR_S = 3600.0
SETTLED_S = 1800.0
"""Only the second half of an hour counts: after a move, pipes and emitters need up to half an hour."""
SAMPLES_MIN = 3
"""Below so many samples an hour is not counted."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One cycle's measurements of a loop, all of them good and recent; temperatures in degC."""

    T_supply: float
    T_return: float
    T_outdoor: float
    q: float
    """W/m2."""
    T_indoor: float | None


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """Sums over the settled half of the hour that began at scaled monotonic second ``began``."""

    began: float
    n: int = 0
    T_supply: float = 0.0
    T_return: float = 0.0
    T_outdoor: float = 0.0
    q: float = 0.0
    n_indoor: int = 0
    T_indoor: float = 0.0

    def over(self, monotonic: float) -> bool:
        """Tell whether the hour is over."""
        return monotonic - self.began >= HOUR_S

    def add(self, sample: Sample | None, monotonic: float) -> "Gathering":
        """Take in one cycle; the unsettled half and cycles without measurements do not count."""
        if sample is None or monotonic - self.began < SETTLED_S:
            return self
        indoor = sample.T_indoor
        return Gathering(
            began=self.began,
            n=self.n + 1,
            T_supply=self.T_supply + sample.T_supply,
            T_return=self.T_return + sample.T_return,
            T_outdoor=self.T_outdoor + sample.T_outdoor,
            q=self.q + sample.q,
            n_indoor=self.n_indoor + (indoor is not None),
            T_indoor=self.T_indoor + (0.0 if indoor is None else indoor),
        )

    def hour(self) -> Hour | None:
        """Return the means; None where too little was measured."""
        if self.n < SAMPLES_MIN:
            return None
        return Hour(
            T_supply=self.T_supply / self.n,
            T_return=self.T_return / self.n,
            T_outdoor=self.T_outdoor / self.n,
            q=self.q / self.n,
            T_indoor=self.T_indoor / self.n_indoor if self.n_indoor >= SAMPLES_MIN else None,
        )


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class LoopRecord:
    """The memory of one loop; a loop that leaves ``auto`` keeps what was learned and loses where it stood."""

    gathering: Gathering
    model: LoopModel = field(default_factory=LoopModel)
    shift_K: float | None = None
    """Supply above the curve at design flow; None until it is taken from what the loop holds."""
    flow: float = 1.0
    """Circulation as a fraction of design."""
    due: bool = False
    """True from the end of an hour until the loop has had its move."""
    moved_at: float = -math.inf
    """Scaled monotonic second of the last move; the next one comes an hour later at the earliest."""
    blind_hours: int = 0
    """Hours in a row without enough measurements."""

    def with_gathering(self, gathering: Gathering) -> "LoopRecord":
        """Return the record with the hour under way as it stands now; asked for in every cycle."""
        return LoopRecord(
            gathering=gathering,
            model=self.model,
            shift_K=self.shift_K,
            flow=self.flow,
            due=self.due,
            moved_at=self.moved_at,
            blind_hours=self.blind_hours,
        )
