"""Messages about orders and accounts, version 1; a part of ``controller.api.schema`` in a file of its own.

Requests are strict: a key that is not known, or a number given as text, is a mistake and refused.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from controller.api.schema import Message, Sentence

Finite = Annotated[float, Field(allow_inf_nan=False)]
Words = Annotated[str, Field(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
Whole = Annotated[int, Field(ge=0, le=2**53)]
UserName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{1,31}$")]
Password = Annotated[str, Field(min_length=1, max_length=256)]
ModeName = Literal["local", "manual", "auto"]
SeasonName = Literal["off", "filling", "cold_run", "trial", "heating", "stopping", "maintenance"]
RoleName = Literal["viewer", "operator", "shift_lead", "engineer", "admin", "auditor"]
LanguageName = Literal["zh", "en"]
ChoiceName = Literal["district", "hold", "follow"]
MAX_LOOPS = 2000
PLAN_LONGEST_S = 30 * 86_400


class Request(BaseModel):
    """Base of all requests."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SeenLoop(Request):
    """A loop as the operator saw it; an order is refused where it is no longer so."""

    station: Id
    loop: Annotated[int, Field(ge=1, le=4)]
    order: Whole
    """Number of the order in force (``LoopState.order``), 0 for none."""
    mode: ModeName
    T_supply_set: Finite | None
    m_flow_set: Finite | None


class SetpointOrder(Request):
    """Other values for some loops, which become manual until an end."""

    kind: Literal["setpoint"]
    loops: Annotated[list[SeenLoop], Field(min_length=1, max_length=MAX_LOOPS)]
    T_supply: Finite | None = None
    """Wanted secondary supply temperature, degC."""
    dT_supply: Annotated[Finite, Field(ge=-20, le=20)] | None = None
    """Wanted change of it, K: for several loops at once."""
    flow: Annotated[Finite, Field(ge=0, le=2)] | None = None
    """Wanted secondary circulation as a fraction of design."""
    duration_s: Annotated[Finite, Field(ge=600, le=86_400)] = 14_400
    """Seconds of the controller's clock."""
    leave_out: bool = False
    """Leave out loops that can not take it; otherwise one of them refuses the whole."""

    @model_validator(mode="after")
    def _one_temperature(self) -> Self:
        if self.T_supply is not None and self.dT_supply is not None:
            raise ValueError("give T_supply or dT_supply, not both")
        if self.T_supply is None and self.dT_supply is None and self.flow is None:
            raise ValueError("give T_supply, dT_supply or flow")
        return self


class ModeOrder(Request):
    """Loops back to the strategy (auto) or to their own controllers (local)."""

    kind: Literal["mode"]
    mode: Literal["local", "auto"]
    loops: Annotated[list[SeenLoop], Field(max_length=MAX_LOOPS)] = []
    district: Id | None = None
    """All loops of a district, in place of ``loops``."""

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        if bool(self.loops) == (self.district is not None):
            raise ValueError("give loops or district")
        return self


class StrategyOrder(Request):
    """Another strategy for a district."""

    kind: Literal["strategy"]
    district: Id
    strategy: Id
    seen: Id


class SeasonOrder(Request):
    """Another season state for a station, or for the network where no station is given."""

    kind: Literal["season"]
    station: Id | None = None
    season: SeasonName
    seen: SeasonName
    confirmed: Annotated[list[Id], Field(max_length=50)]
    """Items of the checklist (``GET /api/v1/modes``) that have been seen to."""


class MassChangeOrder(Request):
    """Let the network move for an hour although the guard holds it back."""

    kind: Literal["mass_change"]


class SeenPlan(Request):
    """How a loop takes plans, as the operator saw it; an order is refused where it is no longer so."""

    station: Id
    loop: Annotated[int, Field(ge=1, le=4)]
    order: Whole
    """Number of the order on plans in force (``Modes.plan_orders``), 0 for none."""


class PlanOrder(Request):
    """How loops take plans: held back from them, following them, or as their district again."""

    kind: Literal["plan"]
    loops: Annotated[list[SeenPlan], Field(min_length=1, max_length=MAX_LOOPS)]
    choice: ChoiceName
    duration_s: Annotated[Finite, Field(ge=600, le=PLAN_LONGEST_S)] = 86_400
    """Seconds of the controller's clock, for ``hold`` and ``follow``: up to 30 days."""


class UndoOrder(Request):
    """Put back what stood before an order."""

    kind: Literal["undo"]
    order: Whole


