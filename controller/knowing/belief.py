"""What is believed of one loop's houses, since when and why; and how that is kept in a file.

Numbers come from three places, the later the surer: ``prior`` (loops of its kind), ``asked`` (what the loop
itself answered within its first days, see ``controller/knowing/asking.py``) and ``night`` (identification).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from controller.decisions import LoopKey, LoopTraits
from controller.knowing.known import UNEXPLAINED, Known, believing
from optimizer.building import Buildings, Floats, joined
from optimizer.estimate.trusting import trusted
from optimizer.identify.delay import Delay
from optimizer.identify.exchanger import ExchangerTrend
from optimizer.identify.nightly import Identified, believed
from optimizer.identify.parameters import Candidates
from optimizer.identify.pump import PumpCurve
from optimizer.identify.signature import Signature
from optimizer.reason import Reason, because
from stations.model.setpoint import CirculationChannel

Source = Literal["prior", "asked", "night"]
Found = Signature | ExchangerTrend | Delay | PumpCurve
_FOUND: Mapping[str, type[Found]] = {
    kind.__name__: kind for kind in (Signature, ExchangerTrend, Delay, PumpCurve)
}


class Introduced(NamedTuple):
    """A loop as it was first seen."""

    at: float
    """UTC second."""
    prior: Buildings
    """What a loop of its kind begins with, one loop."""
    alone: bool
    """True where it is the only loop of its station: the station's meters tell of it."""


class Asked(NamedTuple):
    """What a loop told of its emitters when it was asked, or its sensors did."""

    at: float
    """UTC second."""
    q_n: float
    """W/m2 at the rating of its building."""
    T_indoor_sd: float
    """Doubt of the room that such emitters tell, K."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What is believed of one loop from ``at`` on."""

    key: LoopKey
    at: float
    """UTC second at which this was found."""
    source: Source
    moved_at: float
    """UTC second at which the house's numbers last moved, or were first believed."""
    identified: Identified
    """The numbers, why they are these, and their doubt."""
    asked: Asked | None = None
    exchanger: ExchangerTrend | Reason | None = None
    """How well the station's exchanger carries heat; None where it was not looked at."""
    exchanger_clean: ExchangerTrend | None = None
    """The record in which it did so best; None before the first."""
    delay: Delay | Reason | None = None
    """How long water takes from the source."""
    to_rooms: Delay | Reason | None = None
    """How long it takes from the station to the rooms; None in what was found before that was looked at."""
    pump: PumpCurve | Reason | None = None
    """Which speed gives which circulation."""


def first_belief(key: LoopKey, introduced: Introduced) -> Belief:
    """Return what is believed of a loop of which nothing was learned yet."""
    nothing = because("identify.not_yet")
    return Belief(
        key=key,
        at=introduced.at,
        source="prior",
        moved_at=introduced.at,
        identified=Identified(
            state="refused",
            reasons=(nothing,),
            candidate=believed(introduced.prior),
            fitted=None,
            T_indoor_sd=None,
            signature=nothing,
        ),
    )


def with_beliefs(known: Known, first: Known, beliefs: Mapping[LoopKey, Belief]) -> Known:
    """Return ``known`` with the houses and the trust that follow from ``beliefs``.

    ``first`` holds the priors of the same loops, for those without a belief; area and design flow are always
    those of the site.
    """
    if not known.keys:
        return known
    told = [beliefs.get(key) for key in known.keys]
    own = [
        first.buildings.take([place]) if one is None else one.identified.building
        for place, one in enumerate(told)
    ]
    buildings = replace(joined(own), area=first.buildings.area, flow_design=first.buildings.flow_design)
    trust = trusted([None if one is None else one.identified for one in told])
    unexplained = trust.disturbance_sd.copy()
    for place, one in enumerate(told):
        unexplained[place] = max(
            unexplained[place], UNEXPLAINED.get("prior" if one is None else one.source, 0.0)
        )
    return believing(known, buildings, replace(trust, disturbance_sd=unexplained))


def to_rooms_s(keys: Sequence[LoopKey], beliefs: Mapping[LoopKey, Belief]) -> Floats:
    """Return the seconds (n,) that water takes from each loop's station to its rooms; 0 where not known."""
    told = [beliefs.get(key) for key in keys]
    found = [None if one is None else one.to_rooms for one in told]
    return np.array([one.seconds if isinstance(one, Delay) else 0.0 for one in found])


