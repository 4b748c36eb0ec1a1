"""Prints pandapipes' OpenModelica-compared cases as JSON; runs in the environment of pandapipes alone.

Taken are the water cases that a two-pipe network can stand for: pipes, sinks, one fixed pressure, and sources
of a given flow, whose water is as warm as the ground (the file does not say; the pipes behind them do). Left
out is one in which water creeps at 3 cm/s: Re is 3,300 there, between the laws of laminar and of turbulent
flow, which everybody joins in another way.
"""

import json
import logging
import warnings
from pathlib import Path

import pandapipes

ROOT = Path(pandapipes.__file__).parent / "networks" / "network_files" / "openmodelica_test_networks"
CREEPS = "water_cases_colebrook/meshed_networks/delta"
OTHERS = ("pump", "valve", "heat_exchanger")


def copied(path):
    net = pandapipes.from_json(str(path))
    if any(kind in net and len(net[kind]) for kind in OTHERS) or len(net.ext_grid) != 1:
        return None
    pipes, junctions = net.pipe, net.junction
    case = {
        "height_m": junctions.height_m.tolist(),
        "p_om_bar": junctions.p_om.tolist(),
        "T_start_K": junctions.tfluid_k.tolist(),
        "start": pipes.from_junction.tolist(),
        "end": pipes.to_junction.tolist(),
        "length_m": (pipes.length_km * 1000.0).tolist(),
        "diameter_m": (pipes.inner_diameter_mm / 1000.0).tolist(),
        "roughness_m": (pipes.k_mm / 1000.0).tolist(),
        "zeta": pipes.loss_coefficient.tolist(),
        "U_W_per_m2K": pipes.u_w_per_m2k.tolist(),
        "T_ground_K": pipes.text_k.tolist() if "text_k" in pipes else [],
        "sections": pipes.sections.tolist(),
        "v_om_m_per_s": [float(v) for v in pipes.v_om],
        "T_om_K": [str(T) for T in pipes.T_om] if "T_om" in pipes else [],
        "sink_at": net.sink.junction.tolist(),
        "sink_kg_per_s": net.sink.mdot_kg_per_s.tolist(),
        "source_at": net.source.junction.tolist() if "source" in net else [],
        "source_kg_per_s": net.source.mdot_kg_per_s.tolist() if "source" in net else [],
        "plant_at": int(net.ext_grid.junction.iloc[0]),
        "plant_bar": float(net.ext_grid.p_bar.iloc[0]),
        "plant_K": float(net.ext_grid.t_k.iloc[0]),
    }
    return case


def main():
    warnings.simplefilter("ignore")
    logging.disable()
    folders = ("heat_transfer_cases", "water_cases_colebrook")
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.json"))
    cases = {str(path.relative_to(ROOT).with_suffix("")): copied(path) for path in paths}
    print(json.dumps({name: case for name, case in cases.items() if case and name != CREEPS}, indent=1))


if __name__ == "__main__":
    main()