AnyOrder = Annotated[
    SetpointOrder | ModeOrder | StrategyOrder | SeasonOrder | MassChangeOrder | PlanOrder | UndoOrder,
    Field(discriminator="kind"),
]


class PrepareRequest(Request):
    """Body of ``POST /commands``."""

    key: Key
    """Made anew for each order by the client; the same key again gives the same answer."""
    reason: Words | Literal[""]
    """Why, in the author's own words; an undo may leave it empty, since it names its order."""
    order: AnyOrder

    @model_validator(mode="after")
    def _told_why(self) -> Self:
        if not self.reason and not isinstance(self.order, UndoOrder):
            raise ValueError("give a reason of 3 to 200 characters")
        return self


class LocalRequest(Request):
    """Body of ``POST /districts/{district}/local``."""

    key: Key
    reason: Words


class OrderMessage(Message):
    """One order."""

    id: int
    kind: Literal["setpoint", "mode", "strategy", "season", "mass_change", "plan", "undo"]
    author: str
    reason: str
    state: Literal["prepared", "approved", "committed", "undone", "expired"]
    prepared_at: float
    expires_at: float
    """UTC seconds of the system clock; until then it can be committed."""
    approved_by: str | None
    committed_at: float | None
    undone_by: str | None
    needs_second: list[Sentence]
    """Why a second person must approve; empty where none needs to."""
    preview: dict[str, Any]


class OrderList(Message):
    """Answer of ``GET /commands``."""

    orders: list[OrderMessage]


class ChecklistItem(Message):
    """One line of a checklist."""

    id: str
    en: str
    zh: str


class PlanOrderMessage(Message):
    """One loop that does not take plans as its district does."""

    station: str
    loop: int
    order: int
    choice: ChoiceName
    author: str
    reason: str
    until: float | None
    """UTC second of the controller's clock at which it ends."""


class Modes(Message):
    """Answer of ``GET /modes``: what people have laid down."""

    now: float
    season: SeasonName
    """Of the network."""
    station_seasons: dict[str, SeasonName]
    """Of stations that have one of their own."""
    seasons_next: dict[SeasonName, list[SeasonName]]
    checklists: dict[SeasonName, list[ChecklistItem]]
    strategies: dict[str, str]
    """By district."""
    strategies_known: list[str]
    mass_change: str | None
    """What the guard holds back now, and why; in English."""
    mass_change_sentence: Sentence | None = None
    mass_change_confirmed: bool
    plan_orders: list[PlanOrderMessage] = Field(default_factory=list)
    """Loops that a person holds back from plans, or lets follow them by themselves."""


class LoginRequest(Request):
    """Body of ``POST /login``."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Password


class UserMessage(Message):
    """One account."""

    name: str
    role: RoleName
    districts: list[str] | None
    """The zone; null is the whole city."""
    disabled: bool
    language: LanguageName | None = None
    """In which the person reads screens; null before one was chosen."""


class LoginMessage(Message):
    """Answer of ``POST /login``; the token is told once and stored nowhere."""

    token: str
    user: UserMessage
    idle_s: float
    ends_at: float
    """UTC second of the system clock at which the session ends in any case."""


class MeMessage(Message):
    """Answer of ``GET /me``."""

    user: UserMessage
    rights: list[str]
    ends_at: float


class LanguageChange(Request):
    """Body of ``POST /me/language``."""

    language: LanguageName


class UserList(Message):
    """Answer of ``GET /users``."""

    users: list[UserMessage]


class NewUser(Request):
    """Body of ``POST /users``."""

    name: UserName
    password: Password
    role: RoleName
    districts: Annotated[list[Id], Field(max_length=200)] | None = None


class UserChange(Request):
    """Body of ``POST /users/{name}``: what shall change."""

    disabled: bool | None = None
    password: Password | None = None


class PasswordChange(Request):
    """Body of ``POST /me/password``."""

    old: Password
    new: Password


class AuditEntry(Message):
    """One entry of the audit."""

    seq: int
    at: float
    kind: str
    actor: str
    data: dict[str, Any]
    hash: str


class AuditList(Message):
    """Answer of ``GET /audit``, newest first."""

    entries: list[AuditEntry]


class AuditVerdict(Message):
    """Answer of ``GET /audit/verification``."""

    entries: int
    """Entries that are sound, from the first on."""
    head: str
    """Hash of the last sound entry."""
    fault: str | None
    """The first thing that is wrong, or None."""


class Done(Message):
    """Answer where there is nothing else to say."""

    done: bool
