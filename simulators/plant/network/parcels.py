"""The parcels of water in all pipes through one step: out at one end, mixed at the nodes, in at the other.

Inner loops of ``transport``, which says what is meant; arrays of parcels have shape (n_pipes, n_parcels).
"""

from typing import NamedTuple

import numpy as np

from simulators.plant.arrays import Floats, Indices
from simulators.plant.compiled import compiled
from simulators.plant.network.graph import Flags

AT_REST_kg = 1e-12
"""Less than this in a step is no flow: the parcels' masses are not known any better."""
_NO_kg = 1e-300


@compiled
def mean_temperature(mass: Floats, T: Floats) -> Floats:
    """Return the mean of each pipe's parcels in degC, shape (n_pipes,)."""
    mean = np.empty(len(mass))
    for pipe in range(len(mass)):
        held, heat = 0.0, 0.0
        for k in range(mass.shape[1]):
            held += mass[pipe, k]
            heat += mass[pipe, k] * T[pipe, k]
        mean[pipe] = heat / held
    return mean


@compiled
def taken_out(
    mass: Floats, T: Floats, before: Flags, m_flow: Floats, held: Floats, dt: float
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return what stays of the parcels, their T, and kg and kg degC that leave each pipe, and kg through it.

    The latter flow through in this step because the pipe holds less, ``held`` kg, than ``m_flow`` kg/s bring.
    Where the water ran the other way ``before``, parcels have the opposite order from now on.
    """
    n, n_parcels = mass.shape
    staying, T_staying = np.empty_like(mass), np.empty_like(T)
    given, heat, through = np.empty(n), np.empty(n), np.empty(n)
    for pipe in range(n):
        moved = abs(m_flow[pipe]) * dt
        if moved < AT_REST_kg:
            moved = 0.0
        due, out, warm = moved, 0.0, 0.0
        turned = (m_flow[pipe] >= 0.0) != before[pipe]
        for k in range(n_parcels):
            at = n_parcels - 1 - k if turned else k
            here, degC = mass[pipe, at], T[pipe, at]
            taken = min(due, here)
            due -= taken
            out += taken
            warm += taken * degC
            staying[pipe, k], T_staying[pipe, k] = here - taken, degC
        given[pipe], heat[pipe], through[pipe] = out, warm, max(moved - held[pipe], 0.0)
    return staying, T_staying, given, heat, through


class Brought(NamedTuple):
    """What comes to the nodes in a step."""

    given: Floats
    heat: Floats
    through: Floats
    """By the pipes, kg and kg degC out of what they held, and kg straight through them, shape (n_pipes,)."""
    m_flow: Floats
    """kg/s of all links, shape (n_links,)."""
    T_consumer: Floats
    T_source: Floats
    """degC of what stations and sources bring."""
    makeup: float
    T_makeup: float
    """kg/s and degC."""
    entering: Floats
    heat_entering: Floats
    """kg/s, and kg degC/s, into each node besides; both empty where nothing enters."""


@compiled
def mixed(
    brought: Brought,
    into: Indices,
    upstream: Indices,
    T_before: Floats,
    along: Indices,
    ring: bool,
    dt: float,
) -> Floats:
    """Return the temperature of each node: the mean of what flows in; the last one where nothing does.

    Links bring their water ``into`` nodes, make-up into the last of these. A pipe that holds less than flows
    through it in a step passes on what enters it in the same step. Such pipes follow one another, so each is
    mixed in ``along`` the flow, after all that feeds it. Where water runs round a ``ring``, as only a pump
    makes it, that is repeated till it rests.
    """
    given, heat, through, m_flow = brought.given, brought.heat, brought.through, brought.m_flow
    T_consumer, T_source = brought.T_consumer, brought.T_source
    n, n_pipes, n_links = len(T_before), len(given), len(m_flow)
    inflow, T_node = np.zeros(n), np.zeros(n)
    for i in range(n_pipes):
        inflow[into[i]] += given[i] + through[i]
        T_node[into[i]] += heat[i]
    for i in range(n_pipes, n_links):
        kg, k = abs(m_flow[i]) * dt, i - n_pipes
        inflow[into[i]] += kg
        T_node[into[i]] += kg * (T_consumer[k] if k < len(T_consumer) else T_source[k - len(T_consumer)])
    inflow[into[n_links]] += brought.makeup * dt
    T_node[into[n_links]] += brought.makeup * dt * brought.T_makeup
    for node in range(len(brought.entering)):
        inflow[node] += brought.entering[node] * dt
        T_node[node] += brought.heat_entering[node] * dt
    for node in range(n):
        fed = inflow[node] > AT_REST_kg
        inflow[node] = 1.0 / inflow[node] if fed else 0.0
        T_node[node] = T_node[node] * inflow[node] if fed else T_before[node]
    if not ring:
        for i in range(len(along)):
            pipe = along[i]
            if through[pipe] > 0.0:
                node = into[pipe]
                T_node[node] += through[pipe] * inflow[node] * T_node[upstream[pipe]]
        return T_node
    T = T_node
    for _ in range(10 * n):
        following = T_node.copy()
        for pipe in range(n_pipes):
            if through[pipe] > 0.0:
                node = into[pipe]
                following[node] += through[pipe] * inflow[node] * T[upstream[pipe]]
        if np.abs(following - T).max() <= 1e-12:
            break
        T = following
    return T


@compiled
def put_in(
    mass: Floats,
    T: Floats,
    kg: Floats,
    T_node: Floats,
    upstream: Indices,
    cooled: Floats,
    T_ground: float,
    held: Floats,
) -> Floats:
    """Put ``kg`` from its ``upstream`` node into each pipe, in place; let it cool, return the kg K it loses.

    To make room the two neighbours are joined that differ least. ``cooled`` is the share of its excess over
    the ground that a pipe loses; it holds ``held`` kg.
    """
    n, n_parcels = mass.shape
    lost = np.empty(n)
    for pipe in range(n):
        join, least = 0, np.inf
        for k in range(n_parcels - 1):
            m_a, m_b, apart = mass[pipe, k], mass[pipe, k + 1], T[pipe, k] - T[pipe, k + 1]
            alike = apart * apart * m_a * m_b / max(m_a + m_b, AT_REST_kg)
            if alike < least:
                join, least = k, alike
        m_a, m_b, T_a = mass[pipe, join], mass[pipe, join + 1], T[pipe, join]
        joined = m_a + m_b
        T[pipe, join] = T_a + (T[pipe, join + 1] - T_a) * (m_b / max(joined, _NO_kg))
        mass[pipe, join] = joined
        for k in range(join + 1, n_parcels - 1):
            mass[pipe, k], T[pipe, k] = mass[pipe, k + 1], T[pipe, k + 1]
        mass[pipe, n_parcels - 1], T[pipe, n_parcels - 1] = kg[pipe], T_node[upstream[pipe]]
        heat, keep, ground = 0.0, 1.0 - cooled[pipe], T_ground * cooled[pipe]
        for k in range(n_parcels):
            heat += mass[pipe, k] * T[pipe, k]
            T[pipe, k] = T[pipe, k] * keep + ground
        lost[pipe] = (heat - T_ground * held[pipe]) * cooled[pipe]
    return lost
