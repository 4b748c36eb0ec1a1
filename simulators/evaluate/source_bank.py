"""The heat sources and their networks, one for each copy of the city."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.plant import source
from simulators.plant.water import density
from stations.model.identity import Point

if TYPE_CHECKING:
    from simulators.plant.arrays import Floats, Indices
    from simulators.plant.source import SourceParams, SourceState


class SourceBank:
    """State of all sources. Owner: ``QuickCity``."""

    def __init__(self, params: SourceParams, states: list[SourceState], station: Indices) -> None:
        """Take the state of each copy's source; ``station`` of each loop, shape (n_loops,)."""
        self.params = params
        self.states = states
        self._station = station

    def step(self, m_primary: Floats, T_return_primary: Floats, T_outdoor: float, dt: float) -> Floats:
        """Advance by ``dt`` s, given the loops' flow (kg/s) and return (degC) of all copies in a row.

        Return (heat delivered in kW, pump power in kW, return in degC) by copy, shape (3, n_copies).
        """
        shown = np.empty((3, len(self.states)))
        n = len(self._station)
        for k, state in enumerate(self.states):
            mine = slice(k * n, (k + 1) * n)
            after = source.step(state, self.params, m_primary[mine], T_return_primary[mine], T_outdoor, dt)
            self.states[k] = after
            shown[:, k] = (
                source.heat_delivered(after),
                source.pump_power(after, self.params),
                after.T_return,
            )
        return shown

    def shows(self, k: int, T_outdoor: float) -> dict[Point, float | None]:
        """Return what the source of copy ``k`` reports, as ``simulators.source`` does."""
        state, params = self.states[k], self.params
        values = {
            "T_supply_source": state.T_supply,
            "T_return_source": state.T_return,
            "m_flow_source": state.m_flow_smooth,
            "p_supply_source": params.p_return + params.dp,
            "p_return_source": params.p_return,
            "Q_flow_source": source.heat_delivered(state),
            "Q_flow_source_max": params.Q_max,
            "P_pump_source": source.pump_power(state, params),
            "T_outdoor": T_outdoor,
        }
        return {Point(0, name): value for name, value in values.items()}

    def at_entrances(self) -> tuple[Floats, Floats, Floats]:
        """Return supply (degC), differential pressure (kPa), density (kg/m3) at the loops of all copies."""
        station, params = self._station, self.params
        T = np.concatenate([state.T_station[station] for state in self.states])
        dp = np.concatenate([(params.dp - source.path_loss(state, params))[station] for state in self.states])
        return T, dp, density(T)
