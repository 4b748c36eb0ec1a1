"""Recipe of the references in ``references/``: ``python -m tests.validation.make_references``.

Solves networks with pandapipes (benchmarks/peers/pandapipes.txt, Colebrook's factor to 1e-12), and copies out
of its package the cases that its authors compared with OpenModelica, with OpenModelica's results.
pandapipes is (c) Fraunhofer IEE, Kassel, and University of Kassel, BSD 3-clause.
"""

import asyncio
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.pandapipes_peer import case_arrays, install, pandapipes_side
from simulators.plant.network.operation import SourceMode, operation
from tests.support.heat_networks import city_network

REFERENCES = Path(__file__).with_name("references")
CASES = {
    "radial_10": (10, 0, 0.0),
    "looped_10": (10, 3, 0.0),
    "radial_100": (100, 0, 0.0),
    "looped_100": (100, 10, 0.0),
    "two_plants_100": (100, 10, 70.0),
    "radial_1000": (1000, 0, 0.0),
    "looped_1000": (1000, 60, 0.0),
}
"""Consumers, rings on each side, flow of a second plant in kg/s."""


def made(n_consumers, loops, m_flow_peak):
    """The network and its operation."""
    net, m_flow = city_network(n_consumers, loops, peak=m_flow_peak > 0.0)
    now = operation(net, T_supply=80.0, T_return=50.0, m_flow=m_flow, source_dp=900.0)
    if m_flow_peak:
        modes = (SourceMode.DP, SourceMode.FLOW)
        now = replace(now, source_mode=modes, source_m_flow=np.array([0.0, m_flow_peak]))
    return net, now


async def solved(case):
    """The case with pandapipes' answer."""
    with tempfile.TemporaryDirectory() as folder:
        async with pandapipes_side(case, Path(folder)) as (_, answer):
            return {**case, "p": answer["p"], "m_flow_pipe": answer["m_flow"], "version": answer["version"]}


def main():
    python = install()
    REFERENCES.mkdir(exist_ok=True)
    for name, what in CASES.items():
        np.savez_compressed(REFERENCES / f"{name}.npz", **asyncio.run(solved(case_arrays(*made(*what)))))
    copy = [python, Path(__file__).with_name("copy_openmodelica.py")]
    copied = subprocess.run(copy, capture_output=True, text=True, check=True)
    (REFERENCES / "openmodelica.json").write_text(copied.stdout, encoding="utf-8")


if __name__ == "__main__":
    main()
