"""A physical city in the middle of its winter, within seconds: walls by the days before, water by some hours.

Long steps first, then those of service. What differs with the length of a step is the water in the pipes to
the houses: it is handed over at its mean temperature.
"""

from dataclasses import dataclass, replace

import numpy as np

from simulators.fieldtruth.build import FieldCity
from simulators.fieldtruth.control import Curves, OwnControl
from simulators.fieldtruth.parameters import parameters
from simulators.physical.sky import HOUR_S, Skies
from simulators.plant import plug
from simulators.plant.arrays import Floats
from simulators.plant.city_parts import CityInputs, CityOutputs, CityParams, CityState
from simulators.plant.city_plant import CityPlant, house_pipes
from simulators.plant.facade import Sky

REMEMBERED_S = 4 * 24 * HOUR_S
"""What walls remember of the weather (``FieldCity.begin``)."""
STAGES = ((600.0, 14 * HOUR_S), (60.0, 2 * HOUR_S))
"""Length of a step and of the stage, s: sources find their load, peak ones start, valves settle."""
SERVICE_S = 600.0
"""At the steps of service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A city that runs."""

    plant: CityPlant
    state: CityState
    inputs: CityInputs
    """Of the last step."""
    out: CityOutputs
    control: OwnControl


def started(
    field: FieldCity, curves: Curves, m_flow: Floats, skies: Skies, start: float, dt: float
) -> Started:
    """Return the city at UTC second ``start``, ready for steps of ``dt`` s.

    Until then its loops run on these own curves with a circulation of ``m_flow`` kg/s each.
    """
    stages = (*STAGES, (dt, max(SERVICE_S, dt)))
    begin = start - sum(length for _, length in stages)
    field = replace(
        field, city=replace(field.city, weather=skies.table(begin - REMEMBERED_S - HOUR_S, begin + HOUR_S))
    )
    state, control = field.begin(begin, stages[0][0], curves), _control(field, curves, skies.at(begin))
    out: CityOutputs | None = None
    pump = np.minimum(m_flow / field.params.station.m_flow_max, 1.0)
    for place, (step, length) in enumerate(stages):
        if place:
            state = with_steps_of(field.params, state, stages[place - 1][0], step)
        plant = CityPlant(field.params, step)
        for _ in range(round(length / step)):
            inputs = replace(control.inputs(state, out, skies.at(state.time), step), pump=pump)
            state, out = plant.step(state, inputs)
    assert out is not None
    return Started(plant=plant, state=state, inputs=inputs, out=out, control=control)


def _control(field: FieldCity, curves: Curves, sky: Sky) -> OwnControl:
    """Return controllers that follow their outdoor sensor at once, as the PLCs do that take over."""
    tables = parameters()
    return OwnControl(
        field.params,
        curves,
        {**tables, "own_curve": {**tables["own_curve"], "outdoor_filter_h": 0.0}},
        T_outdoor=sky.T_outdoor,
        dp_source=field.dp_source,
        base=field.city.sources.base,
        fouling=field.fouling,
        pump_speed=field.pump_speed,
    )


def with_steps_of(params: CityParams, state: CityState, before: float, after: float) -> CityState:
    """Return a city that ran in steps of ``before`` s for steps of ``after`` s."""
    T_mean = state.pipe.heat / house_pipes(params, before).mass + params.T_ground
    return replace(state, pipe=plug.filled(house_pipes(params, after), T_mean, after))
