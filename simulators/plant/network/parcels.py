"""The parcels of water in all pipes through one step: out at one end, mixed at the nodes, in at the other.

Inner loops of ``transport``, which says what is meant; arrays of parcels have shape (n_pipes, n_parcels).
"""

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
def taken_out(mass: Floats, T: Floats, turned: Flags, moved: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return what stays of the parcels, their T, and kg and kg degC that leave each pipe.

    ``moved`` kg shall flow through; pipes that have ``turned`` have their parcels in the opposite order.
    """
    n, n_parcels = mass.shape
    staying, T_staying = np.empty_like(mass), np.empty_like(T)
    given, heat = np.empty(n), np.empty(n)
    for pipe in range(n):
        due, out, warm = moved[pipe], 0.0, 0.0
        for k in range(n_parcels):
            at = n_parcels - 1 - k if turned[pipe] else k
            held, degC = mass[pipe, at], T[pipe, at]
            taken = min(due, held)
            due -= taken
            out += taken
            warm += taken * degC
            staying[pipe, k], T_staying[pipe, k] = held - taken, degC
        given[pipe], heat[pipe] = out, warm
    return staying, T_staying, given, heat


@compiled
def mixed(
    into: Indices,
    upstream: Indices,
    kg: Floats,
    heat: Floats,
    through: Floats,
    entering: Floats,
    heat_entering: Floats,
    T_before: Floats,
    along: Indices,
    in_ring: bool,
) -> Floats:
    """Return the temperature of each node: the mean of what flows in; the last one where nothing does.

    ``kg`` and ``heat`` (kg degC) arrive at the nodes ``into``; ``entering`` is empty where nothing enters at
    nodes. A pipe that holds less than flows ``through`` it in a step passes on what enters it in the same
    step. Such pipes follow one another, so each is mixed in ``along`` the flow, after all that feeds it.
    Where water runs round ``in_ring``, as only a pump makes it, that is repeated till it rests.
    """
    n = len(T_before)
    inflow, T_node = np.zeros(n), np.zeros(n)
    for i in range(len(into)):
        inflow[into[i]] += kg[i]
        T_node[into[i]] += heat[i]
    if len(entering):
        inflow += entering
        T_node += heat_entering
    for node in range(n):
        fed = inflow[node] > AT_REST_kg
        inflow[node] = 1.0 / inflow[node] if fed else 0.0
        T_node[node] = T_node[node] * inflow[node] if fed else T_before[node]
    if not in_ring:
        for i in range(len(along)):
            pipe = along[i]
            if through[pipe] > 0.0:
                node = into[pipe]
                T_node[node] += through[pipe] * inflow[node] * T_node[upstream[pipe]]
        return T_node
    T = T_node
    for _ in range(10 * n):
        following = T_node.copy()
        for pipe in range(len(through)):
            if through[pipe] > 0.0:
                node = into[pipe]
                following[node] += through[pipe] * inflow[node] * T[upstream[pipe]]
        moved = np.abs(following - T).max()
        if moved <= 1e-12:
            break
        T = following
    return T


@compiled
def put_in(
    mass: Floats, T: Floats, kg: Floats, T_in: Floats, cooled: Floats, T_ground: float, held: Floats
) -> Floats:
    """Put ``kg`` of ``T_in`` degC into each pipe, in place; let it cool, and return the kg K that it loses.

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
        mass[pipe, n_parcels - 1], T[pipe, n_parcels - 1] = kg[pipe], T_in[pipe]
        heat, keep, ground = 0.0, 1.0 - cooled[pipe], T_ground * cooled[pipe]
        for k in range(n_parcels):
            heat += mass[pipe, k] * T[pipe, k]
            T[pipe, k] = T[pipe, k] * keep + ground
        lost[pipe] = (heat - T_ground * held[pipe]) * cooled[pipe]
    return lost
