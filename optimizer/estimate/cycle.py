"""One cycle of estimation: what n loops are like now, from what they were and what was measured since.

A Kalman filter of five states a loop: room, envelope, a disturbance in W/m2, the bias of the indoor
sensors and the error of the radiator law; the last three come back to what is trusted of them in their own
times, so a filter that hears nothing forgets (Simon, Optimal State Estimation, ch. 5 and 7). Two things
tell of the room:

- sensors: room + bias;
- water and heat by ``optimizer.emitters``: room + law's error. It is asked with running means over an hour,
  less what the water itself took up.

Readings a minute apart have nearly the same error; they count as one for each of their correlation times,
so the length of a cycle does not matter. A reading that is far from what can have happened counts as if it
were ``GATE`` deviations off: one wrong reading moves little, and what lasts is believed in the end.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimizer import emitters
from optimizer.building import Buildings, Floats, free_heat, steady_heat, transition
from optimizer.estimate.heat import (
    SUN_W_PER_M2,
    T_INDOOR_DEGC,
    T_OUTDOOR_DEGC,
    T_WATER_DEGC,
    WIND_M_PER_S,
    Good,
    Heat,
    delivered,
    plausible,
)
from optimizer.estimate.state import (
    BIAS,
    BIAS_USED_SD_K,
    DISTURBANCE,
    HEARD_HEAT_S,
    HEARD_INDOOR_S,
    LAW,
    LAW_SD_K,
    N_STATES,
    T_ENVELOPE,
    T_ROOM,
    Doubt,
    EstimateState,
    Measurements,
)
from optimizer.inversion import CP_KJ_PER_KG_K

BACK_H = {DISTURBANCE: 36.0, BIAS: 60.0 * 24.0, LAW: 72.0}
"""Hours in which they come back to what is trusted of them."""
ROOM_K_PER_ROOT_H, ENVELOPE_K_PER_ROOT_H = 0.10, 0.05
"""What two stores do not know of a house: its rooms, its windows."""
INPUT_CORRELATED_H = 2.0
OUTDOOR_SD_K, OUTDOOR_HELD_K_PER_ROOT_H, OUTDOOR_SD_MAX_K = 0.3, 1.0, 8.0
SUN_UNKNOWN_W_PER_M2 = 100.0
WIND_USUAL_M_PER_S = 2.5
SENSOR_SD_K, SENSOR_CORRELATED_H = 0.15, 1.0
LAW_READING_SD_K, LAW_CORRELATED_H = 0.5, 3.0
SLOW_H, WATER_GAP_S = 1.0, 3600.0
"""Running means of the water; after a longer hole they begin anew."""
Q_MIN_W_PER_M2, DROP_MIN_K = 3.0, 0.3
"""Below these the water tells of no room."""
ROOM_BY_LAW_DEGC = (-10.0, 45.0)
HOUSES_DEGC = (-60.0, 90.0)
"""No house is colder than any weather or warmer than its water, whatever meters say."""
GATE = 4.0


def estimate(
    state: EstimateState, measured: Measurements, buildings: Buildings, dt_s: float
) -> EstimateState:
    """Return the loops ``dt_s`` (> 0) seconds after ``state``; finite whatever was measured."""
    if not dt_s > 0.0:
        raise ValueError(f"a cycle takes more than {dt_s} s")
    heat = delivered(state, measured, buildings, dt_s)
    outdoor = plausible(measured.T_outdoor, *T_OUTDOOR_DEGC)
    indoor = plausible(measured.T_indoor, *T_INDOOR_DEGC)
    sun = plausible(measured.sun, *SUN_W_PER_M2)
    wind = plausible(measured.wind, *WIND_M_PER_S)
    grown = np.hypot(state.T_outdoor_sd, OUTDOOR_HELD_K_PER_ROOT_H * np.sqrt(dt_s / 3600.0))
    now = replace(
        state,
        q=heat.q,
        q_sd=heat.sd,
        q_meter=heat.by_meter,
        q_water=heat.by_water,
        T_outdoor=np.where(outdoor.there, outdoor.value, state.T_outdoor),
        T_outdoor_sd=np.where(outdoor.there, OUTDOOR_SD_K, np.minimum(grown, OUTDOOR_SD_MAX_K)),
        since_indoor_s=np.where(indoor.there, 0.0, state.since_indoor_s + dt_s),
        since_heat_s=np.where(heat.told, 0.0, state.since_heat_s + dt_s),
    )
    mean, P = _predicted(now, sun, np.where(wind.there, wind.value, WIND_USUAL_M_PER_S), buildings, dt_s)
    now, room, room_sd, tells = _room_by_law(now, measured, heat, buildings, dt_s)
    spread = np.sqrt(max(SENSOR_CORRELATED_H * 3600.0 / dt_s, 1.0))
    jumped = _told(mean, P, BIAS, indoor.value, np.full(len(state), SENSOR_SD_K * spread), indoor.there)
    spread = np.sqrt(max(LAW_CORRELATED_H * 3600.0 / dt_s, 1.0))
    strayed = _told(mean, P, LAW, room, room_sd * spread, tells)
    doubts = (
        heat.doubts
        | Doubt.NO_OUTDOOR * (~outdoor.there).astype(np.int64)
        | Doubt.NO_SUN * (~sun.there).astype(np.int64)
        | Doubt.IMPLAUSIBLE * (indoor.odd | outdoor.odd | sun.odd | wind.odd).astype(np.int64)
        | Doubt.INDOOR_JUMPED * jumped.astype(np.int64)
        | Doubt.LAW_JUMPED * strayed.astype(np.int64)
    )
    return replace(now, mean=mean, covariance=0.5 * (P + P.transpose(0, 2, 1)), doubts=doubts)


def _predicted(
    now: EstimateState, sun: Good, wind: Floats, buildings: Buildings, dt_s: float
) -> tuple[Floats, Floats]:
    """Return mean and covariance before this cycle's readings of rooms."""
    dt_h, n = dt_s / 3600.0, len(now)
    step = transition(buildings, dt_h, wind)
    F = np.zeros((n, N_STATES, N_STATES))
    F[:, :2, :2] = step.A
    F[:, :2, DISTURBANCE] = step.B[:, :, 2]
    Q = np.zeros((n, N_STATES))
    level = np.zeros((n, N_STATES))
    level[:, BIAS] = now.trust.sensor_bias
    # where sensors hang, the law may be off altogether without the room being so
    law_sd = np.where(now.since_indoor_s <= HEARD_INDOOR_S, np.hypot(LAW_SD_K, now.trust.level_sd), LAW_SD_K)
    bias_sd = np.minimum(now.trust.sensor_sd, BIAS_USED_SD_K)
    usual = {DISTURBANCE: now.trust.disturbance_sd, BIAS: bias_sd, LAW: law_sd}
    for place, sd in usual.items():
        kept = np.exp(-dt_h / BACK_H[place])
        F[:, place, place] = kept
        Q[:, place] = sd**2 * (1.0 - kept**2)
        level[:, place] *= 1.0 - kept
    gains = free_heat(buildings, sun.value)
    # a heat that was not told for hours is taken for what keeps the room where it is
    told = (now.since_heat_s <= HEARD_HEAT_S) & (dt_s <= HEARD_HEAT_S)
    q = np.where(told, now.q, steady_heat(buildings, now.mean[:, T_ROOM], now.T_outdoor, gains, wind))
    u = np.stack([q, now.T_outdoor, gains], axis=1)
    mean = np.einsum("nij,nj->ni", F, now.mean) + level
    mean[:, :2] = np.clip(mean[:, :2] + np.einsum("nij,nj->ni", step.B, u), *HOUSES_DEGC)
    # errors of inputs last: as many cycles of one sign count more than as many of either
    lasts = max(INPUT_CORRELATED_H / dt_h, 1.0)
    sun_sd = np.where(sun.there, 0.0, SUN_UNKNOWN_W_PER_M2 * buildings.solar_aperture)
    by_heat = (step.B[:, :2, 0] ** 2) * (now.q_sd**2 + sun_sd**2)[:, None]
    by_outdoor = (step.B[:, :2, 1] * now.T_outdoor_sd[:, None]) ** 2
    Q[:, :2] = (by_heat + by_outdoor) * lasts
    Q[:, T_ROOM] += ROOM_K_PER_ROOT_H**2 * dt_h
    Q[:, T_ENVELOPE] += ENVELOPE_K_PER_ROOT_H**2 * dt_h
    P = F @ now.covariance @ F.transpose(0, 2, 1)
    at = np.arange(N_STATES)
    P[:, at, at] += Q
    return mean, P


