"""What every active link of a network takes off the pressure at its flow, and how fast that grows.

Pipes by Darcy and Weisbach with their fittings, valves by their flow coefficient, pumps by a parabola.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.network.friction import Colebrook, dynamic_viscosity
from simulators.plant.network.graph import Network
from simulators.plant.network.operation import Operation
from simulators.plant.network.pattern import Pattern
from simulators.plant.network.tangent import flow_at_1_bar
from simulators.plant.water import density

LINEAR_SHARE = 1e-4
"""Valves and pumps: the square law becomes linear around this share of the flow at 1 bar, so that their
slope never vanishes. It changes the flow at 1 kPa by less than one part in a million."""

GRAVITY = 9.81


@dataclass(frozen=True, slots=True, kw_only=True)
class Laws:
    """Loss of the active links over their flow: loss = c phi(Re) + r m sqrt(m^2 + m0^2) - lift."""

    n_pipes: int
    rho: Floats
    """kg/m3 in the pipes."""
    per_flow: Floats
    """Re over m of the pipes."""
    c: Floats
    c_per_flow: Floats
    friction: Colebrook
    r: Floats
    m0_2: Floats
    lift: Floats
    """kPa that a pump adds at no flow, less the weight of the water that is raised."""

    def loss(self, m: Floats) -> tuple[Floats, Floats]:
        """Return the losses in kPa and their slopes in kPa/(kg/s)."""
        m2 = m * m
        swung = np.sqrt(m2 + self.m0_2)
        loss = self.r * m
        loss *= swung
        loss -= self.lift
        m2 /= swung
        m2 += swung
        m2 *= self.r
        n = self.n_pipes
        phi, d_phi = self.friction.scaled_loss(np.abs(m[:n]) * self.per_flow)
        phi *= self.c
        loss[:n] += np.copysign(phi, m[:n])
        d_phi *= self.c_per_flow
        m2[:n] += d_phi
        return loss, m2


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
        self.friction = Colebrook(network.roughness / D)


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
        n_pipes=n,
        rho=rho,
        per_flow=per_flow,
        c=c,
        c_per_flow=c * per_flow,
        friction=pipes.friction,
        r=r[used.active],
        m0_2=m0[used.active] ** 2,
        lift=lift[used.active],
    )
