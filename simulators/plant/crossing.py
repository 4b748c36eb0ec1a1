"""Water that crosses between primary and secondary side through holes in exchangers, and what it takes along.

The pressure on the primary side of an exchanger is that of the network's return there plus half of what pipes
and exchanger take of the station's differential pressure; the control valve, which takes the rest, stands in
front of it. Water that crosses leaves or enters the network at the station's return.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant import filling
from simulators.plant.arrays import Floats, every, some
from simulators.plant.city_parts import CityInputs, CityParams
from simulators.plant.filling import Filled, HOLD_kPa, VESSEL_PER_kPa
from simulators.plant.water import C_WATER


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What the network loses and gets besides stations and sources, shape (n_nodes,)."""

    leak: Floats
    """kg/s out of it."""
    entering: Floats | None
    T_entering: Floats | None
    """kg/s into it, and their degC; None where nothing enters."""

    @property
    def net(self) -> Floats:
        """Return kg/s out of it less those into it, as ``Operation.leak``."""
        return self.leak if self.entering is None else self.leak - self.entering


class Crossing:
    """The exchangers of one city between their two sides."""

    def __init__(self, params: CityParams, content: Floats) -> None:
        """``content``: kg of water in each loop, shape (n_loops,)."""
        network, station = params.network, params.station
        self._network, self._station = network, station
        self._supply = network.link_start[network.consumers][station.station]
        self.returns = network.link_end[network.consumers][station.station]
        """Node of the station's return, shape (n_loops,)."""
        self.vessel = VESSEL_PER_kPa * content
        """kg that each loop's vessel takes in a kPa, shape (n_loops,)."""
        self._makeup_most = filling.MAKEUP_MAX * station.m_flow_design
        self._none = np.zeros(len(content))

    def filled(
        self, p_secondary: Floats, p_node: Floats, inputs: CityInputs, Kv_valve: Floats, m: Floats, dt: float
    ) -> Filled:
        """Return how a step of ``dt`` s fills the loops; ``p_node`` are the network's pressures in kPa."""
        lost = (self._station.leak + inputs.burst) * m
        if not (some(inputs.hole) or some(inputs.burst)) and every(p_secondary == HOLD_kPa):
            return Filled(p=p_secondary, through=self._none, lost=lost, makeup=lost, spilt=self._none)
        back = p_node[self.returns]
        inner = Kv_valve**2 / (Kv_valve**2 + self._station.K_fixed**2)
        p_primary = back + 0.5 * inner * (p_node[self._supply] - back)
        most = self._makeup_most
        return filling.step(p_secondary, p_primary, inputs.hole, lost, most, self.vessel, dt)

    def drawn(self, filled: Filled, T_return_primary: Floats, leak: Floats) -> Drawn:
        """Return what the network loses by ``leak`` and by what crosses, and what comes back into it."""
        through = filled.through
        if not filled.crosses:
            return Drawn(leak=leak, entering=None, T_entering=None)
        n = self._network.n_nodes
        leak = leak + np.bincount(self.returns, weights=np.maximum(through, 0.0), minlength=n)
        back = np.maximum(-through, 0.0)
        if not some(back):
            return Drawn(leak=leak, entering=None, T_entering=None)
        entering = np.bincount(self.returns, weights=back, minlength=n).astype(np.float64)
        heat = np.bincount(self.returns, weights=back * T_return_primary, minlength=n)
        T = np.where(entering > 0.0, heat / np.where(entering > 0.0, entering, 1.0), 0.0)
        return Drawn(leak=leak, entering=entering, T_entering=T)

    def heat_left(
        self, drawn: Drawn, filled: Filled, T_node: Floats, T_mixed: Floats, T_supply: Floats, T_makeup: float
    ) -> float:
        """Return the kW that water took out of both sides for good, less what make-up brought.

        ``T_mixed`` of the water back from the houses and ``T_supply``, shape (n_loops,). What crosses stays:
        it counts on neither side.
        """
        if not filled.crosses:
            secondary = filled.lost @ (T_mixed - T_makeup)
            primary = drawn.leak @ T_node - float(drawn.leak.sum()) * T_makeup
            return C_WATER * float(secondary + primary)
        through = filled.through
        into = np.maximum(through, 0.0)
        cold = filled.lost - filled.replaced + np.maximum(-through, 0.0)
        spilt = np.where(through > 0.0, filled.passing, 0.0)
        secondary = filled.lost @ T_mixed - cold.sum() * T_makeup + spilt @ T_supply
        made_up = float(drawn.net.sum())
        held = self._network.link_start[self._network.sources][self._network.reference]
        at = T_makeup if made_up >= 0.0 else float(T_node[held])
        primary = drawn.leak @ T_node - into @ T_node[self.returns] - made_up * at
        return C_WATER * float(secondary + primary)
