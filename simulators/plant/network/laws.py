"""What every active link of a network takes off the pressure at its flow, and how fast that grows.

Pipes by Darcy and Weisbach with their fittings, valves by their flow coefficient, pumps by a parabola.
"""

from typing import NamedTuple

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.compiled import compiled
from simulators.plant.network.friction import dynamic_viscosity
from simulators.plant.network.graph import Network
from simulators.plant.network.operation import Operation
from simulators.plant.network.pattern import Pattern
from simulators.plant.network.tangent import flow_at_1_bar
from simulators.plant.water import density

LINEAR_SHARE = 1e-4
"""Valves and pumps: the square law becomes linear around this share of the flow at 1 bar, so that their
slope never vanishes. It changes the flow at 1 kPa by less than one part in a million."""

GRAVITY = 9.81


class Laws(NamedTuple):
    """Loss of the active links over their flow: loss = c phi(Re) + r m sqrt(m^2 + m0^2) - lift.

    The first ones are the pipes.
    """

    rho: Floats
    """kg/m3 in the pipes."""
    per_flow: Floats
    """Re over m of the pipes."""
    c: Floats
    c_per_flow: Floats
    rough: Floats
    """k/(3.71 D) of the pipes."""
    root: Floats
    """1/sqrt(f) of the pipes as it was found last, 0 before; written over."""
    r: Floats
    m0_2: Floats
    lift: Floats
    """kPa that a pump adds at no flow, less the weight of the water that is raised."""


@compiled
def square_loss(r: float, m0_2: float, m: float) -> tuple[float, float]:
    """Return r m sqrt(m^2 + m0^2), about linear below m0, in kPa and its slope in kPa/(kg/s)."""
    swung = np.sqrt(m * m + m0_2)
    return r * m * swung, r * (m * m / swung + swung)


class Pipes:
    """What the laws of a network's pipes take from their shape alone, shape (n_pipes,)."""

    def __init__(self, network: Network) -> None:
        n, D = network.n_pipes, network.diameter
        self.area = np.pi / 4.0 * D**2
        self.zeta = network.zeta / (2.0 * self.area**2) / 1000.0
        self.m0 = LINEAR_SHARE * self.area * 1000.0
        rise = network.elevation[network.link_end[:n]] - network.elevation[network.link_start[:n]]
        self.lift = -GRAVITY * rise / 1000.0
        self.per_flow = 4.0 / (np.pi * D)
        self.c = network.length / (2.0 * D**3) / 1000.0
        self.rough = network.roughness / D / 3.71
        self.root = np.zeros(n)


def laws(network: Network, pipes: Pipes, now: Operation, used: Pattern) -> Laws:
    """Return the laws of the active links in an operation."""
    rho, mu = density(now.T_pipe), dynamic_viscosity(now.T_pipe)
    n, links = network.n_pipes, network.n_links
    r, m0, lift = np.zeros(links), np.ones(links), np.zeros(links)
    r[:n], m0[:n], lift[:n] = pipes.zeta / rho, pipes.m0, pipes.lift * rho
    m_bar = flow_at_1_bar(now.Kv, now.T_consumer)
    r[network.consumers] = 100.0 / m_bar**2
    m0[network.consumers] = LINEAR_SHARE * m_bar
    running, link = now.pump_speed > 0.0, network.pump_link
    r[link] += np.where(running, network.pump_a, 0.0)
    m0[link] = np.where(running, LINEAR_SHARE * np.sqrt(100.0 / network.pump_a), m0[link])
    lift[link] += now.pump_speed**2 * network.pump_dp0
    per_flow, c = pipes.per_flow / mu, pipes.c * mu**2 / rho
    return Laws(
        rho=rho,
        per_flow=per_flow,
        c=c,
        c_per_flow=c * per_flow,
        rough=pipes.rough,
        root=pipes.root,
        r=r[used.active],
        m0_2=m0[used.active] ** 2,
        lift=lift[used.active],
    )
