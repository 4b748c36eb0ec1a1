"""Messages of the HTTP API, version 1: what a client can rely on. The screen imports nothing else of us.

The server does not build these objects for every request (a city has twenty thousand readings); it writes
the same shape as text and a test holds the two together. Units: degC, kg/s, kPa, kW, kWh, m3, fractions
0..1; times are UTC seconds of the controller's (in a demo: scaled) clock. New keys may appear within version
1; none disappears or changes its meaning.
"""

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from stations.model.quality import Quality, Reason


class Message(BaseModel):
    """Base of all messages; keys that a newer server adds are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ErrorBody(Message):
    """Why a request was refused, and what to do."""

    code: str
    """Stable word for programs, e.g. ``not_found``."""
    message: str
    hint: str
    reasons: list["Sentence"] = []
    """Of an order that was not taken: every reason."""


class Sentence(Message):
    """A sentence for people: for programs by id, in two languages."""

    id: str
    params: dict[str, str]
    en: str
    zh: str


class ErrorMessage(Message):
    """Every answer with a status of 400 and above."""

    error: ErrorBody


class CompactReading(NamedTuple):
    """A reading in a snapshot, an array ``[value, quality, reason, measured_at]``."""

    value: float | None
    """None exactly when quality is 0 (bad)."""
    quality: Quality
    reason: Reason
    measured_at: float


class LoopState(Message):
    """Control state of one secondary loop."""

    loop: int
    mode: Literal["local", "manual", "auto"]
    season: str
    action: Literal["set", "renew", "release", "none"] | None
    """What the last control cycle decided; None before the first."""
    author: str | None
    T_supply_set: float | None
    """Last dispatched supply temperature, degC; None while the loop is local."""
    m_flow_set: float | None
    """Last dispatched circulation, kg/s."""
    write_state: str | None
    write_state_at: float | None
    held: bool
    """True while the station holds our setpoints under a lease that is renewed."""
    order: int = 0
    """Number of the order in force, 0 where nobody ordered anything: the token of the state seen."""
    ordered_by: str | None = None
    T_supply_ordered: float | None = None
    """What an operator wants while the mode is manual, degC; the guard's rates lead there."""
    m_flow_ordered: float | None = None
    manual_until: float | None = None
    """UTC second at which the manual order ends."""


class StationState(Message):
    """One station in a snapshot."""

    id: str
    link: Literal["never", "online", "lost", "quarantined", "refused"]
    link_since: float
    link_why: str
    """Why the link is not online, in English; empty while it is."""
    link_why_sentence: Sentence | None = None
    polled_at: float | None
    rtt_ms: float | None
    readings: dict[str, CompactReading]
    """By point, ``LOOP/NAME``, e.g. ``1/T_supply_secondary``; loop 0 is the primary side."""
    loops: list[LoopState]


class Snapshot(Message):
    """All stations, or those that changed since a version that the client has."""

    now: float
    speed: float
    """Scaled seconds per wall second; 1 in service."""
    version: str
    """Opaque; give it back as ``since`` to get only what changed."""
    full: bool
    """True: replaces all that the client knows (also answered to a version of an earlier run)."""
    simulation: bool
    """True for synthetic data; a client says so."""
    T_outdoor_centre: CompactReading | None
    last_cycle_at: float | None
    alarms: list[str]
    """Standing faults of the controller itself, in English."""
    alarm_sentences: list[Sentence] = []
    stations: list[StationState]


class Traits(Message):
    """What does not change while the controller runs."""

    id: str
    name_zh: str
    name_en: str
    district: str
    kind: Literal["station", "source"]
    profile: str
    station_class: Literal["A", "T", "B", "C"]
    protocol: Literal["modbus", "opcua"]
    latitude: float
    longitude: float
    A_heated_m2: float
    loops: list["LoopTraits"]


class LoopTraits(Message):
    """What does not change of one loop."""

    loop: int
    emitter: Literal["radiator", "floor", "dhw"]
    piping: Literal["single", "double"]
    A_heated_m2: float
    T_supply_max_degC: float
    m_flow_design_kg_per_s: float
    proven: bool
    """True with a recorded commissioning proof; without it the loop is never driven."""


class StationList(Message):
    """Answer of ``/stations``."""

    site: str
    title_en: str
    title_zh: str
    timezone: str
    simulation: bool
    districts: dict[str, "District"]
    stations: list[Traits]
    poll_s: float = 10.0
    """Poll period of a station, scaled seconds."""
    slowest_poll_s: float = 0.0
    """That of the slowest station, as those that call have a pace of their own; a value that is older than a
    few of these is aged."""
    cycle_s: float = 60.0
    """Period of the control cycle, scaled seconds: what the centre works out is so old at times."""


