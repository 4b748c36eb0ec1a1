"""A neutral little network for tests of the guard: builders with sound defaults, changed by `replace`."""

from dataclasses import replace

from controller.decisions import (
    GuardContext,
    LoopKey,
    LoopObservation,
    LoopTraits,
    Mode,
    Proposal,
    Season,
    Sent,
)
from controller.words.phrase import verbatim
from stations.model.quality import Reason
from stations.model.reading import bad, good
from stations.model.setpoint import CirculationChannel, HeatChannel, StationClass

NOW = 1_736_899_200.0
MONOTONIC = 100_000.0
T_OUTDOOR = 0.0


def own_curve(T_outdoor):
    """60 degC at 0 degC outdoors, 1.5 K less for each K warmer."""
    return 60.0 - 1.5 * T_outdoor


def floor_curve(T_outdoor):
    return 38.0 - 0.8 * T_outdoor


def key(number=1, loop=1):
    return LoopKey(f"S{number:03d}", loop)


def loop_traits(number=1, **changes):
    emitter = changes.get("emitter", "radiator")
    station_class = changes.get("station_class", StationClass.A)
    offset = station_class is StationClass.B
    traits = LoopTraits(
        key=key(number),
        district="north",
        station_class=station_class,
        emitter=emitter,
        heat=HeatChannel.DT_OFFSET if offset else HeatChannel.T_SUPPLY,
        circulation=CirculationChannel.M_FLOW if station_class is StationClass.A else None,
        A_heated_m2=60_000.0,
        T_supply_min_degC=25.0,
        T_supply_max_degC=55.0 if emitter == "floor" else 85.0,
        m_flow_design=40.0,
        own_curve=floor_curve if emitter == "floor" else own_curve,
        offset_lower_K=-3.0,
        offset_upper_K=5.0,
        wears_out=False,
        heat_resolution_K=0.1,
        proven=True,
        takes_outdoor=station_class is StationClass.A,
    )
    return replace(traits, **changes)


def observation(number=1, **changes):
    seen = LoopObservation(
        key=key(number),
        mode=Mode.AUTO,
        season=Season.HEATING,
        polled_at=NOW - 5.0,
        remote=True,
        readmitted=True,
        T_supply=good(60.0, NOW - 5.0),
        T_return=good(43.0, NOW - 5.0),
        m_flow=good(40.0, NOW - 5.0),
        pump_running=True,
        T_supply_effective=good(60.0, NOW - 5.0),
        m_flow_effective=good(40.0, NOW - 5.0),
        p_return=good(300.0, NOW - 5.0),
        T_supply_primary=good(95.0, NOW - 5.0),
        T_outdoor=good(T_OUTDOOR, NOW - 5.0),
    )
    return replace(seen, **changes)


def sent(minutes_ago, T_supply=60.0, m_flow=40.0, T_own_curve=60.0):
    return Sent(at=MONOTONIC - 60.0 * minutes_ago, T_supply=T_supply, m_flow=m_flow, T_own_curve=T_own_curve)


def wish(T_supply=60.0, m_flow=40.0, number=1, author="strategy:curve"):
    why = verbatim("a test asks")
    return Proposal(key=key(number), T_supply=T_supply, m_flow=m_flow, author=author, reason=why)


def context(traits=None, observations=None, history=None, **changes):
    """One loop by default, held at 60 degC and 40 kg/s since two hours."""
    traits = [loop_traits()] if traits is None else traits
    observations = [observation(_number(t)) for t in traits] if observations is None else observations
    history = {t.key: (sent(120),) for t in traits} if history is None else history
    whole = GuardContext(
        now=NOW,
        monotonic=MONOTONIC,
        poll_s=10.0,
        T_outdoor_centre=good(T_OUTDOOR, NOW - 30.0),
        traits={t.key: t for t in traits},
        observations={seen.key: seen for seen in observations},
        sent=history,
    )
    return replace(whole, **changes)


def many(count, **changes):
    """Traits of `count` loops, one station each."""
    return [loop_traits(number, **changes) for number in range(1, count + 1)]


def no_value(reason=Reason.NO_ANSWER):
    return bad(reason, NOW - 5.0)


def _number(traits):
    return int(traits.key.station[1:])
