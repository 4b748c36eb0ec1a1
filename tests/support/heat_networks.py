"""Two-pipe networks of a city for tests and benchmarks: on a jittered grid of streets, radial or looped."""

import numpy as np

from simulators.plant.network.graph import Consumer, Network, Place, Source, Trench, network

SIZES = np.array(
    [0.04, 0.05, 0.065, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0]
)
"""Nominal widths in m."""


def city_network(
    n_consumers: int, loops: int = 0, seed: int = 1, hills: float = 15.0, peak: bool = False
) -> tuple[Network, np.ndarray]:
    """Return a network with one station at every street corner but the plant's, and its design flows in kg/s.

    Pipes are sized for about 60 Pa/m. ``loops`` further trenches close rings; they are as wide as the
    narrower of their neighbours. ``peak`` puts a second plant at the first corner.
    """
    rng = np.random.default_rng(seed)
    n = n_consumers + 1
    side = int(np.ceil(np.sqrt(n)))
    xy = np.array([divmod(i, side) for i in range(n)]) * 200.0 + rng.uniform(-60.0, 60.0, (n, 2))
    elevation = hills * np.sin(xy[:, 0] / 1500.0) * np.cos(xy[:, 1] / 1100.0)
    plant = min((side // 2) * side + side // 2, n - 1) if n > 9 else 0
    m_flow = rng.uniform(0.5, 4.0, n)
    m_flow[plant] = 0.0
    edges = [(i, j) for i in range(n) for j in (i + 1, i + side) if j < n and (j != i + 1 or j % side)]
    length = {edge: 1.15 * float(np.hypot(*(xy[edge[0]] - xy[edge[1]]))) for edge in edges}
    parent = _tree(n, plant, edges, length)
    carried = m_flow.copy()
    for i in reversed(list(parent)):  # leaves first
        if parent[i] is not None:
            carried[parent[i]] += carried[i]
    width = {i: _width(carried[i]) for i in parent if parent[i] is not None}
    trenches = [(parent[i], i, width[i]) for i in parent if parent[i] is not None]
    used = {frozenset(trench[:2]) for trench in trenches}
    spare = [edge for edge in edges if frozenset(edge) not in used]
    for k in rng.permutation(len(spare))[:loops]:
        i, j = spare[k]
        trenches.append((i, j, min(width.get(i, 1.0), width.get(j, 1.0))))
    built = network(
        places=[Place(name=f"J{i}", elevation=float(elevation[i])) for i in range(n)],
        trenches=[
            Trench(
                name=f"P{k}",
                start=f"J{i}",
                end=f"J{j}",
                length=length[(min(i, j), max(i, j))],
                diameter=float(wide),
                zeta=float(rng.uniform(0.5, 4.0)),
            )
            for k, (i, j, wide) in enumerate(trenches)
        ],
        consumers=[Consumer(name=f"S{i}", place=f"J{i}") for i in range(n) if i != plant],
        sources=[
            Source(name="plant", place=f"J{plant}"),
            *([Source(name="peak", place="J0")] if peak else []),
        ],
    )
    return built, np.delete(m_flow, plant)


def _tree(n, plant, edges, length):
    """Shortest ways from the plant (Dijkstra), as parent of each corner in order of distance."""
    neighbours = {i: [] for i in range(n)}
    for i, j in edges:
        neighbours[i].append((j, length[(i, j)]))
        neighbours[j].append((i, length[(i, j)]))
    distance, parent, done = {plant: 0.0}, {plant: None}, {}
    while distance.keys() - done.keys():
        i = min(distance.keys() - done.keys(), key=distance.__getitem__)
        done[i] = parent[i]
        for j, far in neighbours[i]:
            if j not in done and distance[i] + far < distance.get(j, np.inf):
                distance[j], parent[j] = distance[i] + far, i
    return done


def _width(m_flow):
    """The nominal width for about 60 Pa/m: R = 0.0069 k^0.25 G^2 / (rho D^5.25), G in t/h."""
    needed = (0.0069 * 0.0005**0.25 * (3.6 * m_flow) ** 2 / (970.0 * 60.0)) ** (1.0 / 5.25)
    return SIZES[np.searchsorted(SIZES, needed).clip(0, len(SIZES) - 1)]
