"""pandapipes on one of our networks: ``python pandapipes_side.py CASE.npz ANSWER.npz``.

Runs in the environment of ``pandapipes-requirements.txt``. Reads the arrays of a network with prescribed
flows, solves once, writes pressures (kPa) and pipe flows (kg/s), prints a line, and then answers each line
``COUNT`` with the seconds that so many solutions took: ``{"cpu_s": SECONDS}``.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandapipes

OPTIONS = {
    "mode": "hydraulics",
    "friction_model": "colebrook",
    "use_numba": True,
    "tol_p": 1e-8,
    "tol_m": 1e-8,
    "tol_res": 1e-6,
    "max_iter_hyd": 100,
}
"""Tolerances like ours: 1e-6 kPa is 1e-8 bar."""

PRECISE = {"tolerance_colebrook": 1e-12}
"""For the reference alone: the default of 1e-4 is quicker, and the speed is compared at its best."""


def build(case):
    net = pandapipes.create_empty_network(fluid="water")
    places = len(case["elevation"]) // 2
    T_K = np.repeat([case["T_supply"], case["T_return"]], places) + 273.15
    junctions = pandapipes.create_junctions(
        net, 2 * places, pn_bar=case["p_return"] / 100.0, tfluid_k=T_K, height_m=case["elevation"]
    )
    assert list(junctions) == list(range(2 * places))
    start, end = case["link_start"], case["link_end"]
    n_pipes, n_consumers = len(case["length"]), len(case["m_flow"])
    pandapipes.create_pipes_from_parameters(
        net,
        start[:n_pipes],
        end[:n_pipes],
        length_km=case["length"] / 1000.0,
        inner_diameter_mm=case["diameter"] * 1000.0,
        k_mm=case["roughness"] * 1000.0,
        loss_coefficient=case["zeta"],
    )
    consumers = slice(n_pipes, n_pipes + n_consumers)
    pandapipes.create_flow_controls(
        net, start[consumers], end[consumers], controlled_mdot_kg_per_s=case["m_flow"]
    )
    sources = range(n_pipes + n_consumers, len(start))
    for k, link in enumerate(sources):
        T_flow = float(case["T_supply"]) + 273.15
        if k == 0:
            dp, p_return = float(case["source_dp"]), float(case["p_return"])
            pandapipes.create_circ_pump_const_pressure(
                net, start[link], end[link], (p_return + dp) / 100.0, dp / 100.0, T_flow
            )
        else:
            m_flow = float(case["source_m_flow"][k])
            pandapipes.create_circ_pump_const_mass_flow(
                net, start[link], end[link], p_flow_bar=None, mdot_flow_kg_per_s=m_flow, t_flow_k=T_flow
            )
    return net


def main():
    warnings.simplefilter("ignore")
    case = dict(np.load(sys.argv[1]))
    net = build(case)
    pandapipes.pipeflow(net, **OPTIONS, **PRECISE)
    np.savez_compressed(
        sys.argv[2],
        p=net.res_junction.p_bar.to_numpy() * 100.0,
        m_flow=net.res_pipe.mdot_from_kg_per_s.to_numpy(),
        version=pandapipes.__version__,
    )
    print("ready", flush=True)
    for line in sys.stdin:
        started = time.process_time()
        for _ in range(int(line)):
            pandapipes.pipeflow(net, **OPTIONS)
        print(json.dumps({"cpu_s": time.process_time() - started}), flush=True)


if __name__ == "__main__":
    main()
