"""Hydraulics against pandapipes 0.16 and against the cases that its authors compared with OpenModelica.

The references are files, made by ``make_references``. Tolerances: pandapipes 0.1 % of head (its water is
0.3 % less viscous than ours) with a mass balance of 1e-9 of the flow; OpenModelica
0.15 % of each case's head at one temperature, 1 % where its water cools along the pipes, of which our
network has one mean temperature each.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulators.plant.network import transport
from simulators.plant.network.graph import Consumer, Network, Place, Source, Trench, network
from simulators.plant.network.hydraulics import Hydraulics
from simulators.plant.network.operation import SourceMode, operation
from simulators.plant.network.transport import Inlets, transport_params
from simulators.plant.water import C_WATER

REFERENCES = Path(__file__).with_name("references")
PANDAPIPES = sorted(path.stem for path in REFERENCES.glob("*.npz"))
OPENMODELICA = json.loads((REFERENCES / "openmodelica.json").read_text(encoding="utf-8"))
HEAT = {name: case for name, case in OPENMODELICA.items() if case["T_om_K"]}
KELVIN = 273.15
_STEPS = 320


def from_arrays(case):
    """The network of a reference file and its operation."""
    n_consumers, n_sources = len(case["m_flow"]), len(case["source_m_flow"])
    empty = np.zeros(0)
    net = Network(
        node_names=tuple(f"N{i}" for i in range(len(case["elevation"]))),
        elevation=case["elevation"],
        link_names=tuple(f"L{i}" for i in range(len(case["link_start"]))),
        link_start=case["link_start"],
        link_end=case["link_end"],
        length=case["length"],
        diameter=case["diameter"],
        roughness=case["roughness"],
        zeta=case["zeta"],
        dp_min=np.zeros(n_consumers),
        n_sources=n_sources,
        reference=0,
        pump_names=(),
        pump_link=np.zeros(0, dtype=np.intp),
        pump_dp0=empty,
        pump_a=empty,
    )
    now = operation(
        net,
        T_supply=float(case["T_supply"]),
        T_return=float(case["T_return"]),
        m_flow=case["m_flow"],
        source_dp=float(case["source_dp"]),
        p_return=float(case["p_return"]),
    )
    modes = (SourceMode.DP,) + (SourceMode.FLOW,) * (n_sources - 1)
    return net, replace(now, source_mode=modes, source_m_flow=case["source_m_flow"])


def test_every_reference_of_the_ladder_is_there():
    sizes = {(kind, n) for kind in ("radial", "looped") for n in (10, 100, 1000)}
    assert {f"{kind}_{n}" for kind, n in sizes} | {"two_plants_100"} == set(PANDAPIPES)


@pytest.mark.parametrize("name", PANDAPIPES)
def test_pressures_and_flows_are_those_of_pandapipes(name):
    case = dict(np.load(REFERENCES / f"{name}.npz"))
    net, now = from_arrays(case)
    solution = Hydraulics(net).solve(now)
    total = now.m_flow.sum()
    head = now.source_dp[0]
    assert np.abs(solution.p - case["p"]).max() <= 1e-3 * head
    flow = np.abs(solution.m_flow[net.pipes])
    assert np.abs(flow - np.abs(case["m_flow_pipe"])).max() <= 1e-3 * flow.max()
    assert solution.mass_residual <= 1e-9 * total
    assert solution.residual <= 1e-6


def one_side(case):
    """An OpenModelica case as the supply side of a network; its return is so low that all are served."""
    n, links = len(case["height_m"]), list(zip(case["start"], case["end"], strict=True))
    net = network(
        places=[Place(name=f"N{i}", elevation=case["height_m"][i]) for i in range(n)],
        trenches=[
            Trench(
                name=f"P{k}",
                start=f"N{i}",
                end=f"N{j}",
                length=case["length_m"][k],
                diameter=case["diameter_m"][k],
                roughness=case["roughness_m"][k],
                zeta=case["zeta"][k],
            )
            for k, (i, j) in enumerate(links)
        ],
        consumers=[Consumer(name=f"S{k}", place=f"N{i}") for k, i in enumerate(case["sink_at"])],
        sources=[Source(name="plant", place=f"N{case['plant_at']}")],
    )
    T_pipe = [
        np.mean(json.loads(T)) - KELVIN if case["T_om_K"] else case["T_start_K"][0] - KELVIN
        for T in case["T_om_K"] or links
    ]
    dp = 10_000.0
    now = operation(
        net,
        T_supply=20.0,
        T_return=20.0,
        m_flow=np.array(case["sink_kg_per_s"]),
        source_dp=dp,
        p_return=100.0 * case["plant_bar"] - dp,
    )
    return net, replace(now, T_pipe=np.array([*T_pipe, *T_pipe]), leak=-fed(case, net))


def fed(case, net):
    """What sources of a given flow put into each node, kg/s."""
    m_flow = np.zeros(net.n_nodes)
    m_flow[case["source_at"]] = case["source_kg_per_s"]
    return m_flow


def test_every_heat_case_of_openmodelica_is_there():
    assert {name.removeprefix("heat_transfer_cases/") for name in HEAT} == {
        "delta", "delta_2sinks", "heights", "one_pipe", "one_source", "section_variation", "t_cross",
        "two_pipes",
    }  # fmt: skip


@pytest.mark.parametrize("name", OPENMODELICA)
def test_pressures_are_those_of_openmodelica(name):
    case = OPENMODELICA[name]
    net, now = one_side(case)
    solution = Hydraulics(net).solve(now)
    expected = 100.0 * np.array(case["p_om_bar"])
    share = 0.01 if case["T_om_K"] else 0.0015
    assert solution.p[: len(expected)] == pytest.approx(expected, abs=share * np.ptp(expected))
    v = solution.velocity[: len(case["length_m"])]
    assert v == pytest.approx(np.array(case["v_om_m_per_s"]), abs=0.01 * np.abs(v).max())


@pytest.mark.parametrize("name", HEAT)
def test_settled_temperatures_are_those_of_openmodelica(name):
    """What leaves each pipe. The reference mixes each of its sections: 1/(1 + a) in place of exp(-a).

    Our U is set to give the same in a section, so this compares carrying and mixing; the law of cooling
    itself is compared with its analytic form elsewhere.
    """
    case = HEAT[name]
    net, now = one_side(case)
    m_flow = Hydraulics(net).solve(now).m_flow
    half = net.n_pipes // 2
    D, sections = np.array(case["diameter_m"]), np.array(case["sections"])
    loss = np.array(case["U_W_per_m2K"]) * np.pi * D
    carried = np.abs(m_flow[:half]) * C_WATER * 1000.0
    a = loss * net.length[:half] / sections / carried
    U = loss * np.log1p(a) / a
    T_ground = case["T_ground_K"][0] - KELVIN
    params = transport_params(net, np.tile(U, 2), T_ground, wall=np.zeros(net.n_pipes))
    T_plant = case["plant_K"] - KELVIN
    state = transport.filled(params, T_ground, T_ground)
    inlets = Inlets(
        T_source=np.array([T_plant]),
        T_consumer=np.full(net.n_consumers, T_ground),
        entering=fed(case, net),
        T_entering=np.full(net.n_nodes, T_ground),
    )
    leak = np.zeros(net.n_nodes)
    T_out = np.zeros((_STEPS, half))
    upstream = np.where(m_flow > 0.0, net.link_start, net.link_end)[:half]
    for k in range(_STEPS):
        state, carried = transport.step(state, params, m_flow, leak, inlets, 60.0)
        T_out[k] = state.T_node[upstream] - carried.Q_loss[:half] / (np.abs(m_flow[:half]) * C_WATER)
    along = [json.loads(T) for T in case["T_om_K"]]
    leaving = [T[-1] if m > 0.0 else T[0] for T, m in zip(along, m_flow[:half], strict=True)]
    settled = T_out[-_STEPS // 4 :].mean(axis=0)
    assert settled == pytest.approx(np.array(leaving) - KELVIN, abs=0.01 * (T_plant - T_ground))
