"""Small physical cities for tests, made once for each worker."""

from functools import cache

from simulators.citygen.generate import generate
from simulators.fieldtruth.build import build, season_start, sky_at
from simulators.plant.city_plant import CityPlant
from simulators.plant.primary import Primary


@cache
def field_city(stations=6, seed=3, spread=2.3):
    """A drawn and commissioned city; nothing in it changes while it is stepped."""
    return build(generate(stations, seed, spread))


class Stepped:
    """A city that is stepped on its own curves from a day of the winter on."""

    def __init__(self, field, *, dt=60.0, day=60.0, moved=None, age_max_s=300.0):
        self.field, self.dt = field, dt
        start = season_start(field.city.weather) + day * 86_400.0
        params = field.params
        primary = None if moved is None else Primary(params.network, params.transport, moved, age_max_s)
        self.plant = CityPlant(params, dt, primary)
        self.state, self.control, self.out = field.begin(start, dt), field.control(start), None

    def step(self, change=lambda inputs: inputs):
        """One step; `change` alters what acts on the city."""
        sky = sky_at(self.field.city.weather, self.state.time)
        inputs = change(self.control.inputs(self.state, self.out, sky, self.dt))
        self.state, self.out = self.plant.step(self.state, inputs)
        return self.out