def pumps_by_speed(
    traits: Mapping[LoopKey, LoopTraits], beliefs: Mapping[LoopKey, Belief]
) -> dict[LoopKey, PumpCurve]:
    """Return the pumps of loops that are told their circulation as a speed, where their curve was found."""
    return {
        key: belief.pump
        for key, belief in beliefs.items()
        if isinstance(belief.pump, PumpCurve)
        and key in traits
        and traits[key].circulation is CirculationChannel.Y_PUMP
    }


# ---------------------------------------------------------------------------------------------- in a file


def stored(belief: Belief) -> str:
    """Return a belief as JSON."""
    one = belief.identified
    return json.dumps(
        {
            "key": list(belief.key),
            "at": belief.at,
            "source": belief.source,
            "moved_at": belief.moved_at,
            "state": one.state,
            "reasons": [_reason(reason) for reason in one.reasons],
            "building": stored_building(one.building),
            "water": float(one.candidate.water[0]),
            "sensor_bias": float(one.candidate.sensor_bias[0]),
            "T_indoor_sd": one.T_indoor_sd,
            "signature": _found(one.signature),
            "asked": None if belief.asked is None else list(belief.asked),
            "exchanger": _found(belief.exchanger),
            "exchanger_clean": _found(belief.exchanger_clean),
            "delay": _found(belief.delay),
            "to_rooms": _found(belief.to_rooms),
            "pump": _found(belief.pump),
        }
    )


def restored(text: str) -> Belief:
    """Return a belief from what ``stored`` made of it.

    Raises ValueError, KeyError, TypeError for anything else.
    """
    told: dict[str, Any] = json.loads(text)
    station, loop = told["key"]
    signature = _refound(told["signature"])
    if not isinstance(signature, Signature | Reason):
        raise ValueError("signature: missing")
    exchanger, delay, pump = (_refound(told[name]) for name in ("exchanger", "delay", "pump"))
    to_rooms, clean = _refound(told.get("to_rooms")), _refound(told.get("exchanger_clean"))
    if (
        not isinstance(exchanger, ExchangerTrend | Reason | None)
        or not isinstance(clean, ExchangerTrend | None)
        or not isinstance(delay, Delay | Reason | None)
        or not isinstance(to_rooms, Delay | Reason | None)
        or not isinstance(pump, PumpCurve | Reason | None)
    ):
        raise ValueError("exchanger, delay, pump: of another kind")
    candidate = Candidates(
        restored_building(told["building"]),
        np.array([float(told["water"])]),
        np.array([float(told["sensor_bias"])]),
    )
    return Belief(
        key=LoopKey(station, loop),
        at=told["at"],
        source=told["source"],
        moved_at=told["moved_at"],
        identified=Identified(
            state=told["state"],
            reasons=tuple(Reason(name, params) for name, params in told["reasons"]),
            candidate=candidate,
            fitted=None,
            T_indoor_sd=told["T_indoor_sd"],
            signature=signature,
        ),
        asked=None if told["asked"] is None else Asked(*told["asked"]),
        exchanger=exchanger,
        exchanger_clean=clean,
        delay=delay,
        to_rooms=to_rooms,
        pump=pump,
    )


def stored_building(building: Buildings) -> dict[str, float]:
    """Return one loop's numbers by name."""
    return {field.name: float(getattr(building, field.name)[0]) for field in fields(building)}


def restored_building(told: Mapping[str, float]) -> Buildings:
    """Return one loop; raises KeyError, TypeError, ValueError for what is no building."""
    return Buildings(**{field.name: np.array([float(told[field.name])]) for field in fields(Buildings)})


def _reason(reason: Reason) -> list[Any]:
    return [reason.id, dict(reason.params)]


def _found(found: Found | Reason | None) -> Sequence[Any] | None:
    if found is None:
        return None
    return _reason(found) if isinstance(found, Reason) else [type(found).__name__, asdict(found)]


def _refound(told: Sequence[Any] | None) -> Found | Reason | None:
    if told is None:
        return None
    name, values = told
    kind = _FOUND.get(name)
    return Reason(name, values) if kind is None else kind(**values)
