"""An order: what somebody wants changed, what it would do, how far it has come."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from controller.accounts.roles import Right
from controller.decisions import LoopKey, Mode, Season
from controller.modes import PlanChoice, Standing, Subject
from controller.words.phrase import Phrase

DEFAULT_DURATION_S = 4 * 3600.0
LONGEST_S = 24 * 3600.0
"""Scaled seconds that a manual order may last."""
LARGE_K = 3.0
LARGE_FLOW = 0.20
"""Fraction of the flow that is set before the order."""
BULK_LOOPS = 5
PREPARED_S = 120.0
"""Wall seconds in which a prepared order can be committed."""
SECOND_S = 600.0
"""Wall seconds in which the second person can approve; from then on it is ``PREPARED_S`` again."""


class State(StrEnum):
    """How far an order has come."""

    PREPARED = "prepared"
    APPROVED = "approved"
    """Prepared, and a second person has agreed."""
    COMMITTED = "committed"
    UNDONE = "undone"
    EXPIRED = "expired"
    """Not committed in time, or the controller was restarted in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the operator's screen showed of a loop."""

    key: LoopKey
    order: int
    """Number of the order in force, 0 for none."""
    mode: Mode
    T_supply_set: float | None
    m_flow_set: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetpointWish:
    """Other values for some loops, until an end: they become manual."""

    loops: tuple[Seen, ...]
    T_supply: float | None = None
    """Wanted supply temperature, degC; None leaves it (unless ``dT_supply`` is given)."""
    dT_supply: float | None = None
    """Wanted change of the supply temperature, K."""
    flow: float | None = None
    """Wanted circulation as a fraction of design; None leaves it."""
    duration_s: float = DEFAULT_DURATION_S
    """Scaled seconds."""
    leave_out: bool = False
    """Leave out loops that can not take it, and say which; otherwise one of them refuses the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeWish:
    """Loops back to the strategy (auto) or to their own controllers (local)."""

    mode: Mode
    loops: tuple[Seen, ...] = ()
    district: str | None = None
    """All loops of a district in place of ``loops``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyWish:
    """Another strategy for a district."""

    district: str
    strategy: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonWish:
    """Another season state for a station, or for the network (no station)."""

    station: str | None
    season: Season
    seen: Season
    confirmed: tuple[str, ...]
    """Items of the checklist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MassChangeWish:
    """Let the network move although the guard holds it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWish:
    """Some loops held back from plans, following them, or as their district again."""

    loops: Mapping[LoopKey, int]
    """With the number of the order on plans that the operator saw in force, 0 for none."""
    choice: PlanChoice
    duration_s: float = 86_400.0
    """Scaled seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoWish:
    """Put back what stood before an order."""

    order: int


Wish = SetpointWish | ModeWish | StrategyWish | SeasonWish | MassChangeWish | PlanWish | UndoWish


def right_for(wish: Wish) -> Right:
    """Return the right that an order asks of who prepares it."""
    match wish:
        case SetpointWish() | ModeWish() | UndoWish():
            return Right.ORDER
        case PlanWish(choice=choice):
            return Right.APPROVE if choice is PlanChoice.FOLLOW else Right.ORDER
        case StrategyWish() | SeasonWish() | MassChangeWish():
            return Right.APPROVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An order worked out: what it will change and what it will do; nothing was changed yet."""

    subjects: Mapping[Subject, tuple[Standing, Standing]]
    """By subject: (what stands now, what will stand)."""
    districts: frozenset[str]
    """Whose zone it must be."""
    preview: Mapping[str, object]
    """For people: plain values."""
    second: tuple[Phrase, ...] = ()
    """Why a second person is needed; empty where none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A draft with its author and its state. Times are UTC seconds of the system clock."""

    id: int
    kind: str
    author: str
    reason: str
    state: State
    prepared_at: float
    expires_at: float
    approved_by: str | None
    committed_at: float | None
    undone_by: str | None
    wish_digest: str
    """Fingerprint of what was asked: the same key with another wish is a mistake of the client."""
    draft: Draft
    seen: Mapping[str, float]
    """By loop: supply temperature that was set when it was prepared, degC; absent where none was."""
