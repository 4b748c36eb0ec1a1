"""What every active link of a network takes off the pressure at its flow, and how fast that grows.

Pipes by Darcy and Weisbach with their fittings, valves by their flow coefficient, pumps by a parabola.
"""

from typing import NamedTuple

import numpy as np

from simulators.plant.arrays import Floats, Indices
from simulators.plant.compiled import callable_from_kernels, compiled
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

callable_from_kernels(density, dynamic_viscosity, flow_at_1_bar)


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


class Pipes(NamedTuple):
    """What the laws of a network's pipes take from their shape alone, shape (n_pipes,)."""

    n_links: int
    """Of the whole network."""
    area: Floats
    zeta: Floats
    lift: Floats
    per_flow: Floats
    c: Floats
    rough: Floats
    root: Floats
    """1/sqrt(f) as it was found last."""


def pipes_of(network: Network) -> Pipes:
    """Return the shapes of a network's pipes."""
    n, D = network.n_pipes, network.diameter
    area = np.pi / 4.0 * D**2
    rise = network.elevation[network.link_end[:n]] - network.elevation[network.link_start[:n]]
    return Pipes(
        n_links=network.n_links,
        area=area,
        zeta=network.zeta / (2.0 * area**2) / 1000.0,
        lift=-GRAVITY * rise / 1000.0,
        per_flow=4.0 / (np.pi * D),
        c=network.length / (2.0 * D**3) / 1000.0,
        rough=network.roughness / D / 3.71,
        root=np.zeros(n),
    )


def laws(network: Network, pipes: Pipes, now: Operation, used: Pattern) -> Laws:
    """Return the laws of the active links in an operation."""
    rho, per_flow, c, r, m0, lift = _laws(
        pipes,
        now.T_pipe,
        now.Kv,
        now.T_consumer,
        now.pump_speed,
        network.pump_link,
        network.pump_dp0,
        network.pump_a,
    )
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


@compiled
def _laws(
    pipes: Pipes,
    T_pipe: Floats,
    Kv: Floats,
    T_consumer: Floats,
    pump_speed: Floats,
    pump_link: Indices,
    pump_dp0: Floats,
    pump_a: Floats,
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Return rho, Re over m and c of the pipes; r, m0 and lift of pipes and stations, then sources."""
    area, zeta, lift_of, per_m, c_of = pipes.area, pipes.zeta, pipes.lift, pipes.per_flow, pipes.c
    n, n_links = len(area), pipes.n_links
    rho, per_flow, c = np.empty(n), np.empty(n), np.empty(n)
    r, m0, lift = np.zeros(n_links), np.ones(n_links), np.zeros(n_links)
    for i in range(n):
        rho[i], mu = density(T_pipe[i]), dynamic_viscosity(T_pipe[i])
        per_flow[i], c[i] = per_m[i] / mu, c_of[i] * mu**2 / rho[i]
        r[i], m0[i], lift[i] = zeta[i] / rho[i], LINEAR_SHARE * area[i] * 1000.0, lift_of[i] * rho[i]
    for j in range(len(Kv)):
        m_bar = flow_at_1_bar(Kv[j], T_consumer[j])
        r[n + j], m0[n + j] = 100.0 / m_bar**2, LINEAR_SHARE * m_bar
    for j in range(len(pump_link)):
        i = pump_link[j]
        if pump_speed[j] > 0.0:
            r[i] += pump_a[j]
            m0[i] = LINEAR_SHARE * np.sqrt(100.0 / pump_a[j])
        lift[i] += pump_speed[j] ** 2 * pump_dp0[j]
    return rho, per_flow, c, r, m0, lift
