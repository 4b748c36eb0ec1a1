"""From planned heat to what a loop is told: supply temperature and circulation, at least pump power.

One emitter with the logarithmic mean, as in ``inversion``, for all loops at once. Heat q at a circulation G
takes the excess L = L_n (q / q_n)^(1/(1+b)) and the drop a = q / (c G), so

    T_supply = T_indoor + a / (1 - e^(-a/L)),  T_return = T_supply - a.

Pump power goes with the cube of G, so the least G is the cheapest that keeps the supply below its limit and
the drop within its own, and that still reaches all branches: below 0.75 of design in single-pipe houses, 0.60
in double-pipe houses and 0.70 in floors, water spreads so unevenly that the saving is lost again. What that
costs those at the end of a riser grows with the heat, so in the cold more water flows (``even_flow``). Less
does so only where houses are too warm with the coolest supply that they may be told.

A loop is moved seldom. Heat is the mean over the time for which an instruction stands, taken when the water
will be there; what would move less than the dead band is left; and where circulation stays, the temperature
is that which the circulation held needs.
"""

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from optimizer.balance import FLOW_MIN_DOUBLE, FLOW_MIN_FLOOR, FLOW_MIN_SINGLE
from optimizer.inversion import CP_KJ_PER_KG_K

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
OWN_BAND_K = 8.0
"""Largest distance from the station's own curve: what a loop falls back to must be near."""
DEAD_BAND_K, DEAD_BAND_WORN_K = 0.3, 0.5
FLOW_DEAD_BAND, FLOW_DEAD_BAND_WORN = 0.02, 0.05
"""Moves below these are left out; the larger ones hold where a setpoint's memory wears out."""
WORN_EVERY_S = 1800.0
"""Such a memory is written at most 48 times a day."""
FLOW_EVERY_S = 1800.0
"""Circulation turns round no sooner; the same move may go on."""
FLOW_COLD, EVEN_BETWEEN_DEGC = 0.9, (-2.0, 5.0)
"""Of design, in days as cold as the first; in those above the second the least flow will do. In the cold a
riser with little water is kelvins behind, its dwellings below 18 degC and those with sensors above: what
secondary pumps save is paid for by residents. Measured on the simulated city, see decision 0028."""
STANDS_S = 1800.0
"""An instruction is made for the mean heat of so long."""
HALVINGS = 30