def _room_by_law(
    now: EstimateState, measured: Measurements, heat: Heat, buildings: Buildings, dt_s: float
) -> tuple[EstimateState, Floats, Floats, NDArray[np.bool_]]:
    """Return the state with its running means, the room that the water tells of, its doubt, and where."""
    supply, back = (plausible(T, *T_WATER_DEGC) for T in (measured.T_supply, measured.T_return))
    # a return that is not measured follows from heat and design circulation
    per_K = 1000.0 * CP_KJ_PER_KG_K * buildings.flow_design
    T_return = np.where(back.there, back.value, supply.value - heat.q / per_K)
    known = supply.there & heat.told & (supply.value - T_return > DROP_MIN_K)
    fresh = now.since_water_s > WATER_GAP_S
    read = np.stack([supply.value, T_return, heat.q])
    share = np.where(fresh, 1.0, -np.expm1(-dt_s / 3600.0 / SLOW_H))
    slow = np.where(known, now.slow + share * (read - now.slow), now.slow)
    rise = np.where(fresh, 0.0, 0.5 * ((read[0] - slow[0]) + (read[1] - slow[1])) / SLOW_H)
    given = np.maximum(slow[2] - now.trust.water * rise, 0.0)
    room = emitters.room(buildings, slow[0], slow[1], given)
    tells = known & (given > Q_MIN_W_PER_M2) & (slow[0] - slow[1] > DROP_MIN_K)
    tells &= (room > ROOM_BY_LAW_DEGC[0]) & (room < ROOM_BY_LAW_DEGC[1])
    excess = emitters.excess(buildings, given)
    by_heat = excess / (1.0 + buildings.exponent) * heat.sd / np.maximum(given, Q_MIN_W_PER_M2)
    since = np.where(known, 0.0, now.since_water_s + dt_s)
    return (
        replace(now, slow=slow, since_water_s=since),
        np.where(tells, room, 0.0),
        np.hypot(LAW_READING_SD_K, by_heat),
        tells,
    )


def _told(
    mean: Floats, P: Floats, error: int, value: Floats, sd: Floats, there: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Take in ``value`` = room + state ``error``, with ``sd``, where it is there: ``mean`` and ``P`` change.

    Returns where it was further off than the gate.
    """
    off = value - mean[:, T_ROOM] - mean[:, error]
    with_room = P[:, :, T_ROOM] + P[:, :, error]
    expected = with_room[:, T_ROOM] + with_room[:, error]
    variance = expected + sd**2
    far = there & (np.abs(off) > GATE * np.sqrt(variance))
    # as if it were just at the gate
    variance = np.where(far, np.maximum((off / GATE) ** 2, variance), variance)
    gain = np.where(there[:, None], with_room / variance[:, None], 0.0)
    mean += gain * off[:, None]
    P -= gain[:, :, None] * with_room[:, None, :]
    return far
