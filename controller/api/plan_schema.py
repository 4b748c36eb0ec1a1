"""Messages of the plan, version 1; a part of ``controller.api.schema``.

Heat of a loop is W/m2 of heated area, that of the network kW. Series are by step, beginning at ``start``.
"""

from controller.api.schema import Message, Sentence

Series = list[float | None]


class CostMessage(Message):
    """What a plan costs over its horizon, in the currency of the tariff; only ``heat`` is paid."""

    heat: float
    cold: float
    hot: float
    moves: float
    end: float
    plant: float
    total: float


class PlannerMessage(Message):
    """How the solver does."""

    plans: int
    failures: int
    last_failure: Sentence | None
    busy: bool


class AccuracyMessage(Message):
    """What was forecast a day ahead beside what came."""

    what: str
    """``T_outdoor:`` and a source's name (degC; the band is 2 K to either side), or ``load`` (kW; 80 %)."""
    hours: float
    mae: float
    bias: float
    wape: float | None
    coverage: float


class ForecastMessage(Message):
    """The weather that a plan was made with."""

    age_s: float | None
    """Of the source that tells the first step; None where none does."""
    told_share: float
    """Share of steps that a source tells, fresh or not; the rest is persisted or what is usual."""
    notes: list[Sentence]
    """Holes, and sources that were left out."""
    accuracy: list[AccuracyMessage]
    """Empty where nothing came yet to compare with."""


class PastHeat(Message):
    """Network heat of the last 24 h as quarter-hour means, kW."""

    start: float | None
    step_s: float
    actual: Series
    planned: Series
    """What the plan of that quarter of an hour said, loops outside of it as they were."""


class ExcludedMessage(Message):
    """A loop that is not planned for."""

    station: str
    loop: int
    why: Sentence
    T_supply_advised: float | None
    """degC that the centre would ask of a loop that takes no setpoints; null of others."""
    m_flow_advised: float | None
    """kg/s."""
    y_pump_advised: float | None = None
    """Speed of the pump (0..1) that gives this flow by its identified curve; null where the loop is not told
    its flow as a speed, or no speed that was seen gives it."""
    advice: Sentence | None
    """Why, where a plan advises it; null where it is the heating curve's value."""


class BorneMessage(Message):
    """What one loop has borne of shortages."""

    station: str
    loop: int
    K_h: float
    """Below what was wanted; a third of it is left after two weeks."""


class FlowCapMessage(Message):
    """What a station's primary flow shall not be above while there is not enough."""

    station: str
    m_flow_max: float
    m_flow: float
    """As it is drawn now; both kg/s."""
    told: float | None
    """The cap that the station was told, kg/s; None where it is advice, to be set on site."""


class RationingMessage(Message):
    """Who is served first when there is not enough, and who has borne how much so far."""

    first: list[str]
    """Stations of critical users."""
    borne: list[BorneMessage]
    """Those that have borne most, at most twenty."""
    loops: int
    """How many have borne anything."""
    turn_percent: float
    """What a loop that has borne more gets more, at most."""
    spared_K_h: float
    """Who has borne so much more than the mean is served first, too."""
    caps: list[FlowCapMessage]
    """Stations that shall draw less, those first that are most above their share; empty but in a shortage."""


class LoopPlan(Message):
    """One planned loop, in short."""

    station: str
    loop: int
    followed: bool
    """Whether its present instruction comes from the plan; else the plan is a proposal."""
    T_supply_set: float | None
    m_flow_set: float | None
    """What was last dispatched, degC and kg/s."""
    T_supply_asked: float | None
    m_flow_asked: float | None
    """What the plan asks for now, followed or not, before the guard and its rates."""
    T_indoor: float | None
    """Estimated when the plan was made, degC."""
    T_indoor_sd: float | None
    room_from: str
    """``measured``, ``estimated`` or ``lost``."""
    T_indoor_end: float | None
    """Expected after ``hours``."""
    curve_T_indoor_end: float | None
    """The same on the heating curve."""
    hours: float
    E_heat_kWh: float | None
    """Heat planned for ``hours``."""
    saved: float | None
    """Less than the curve would take in that time, as a fraction of the curve's heat; below 0 it is more."""
    limits: list[Sentence]
    """What bound it."""
    obeyed: float | None
    """Part of the last day's samples in which measured supply and flow obeyed their instruction; None, as
    below, where too little is known."""
    heat_off: float | None
    """Actual heat of the last day less planned, as a fraction of the planned."""
    room_off_K: float | None
    """Root mean square of the rooms off what was said of them three hours before."""


class PlanMessage(Message):
    """Answer of ``/plan``."""

    now: float
    status: str
    """``optimal``, ``usable``, ``stale`` or ``none``."""
    why: Sentence | None
    """Why it is not optimal."""
    made_at: float | None
    """UTC second at which it was published; None before the first."""
    age_s: float | None
    """Of what it was made from."""
    usable: bool
    """Whether it may be followed now."""
    gap_percent: float | None
    """Proven distance to the best."""
    cost: CostMessage | None
    binding: list[Sentence]
    start: float | None
    step_s: float
    Q_flow_kW: Series
    """Planned for the network, loops outside of the plan as they are now."""
    Q_flow_max_kW: Series
    """What the source can give; null where it is not limited."""
    price: Series
    """Of one kWh more: the tariff, and more where the source is at a limit."""
    T_outdoor: Series
    """Forecast, degC."""
    Q_flow_excluded_kW: float
    """Of that, loops outside of the plan."""
    saved: float | None
    """Less heat than on the curves over the horizon, as a fraction, of the loops that are planned for."""
    obeyed: float | None
    """Part of the last day's instructions that were obeyed, by area; None before enough is known."""
    rationing: RationingMessage | None
    """None while nobody has borne anything and there is enough."""
    past: PastHeat
    planner: PlannerMessage | None
    forecast: ForecastMessage | None
    excluded: list[ExcludedMessage]
    loops: list[LoopPlan]


class LoopAhead(Message):
    """One loop of a station, step by step."""

    loop: int
    followed: bool
    excluded: Sentence | None
    """Why it is not planned for; then the series are empty, but for a loop that takes no setpoints: those are
    what a plan would ask of it."""
    explanation: Sentence | None
    """Why it is told what it is told; of a proposal, what it would do."""
    doubts: list[Sentence]
    """What worsened the estimate of its rooms."""
    learned: list[Sentence]
    """What identification knows of its houses, its exchanger, the way from the source and its pump."""
    T_indoor: float | None
    T_indoor_sd: float | None
    room_from: str
    q: Series
    """W/m2."""
    T_room: Series
    """degC at the end of each step."""
    T_room_min: Series
    """Lower edge of the comfort band, degC."""
    T_supply: Series
    """degC."""
    m_flow: Series
    """kg/s."""
    curve_T_supply: Series
    curve_T_room: Series


class StationPlan(Message):
    """Answer of ``/plan/{station}``."""

    now: float
    station: str
    status: str
    why: Sentence | None
    age_s: float | None
    start: float | None
    step_s: float
    T_outdoor: Series
    loops: list[LoopAhead]


class LoopIdentified(Message):
    """What identification made of a loop."""

    loop: int
    outcome: str
    """``accepted``, ``kept`` (the numbers of before foretold the last day as well) or ``refused``."""
    reasons: list[Sentence]


class StationIdentified(Message):
    """Answer of ``POST /plan/{station}/identify``."""

    station: str
    loops: list[LoopIdentified]