class Limit(IntEnum):
    """What kept an instruction from being the cheapest that gives the planned heat."""

    NONE = 0
    SUPPLY_MAX = 1
    SUPPLY_MIN = 2
    OWN_CURVE = 3
    OFFSET = 4
    FLOW_MIN = 5
    """Water would spread too unevenly: not a loss of heat, but of pump power saved."""
    FLOW_MAX = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Emitters:
    """What n loops are; arrays (n,), temperatures in degC."""

    q_n: Floats
    """Heat in W/m2 of the installed emitters at ``excess_n`` K."""
    excess_n: Floats
    exponent: Floats
    flow_design: Floats
    """kg/(s m2)."""
    flow_min: Floats
    """Fraction of design, see ``least_flow``."""
    flow_even: Floats
    """The same below which nobody goes but for heat that is too much, see ``even_flow``."""
    T_supply_min: Floats
    T_supply_max: Floats
    T_own: Floats
    """The stations' own curves at this hour's outdoor temperature."""
    drop_min: Floats
    drop_max: Floats
    """Between supply and return, K."""
    sets_flow: Flags
    """True where circulation is ours to set; elsewhere the temperature fits what flows."""
    wears_out: Flags
    offset_min: Floats
    offset_max: Floats
    """Bounds of a class B offset to the own curve, K; -inf and inf for other classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What n loops hold now; NaN where nothing is known."""

    T_supply: Floats
    flow: Floats
    """Fraction of design."""
    since_move_s: Floats
    """Scaled seconds since the temperature was last changed."""
    since_flow_s: Floats
    flow_rose: Flags
    """Whether the last move of circulation was upwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """What n loops shall hold; never NaN where ``known``."""

    known: Flags
    """False where inputs do not suffice: such a loop keeps what it has."""
    T_supply: Floats
    flow: Floats
    """Fraction of design."""
    flow_advised: Floats
    """The cheapest flow, also where circulation is not ours to set."""
    offset: Floats
    """``T_supply`` less the own curve, K: what a class B station is written."""
    T_return: Floats
    """Expected, degC."""
    q: Floats
    """W/m2 that the instruction gives; less or more than planned where a limit binds."""
    limit: NDArray[np.int8]
    """``Limit`` of each loop."""


def least_flow(emitter: str, piping: str) -> float:
    """Return the least circulation as a fraction of design for a loop's emitter and the houses' risers."""
    if emitter == "floor":
        return FLOW_MIN_FLOOR
    return FLOW_MIN_SINGLE if piping == "single" else FLOW_MIN_DOUBLE


def even_flow(emitter: str, piping: str, T_outdoor: float) -> float:
    """Return the circulation as a fraction of design that keeps a loop's dwellings even.

    ``T_outdoor`` is the mean of the day, degC; where it is no number it is taken for cold.
    """
    if not math.isfinite(T_outdoor):
        return FLOW_COLD
    return float(np.interp(T_outdoor, EVEN_BETWEEN_DEGC, (FLOW_COLD, least_flow(emitter, piping))))


def heat_ahead(q: Floats, dt_s: float, ahead_s: Floats, stands_s: float = STANDS_S) -> Floats:
    """Return the mean heat (n,) of ``q`` (n, k) in the ``stands_s`` from ``ahead_s`` (n,) after its start on.

    ``ahead_s`` is the time since the plan's start and the loop's transport delay. Past its last step a plan
    goes on as it ends.
    """
    n, k = q.shape
    total = np.concatenate([np.zeros((n, 1)), np.cumsum(q, axis=1)], axis=1) * dt_s

    def until(at: Floats) -> Floats:
        place = np.clip(at / dt_s, 0.0, float(k))
        step = np.minimum(place.astype(np.intp), k - 1)
        loops = np.arange(n)
        within = total[loops, step] + (place - step) * dt_s * q[loops, step]
        return np.asarray(within + np.maximum(at - k * dt_s, 0.0) * q[:, -1])

    begin = np.maximum(ahead_s, 0.0)
    return np.asarray((until(begin + stands_s) - until(begin)) / stands_s)


def instruct(q: Floats, T_indoor: Floats, emitters: Emitters, held: Held) -> Instructions:
    """Return what each loop shall hold so that it gives ``q`` W/m2 to rooms of ``T_indoor`` degC."""
    e = emitters
    known = _known(q, T_indoor, emitters)
    with np.errstate(all="ignore"):
        heat = np.where(known, np.maximum(q, 1e-3), 1.0)
        room = np.where(known, T_indoor, 20.0)
        excess = e.excess_n * (heat / e.q_n) ** (1.0 / (1.0 + e.exponent))
        carried = heat / (1000.0 * CP_KJ_PER_KG_K * e.flow_design)  # drop at design flow, K
        cheapest, flow_limit = _cheapest(room, excess, carried, emitters)
        flow = np.where(e.sets_flow, _moved_flow(cheapest, emitters, held), _flowing(held))
        wanted = room + _rise(excess, carried / flow)
        low, high = _band(emitters)
        T_supply = np.clip(wanted, low, high)
        T_supply = np.clip(_moved_supply(T_supply, flow, emitters, held), low, high)
        given, T_return = _given(T_supply, flow, room, emitters)
    limit = np.where(wanted > high + 1e-9, _upper(emitters), flow_limit)
    limit = np.where(wanted < low - 1e-9, _lower(emitters), limit)
    keeps = np.where(np.isfinite(held.T_supply), held.T_supply, e.T_own)
    T_supply = np.where(known, T_supply, keeps)
    with np.errstate(invalid="ignore"):  # of a loop whose own curve is no number it is none either
        offset = T_supply - e.T_own
    return Instructions(
        known=known,
        T_supply=T_supply,
        flow=np.where(known, flow, _flowing(held)),
        flow_advised=np.where(known, cheapest, _flowing(held)),
        offset=offset,
        T_return=np.where(known, T_return, T_supply),
        q=np.where(known, given, 0.0),
        limit=np.where(known, limit, Limit.NONE).astype(np.int8),
    )


def _known(q: Floats, T_indoor: Floats, e: Emitters) -> Flags:
    plausible = (T_indoor > 5.0) & (T_indoor < 35.0) & (q >= 0.0) & (q < 500.0)
    positive = (e.q_n > 0.0) & (e.excess_n > 0.0) & (e.flow_design > 0.0) & (e.exponent >= 0.0)
    finite = np.isfinite(np.stack([e.q_n, e.excess_n, e.flow_design, e.exponent, e.T_own])).all(axis=0)
    low, high = _band(e)
    bounds = (low <= high) & (e.flow_min > 0.0) & (e.flow_min <= e.flow_even) & (e.flow_even <= 1.0)
    bounds &= e.drop_min <= e.drop_max
    return np.asarray(plausible & positive & finite & bounds & (e.exponent <= 1.0))


def _rise(excess: Floats, drop: Floats) -> Floats:
    """Supply above the room, K."""
    return np.asarray(drop / -np.expm1(-drop / excess))


def _band(e: Emitters) -> tuple[Floats, Floats]:
    """Between which temperatures an instruction may lie; hard limits win over the own curve's band."""
    low = np.clip(e.T_own + np.maximum(-OWN_BAND_K, e.offset_min), e.T_supply_min, e.T_supply_max)
    high = np.clip(e.T_own + np.minimum(OWN_BAND_K, e.offset_max), e.T_supply_min, e.T_supply_max)
    return low, high


