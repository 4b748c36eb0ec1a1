"""Which way the water runs: where each link takes it from, where it goes, and pipes in order along it."""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Indices
from simulators.plant.network.graph import Flags, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """One set of directions of all links."""

    forward: Flags
    """Links whose water runs from start to end, shape (n_links,)."""
    upstream: Indices
    """Node that each link takes its water from, shape (n_links,)."""
    into: Indices
    """Node that each link brings it to; last the one where make-up enters, shape (n_links + 1,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The pipes along the flow."""

    forward: Flags
    """The directions that it is for, shape (n_pipes,)."""
    pipes: Indices
    """Each stands behind all that feed it, shape (n_pipes,)."""
    round: bool
    """Whether water runs in a ring somewhere, so that there is no such order (only a pump can do that)."""


def ways(network: Network, forward: Flags) -> Ways:
    """Return the ways for links that run ``forward``, shape (n_links,)."""
    upstream = np.where(forward, network.link_start, network.link_end)
    into = np.where(forward, network.link_end, network.link_start)
    held = network.link_start[network.sources][network.reference]
    return Ways(forward=forward, upstream=upstream, into=np.append(into, held))


def order(network: Network, now: Ways) -> Order:
    """Return the order of the pipes for these ways."""
    pipes = network.pipes
    along = _along(now.upstream[pipes], now.into[pipes], network.n_nodes)
    ring = len(along) < network.n_pipes
    return Order(forward=now.forward[pipes], pipes=np.arange(network.n_pipes) if ring else along, round=ring)


def _along(upstream: Indices, downstream: Indices, n_nodes: int) -> Indices:
    """Return the pipes in the order of A. B. Kahn (Comm. ACM 5 (1962) 558): those in rings are left out."""
    waits = np.bincount(downstream, minlength=n_nodes).tolist()
    leaving = np.argsort(upstream, kind="stable")
    first = np.searchsorted(upstream[leaving], np.arange(n_nodes + 1)).tolist()
    pipes, ends = leaving.tolist(), downstream.tolist()
    ready = [node for node in range(n_nodes) if not waits[node]]
    along: list[int] = []
    for node in ready:  # it grows while it is walked through
        for pipe in pipes[first[node] : first[node + 1]]:
            along.append(pipe)
            waits[ends[pipe]] -= 1
            if not waits[ends[pipe]]:
                ready.append(ends[pipe])
    return np.array(along, dtype=np.intp)
