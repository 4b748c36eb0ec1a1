"""What meters of a physical city showed over days, and what was true: to identify and estimate houses from.

The plant is richer than the model it is identified by: houses of four zones with five stores each, pipes,
people, open windows. The meters have the offsets, gains, noise and steps of the field.
"""

from dataclasses import dataclass

import numpy as np

from simulators.fieldtruth.build import season_start, sky_at
from simulators.fieldtruth.draw_sensors import KINDS, draw_indoor, draw_meters
from simulators.fieldtruth.parameters import parameters
from simulators.fieldtruth.season import season_plant
from simulators.plant import zone
from simulators.plant.meter import measure
from simulators.plant.water import C_WATER

ROW_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Rows of 15 minutes; loops by columns."""

    times: np.ndarray
    T_outdoor: np.ndarray
    sun: np.ndarray
    wind: np.ndarray
    area: np.ndarray
    is_floor: np.ndarray
    T_supply: np.ndarray
    T_return: np.ndarray
    m_flow: np.ndarray
    q: np.ndarray
    """W/m2 by the meters of the loop's own water."""
    T_sensors: np.ndarray
    """Mean of the sensors of the loop's houses, NaN without any."""
    T_true: np.ndarray
    """Mean of the occupied dwellings by area."""


def record_city(field, days, day=60.0, step_s=300.0, shift=lambda hour, n: np.zeros(n)):
    """Run a city on its own curves from a day of the winter on; `shift` moves each loop's curve in K."""
    weather = field.city.weather
    start = season_start(weather) + day * 86_400.0
    plant = season_plant(field, step_s)
    state, control, out = field.begin(start - 86_400.0, step_s), field.control(start), None
    A, occupied = field.params.zone.A_heated, field.occupied
    loop, n = field.params.house.loop, len(field.params.station.UA)
    weight = np.where(occupied, A, 0.0)
    area = field.city.loops.A_heated
    meters = draw_meters(field.city, field.params.station.station, parameters()).meters
    indoor, kinds = None, [KINDS.index(kind) for kind in ("T_supply", "T_return", "m_flow")]
    rng = np.random.default_rng(5)
    rows, inner = [], []
    per_row = round(ROW_S / step_s)
    for step in range(round((days + 1.0) * 86_400.0 / step_s)):
        sky = sky_at(weather, state.time)
        control.curve_shift = shift(step * step_s / 3600.0 - 24.0, n)
        state, out = plant.step(state, control.inputs(state, out, sky, step_s))
        if step * step_s < 86_400.0:
            continue
        T = zone.indoor(state.T)
        if indoor is None:
            indoor = draw_indoor(field.city, field.params, occupied, T, parameters())
        true = np.bincount(loop, weights=(T * weight).sum(axis=1), minlength=n) / np.bincount(
            loop, weights=weight.sum(axis=1), minlength=n
        )
        shown = np.zeros((len(KINDS), n))
        shown[kinds] = np.stack([out.T_supply, out.T_return, out.m_flow])
        T_s, T_r, m = measure(shown, meters, rng)[kinds]
        sensors, sensed = indoor.show(T), loop[indoor.house]
        count = np.bincount(sensed, minlength=n)
        with np.errstate(invalid="ignore"):
            T_sensors = np.bincount(sensed, weights=sensors, minlength=n) / np.where(count, count, np.nan)
        sun = sky.sun_diffuse + sky.sun_direct * max(np.sin(np.radians(sky.sun_elevation)), 0.0)
        inner.append(
            (
                np.array([sky.T_outdoor, sun, sky.wind]),
                np.stack([T_s, T_r, m, 1000.0 * m * C_WATER * (T_s - T_r) / area, T_sensors, true]),
            )
        )
        if len(inner) == per_row:
            means = [np.mean([part[k] for part in inner], axis=0) for k in range(2)]
            rows.append((state.time - ROW_S, *means))
            inner = []
    sky = np.array([row[1] for row in rows]).T
    loops = np.array([row[2] for row in rows]).transpose(1, 0, 2)
    return Recorded(
        times=np.array([row[0] for row in rows]),
        T_outdoor=sky[0],
        sun=sky[1],
        wind=sky[2],
        area=area,
        is_floor=field.curves.is_floor,
        T_supply=loops[0],
        T_return=loops[1],
        m_flow=loops[2],
        q=loops[3],
        T_sensors=loops[4],
        T_true=loops[5],
    )