class District(Message):
    """A part of the city with one strategy."""

    title_en: str
    title_zh: str
    strategy: str


class ReadingDetail(Message):
    """One point with all that is known of its newest reading."""

    point: str
    value: float | None
    quality: Literal["bad", "uncertain", "good"]
    reason: Reason
    measured_at: float
    age_s: float


class CutDetail(Message):
    """One rule of the guard that bound a wish."""

    rule: str
    channel: str
    wanted: float | None
    allowed: float | None
    detail: str
    """English; both languages in ``sentence``."""
    sentence: Sentence


class LoopDetail(LoopState):
    """A loop with the reasons of its last decision."""

    reason: str | None
    """Why, as one line of English."""
    why: list[Sentence] = []
    """The same for people: what the author wanted, and what stands against it."""
    T_supply_allowed: float | None
    m_flow_allowed: float | None
    cuts: list[CutDetail]


class StationDetail(Message):
    """Answer of ``/stations/{id}``."""

    now: float
    traits: Traits
    link: str
    link_since: float
    link_why: str
    """Why the link is not online, in English; empty while it is."""
    link_why_sentence: Sentence | None = None
    polled_at: float | None
    age_s: float | None
    """Seconds since the last answered poll."""
    polls: int
    polls_ok: int
    token: int
    """Fencing token of this controller run; the station's own view is among its readings (lease_token)."""
    readings: list[ReadingDetail]
    loops: list[LoopDetail]


class History(Message):
    """Answer of ``/history``: really measured samples, columns of equal length, gaps marked by null."""

    station: str
    point: str
    start: float
    end: float
    bucket_s: float | None
    """Width of a bucket of which lowest, highest and first bad sample are given; None: all samples."""
    stored: int
    measured_at: list[float]
    value: list[float | None]
    quality: list[Quality]
    reason: list[Reason]
    damaged: list[tuple[float, float]]
    """Spans whose stored data can not be read any more: lost, not "no poll"."""


class CountedMessage(Message):
    """What counters of a station counted over a period: differences of the counters, never means of power."""

    amount: float | None
    """kWh of heat or electricity, m3 of water; None where nothing could be counted."""
    counted_s: float
    """Seconds of the period that were counted."""
    doubts: list[Literal["no_counter", "no_data", "gap", "reset", "leap", "doubtful", "coarse"]]
    """Why the amount is missing or doubted: no such counter; no value; a part of the period is missing;
    the counter fell, or leapt further than possible, and that part is left out; its values were doubted; it
    moved by fewer than 20 steps of its display."""


class StationEnergy(Message):
    """What one station used."""

    id: str
    A_heated_m2: float
    heat: CountedMessage
    pump: CountedMessage
    makeup: CountedMessage
    degree_days: float | None
    """K·d over the time in which its heat was counted."""
    T_indoor_mean: float | None
    """degC, loops weighted by area, mean of a few instants; None where no sensor gave a good value."""


class Energy(Message):
    """Answer of ``/energy``: what stations used in a period, as far as the journal reaches."""

    now: float
    start: float
    end: float
    """The period that was counted, UTC seconds: what was asked, cut to what is stored."""
    T_base_degC: float
    """Base of degree-days."""
    degree_days: float | None
    T_outdoor_mean: float | None
    stations: list[StationEnergy]


class Kpis(Message):
    """Answer of ``/kpis``: the city in a few numbers. Counters run since the controller started."""

    now: float
    ready: bool
    """True once every station was asked and a control cycle completed: start-up is over."""
    stations: int
    stations_fresh: int
    """Online, and answered a poll within three periods."""
    loops: int
    loops_driven: int
    """Class A, T or B with a commissioning proof and not local: loops that the centre is meant to drive."""
    loops_confirmed: int
    """Of these, loops that have had a setpoint confirmed by read-back."""
    modes: dict[str, int]
    write_states: dict[str, int]
    held: int
    """Loops that hold our setpoints now."""
    polls: int
    polls_ok: int
    setpoints_sent: int
    setpoints_confirmed: int
    setpoints_limited: int
    setpoints_rejected: int
    setpoints_expired: int
    readings_stored: int
    cycles: int
    T_supply_mean: float | None
    """Mean of good secondary supply temperatures, weighted by heated area, degC."""
    T_return_mean: float | None
    T_outdoor_centre: float | None
    heat_W_per_m2_mean: float | None
    """Heat of stations with a good heat meter per their heated area."""
    A_metered_m2: float
    loop_lag_p99_ms: float
    loop_lag_max_ms: float
    alarms: list[str]
    alarm_sentences: list[Sentence] = []


class Readiness(Message):
    """Answer of ``/readyz``; status 503 unless ready."""

    ready: bool
    reasons: list[str]
    sentences: list[Sentence] = []
    """The same reasons in two languages."""
