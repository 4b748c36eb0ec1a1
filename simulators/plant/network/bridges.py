"""Trenches that alone lead to some stations: bridges of the graph, with no source behind them."""

from simulators.plant.network.graph import Network


def only_ways(network: Network) -> dict[int, tuple[int, ...]]:
    """Return, by trench, the stations (rows) that get their water through it alone.

    Depth-first with low points (R. Tarjan, Inf. Process. Lett. 2 (1974) 160), without recursion. Trenches in
    rings, and those with a source at both ends, are not among them.
    """
    n_trenches, n_places = network.n_pipes // 2, network.n_nodes // 2
    beside: list[list[tuple[int, int]]] = [[] for _ in range(n_places)]
    ends = zip(network.link_start[:n_trenches].tolist(), network.link_end[:n_trenches].tolist(), strict=True)
    for trench, (a, b) in enumerate(ends):
        beside[a].append((b, trench))
        beside[b].append((a, trench))
    sources = set(network.link_end[network.sources].tolist())
    stations: list[list[int]] = [[] for _ in range(n_places)]
    for station, place in enumerate(network.link_start[network.consumers].tolist()):
        stations[place].append(station)
    seen, low = [-1] * n_places, [0] * n_places
    fed = [place in sources for place in range(n_places)]
    found: dict[int, tuple[int, ...]] = {}
    root = int(network.link_end[network.sources][network.reference])
    seen[root] = 0
    way = [(root, -1, iter(beside[root]))]
    count = 1
    while way:
        here, came, rest = way[-1]
        for there, trench in rest:
            if trench == came:
                continue
            if seen[there] < 0:
                seen[there] = low[there] = count
                count += 1
                way.append((there, trench, iter(beside[there])))
                break
            low[here] = min(low[here], seen[there])
        else:
            way.pop()
            if not way:
                break
            above = way[-1][0]
            if low[here] > seen[above] and stations[here] and not fed[here]:
                found[came] = tuple(sorted(stations[here]))
            low[above] = min(low[above], low[here])
            stations[above] = [*stations[above], *stations[here]]
            fed[above] = fed[above] or fed[here]
    return found