def _upper(e: Emitters) -> NDArray[np.int64]:
    own = np.where(e.offset_max < OWN_BAND_K, Limit.OFFSET, Limit.OWN_CURVE)
    return np.where(_band(e)[1] >= e.T_supply_max, Limit.SUPPLY_MAX, own)


def _lower(e: Emitters) -> NDArray[np.int64]:
    own = np.where(e.offset_min > -OWN_BAND_K, Limit.OFFSET, Limit.OWN_CURVE)
    return np.where(_band(e)[0] <= e.T_supply_min, Limit.SUPPLY_MIN, own)


def _cheapest(room: Floats, excess: Floats, carried: Floats, e: Emitters) -> tuple[Floats, NDArray[np.int64]]:
    """Return the least flow within all limits, and the limit that it lies at."""
    bottom, top = _band(e)
    most = np.clip(carried / np.maximum(e.drop_min, 1e-6), e.flow_min, 1.0)
    even = np.minimum(e.flow_even, most)
    for_drop = carried / e.drop_max
    for_supply = _flow_for(room, excess, carried, top, (even, np.ones_like(room)))
    flow = np.maximum(for_supply, np.clip(for_drop, even, most))
    # so little heat that water as cool as it may be gives too much of it: less water gives less
    slow = np.maximum(_flow_for(room, excess, carried, bottom, (e.flow_min, even)), for_drop)
    flow = np.where(room + _rise(excess, carried / even) < bottom, np.minimum(slow, flow), flow)
    flow = np.clip(flow, e.flow_min, 1.0)
    limit = np.where(flow <= even + 1e-9, Limit.FLOW_MIN, Limit.NONE)
    limit = np.where(flow < even - 1e-9, _lower(e), limit)
    return flow, np.where(flow >= 1.0 - 1e-6, Limit.FLOW_MAX, limit)


def _flow_for(
    room: Floats, excess: Floats, carried: Floats, T_supply: Floats, between: tuple[Floats, Floats]
) -> Floats:
    """Return the least flow ``between`` two with which a supply no warmer than ``T_supply`` carries the heat.

    The more flows, the cooler it may be; where even the greater of the two does not do, that is the answer.
    """
    low, high = between[0].copy(), between[1].copy()
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        enough = room + _rise(excess, carried / middle) <= T_supply
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    does = room + _rise(excess, carried / between[0]) <= T_supply
    return np.where(does, between[0], high)


def _flowing(held: Held) -> Floats:
    return np.where((held.flow > 0.05) & (held.flow <= 1.5), held.flow, 1.0)


def _moved_flow(wanted: Floats, e: Emitters, held: Held) -> Floats:
    """Return the flow to hold: that of now, unless it pays to move it."""
    now = np.clip(_flowing(held), e.flow_min, 1.0)
    band = np.where(e.wears_out, FLOW_DEAD_BAND_WORN, FLOW_DEAD_BAND)
    turns = (wanted > now) != held.flow_rose
    worn = e.wears_out & ~(np.minimum(held.since_flow_s, held.since_move_s) >= WORN_EVERY_S)
    soon = (turns & ~(held.since_flow_s >= FLOW_EVERY_S)) | worn
    move = (np.abs(wanted - now) >= band) & ~soon
    return np.where(move | ~np.isfinite(held.flow), wanted, now)


def _moved_supply(wanted: Floats, flow: Floats, e: Emitters, held: Held) -> Floats:
    """Return the temperature to hold: that of now, unless the change is worth a write."""
    band = np.where(e.wears_out, DEAD_BAND_WORN_K, DEAD_BAND_K)
    soon = e.wears_out & ~(held.since_move_s >= WORN_EVERY_S)
    same_flow = np.abs(flow - _flowing(held)) < 1e-9
    stay = np.isfinite(held.T_supply) & same_flow & ((np.abs(wanted - held.T_supply) < band) | soon)
    return np.where(stay, held.T_supply, wanted)


def _given(T_supply: Floats, flow: Floats, room: Floats, e: Emitters) -> tuple[Floats, Floats]:
    """Return the heat in W/m2 that a supply and a flow give, and the return temperature.

    Bisection on the return: the warmer it is, the more the emitters give and the less the water carries.
    """
    rise = np.maximum(T_supply - room, 1e-6)
    capacity = 1000.0 * CP_KJ_PER_KG_K * e.flow_design * flow
    low, high = np.zeros_like(rise), rise.copy()
    for _ in range(2 * HALVINGS):
        back = 0.5 * (low + high)
        mean = (rise - back) / np.log(rise / back)
        too_warm = e.q_n * (mean / e.excess_n) ** (1.0 + e.exponent) > capacity * (rise - back)
        low, high = np.where(too_warm, low, back), np.where(too_warm, back, high)
    back = 0.5 * (low + high)
    return capacity * (rise - back), room + back
