"""A week of a physical city by the hour, for people to look at."""

from dataclasses import dataclass, field

import numpy as np

from simulators.fieldtruth.build import FieldCity
from simulators.plant import zone
from simulators.plant.arrays import Floats
from simulators.plant.city_parts import CityOutputs, CityState


@dataclass(slots=True)
class Watched:
    """What was seen, one row a step."""

    city: FieldCity
    T_outdoor: list[float] = field(default_factory=list)
    primary: list[tuple[float, float, float]] = field(default_factory=list)
    """degC leaving the first source and returning, kg/(h m2) of primary flow."""
    secondary: list[Floats] = field(default_factory=list)
    """Supply and return of radiator, then of floor loops, degC; flow in kg/(h m2)."""
    heat: list[Floats] = field(default_factory=list)
    """Fired by each source, MW."""
    indoor: list[Floats] = field(default_factory=list)
    """Of the occupied zones: 3, 25, 50, 75, 97 % of the area are colder, degC."""
    dp: list[tuple[float, float, float]] = field(default_factory=list)
    """kPa at the worst, the middle and the best station."""
    last: CityState | None = None
    link_flow: Floats = field(default_factory=lambda: np.zeros(0))

    def see(self, state: CityState, out: CityOutputs, T_outdoor: float) -> None:
        """Note one step."""
        params, curves = self.city.params, self.city.curves
        A = params.zone.A_heated
        self.T_outdoor.append(T_outdoor)
        total = float(A.sum())
        self.primary.append(
            (
                float(state.source.T_supply[0]),
                float(out.T_return_source[0]),
                float(out.m_flow_primary.sum()) * 3600.0 / total,
            )
        )
        kinds = [~curves.is_floor, curves.is_floor]
        means = [_mean(T, out.m_flow, kind) for kind in kinds for T in (out.T_supply, out.T_return)]
        self.secondary.append(np.array([*means, float(out.m_flow.sum()) * 3600.0 / total]))
        self.heat.append(out.Q_source / 1000.0)
        T, weight = zone.indoor(state.T)[self.city.occupied], A[self.city.occupied]
        order = np.argsort(T)
        upto = np.cumsum(weight[order]) / weight.sum()
        self.indoor.append(np.interp((0.03, 0.25, 0.5, 0.75, 0.97), upto, T[order]))
        self.dp.append((float(out.dp.min()), float(np.median(out.dp)), float(out.dp.max())))
        self.last, self.link_flow = state, out.m_flow_link


def _mean(T: Floats, m_flow: Floats, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    if not which.any():
        return float("nan")
    return float((T * m_flow)[which].sum() / m_flow[which].sum())
