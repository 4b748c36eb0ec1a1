"""The curves and laws of a generated site: those on which the field was audited.

The own curves that stations were commissioned with stand in ``fieldtruth/parameters.toml``; the calibration
to field audits rests on them. The centre's laws are set to what comes nearest to them, so under ``curve`` a
generated city is the audited one, whoever runs it.
"""

from dataclasses import dataclass

import numpy as np

from simulators.city_text import LAWS, T_OUTDOOR_DESIGN_degC
from simulators.fieldtruth.parameters import parameters
from simulators.plc.limits import T_SUPPLY_MAX

FALL_K = {"radiator": 12.5, "floor": 9.0}
"""Supply less return on the design day at the flows of practice."""
T_INDOOR_degC = {"radiator": 20.0, "floor": 22.0}
"""With which the laws of both emitters come within 1 K of the own curves between -15 and 10 degC outdoors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedLaw:
    """What the centre is told for one emitter type, degC."""

    T_indoor: float
    T_supply_design: float
    T_return_design: float
    exponent: float


def own_curve(emitter: str, offset_K: float) -> tuple[list[float], list[float]]:
    """Return outdoor and supply temperatures of the own curve that lies ``offset_K`` above the common one.

    A PLC clamps what it asks for to its emitter's limit, and so is what a panel shows.
    """
    table = parameters()["own_curve"]
    supply = [min(T + offset_K, T_SUPPLY_MAX[emitter]) for T in table[emitter]]
    return list(table["T_outdoor_degC"]), supply


def law(emitter: str) -> AuditedLaw:
    """Return the law that follows the common own curve of an emitter type."""
    table = parameters()["own_curve"]
    supply = round(float(np.interp(T_OUTDOOR_DESIGN_degC, table["T_outdoor_degC"], table[emitter])), 2)
    return AuditedLaw(
        T_indoor=T_INDOOR_degC[emitter],
        T_supply_design=supply,
        T_return_design=round(supply - FALL_K[emitter], 2),
        exponent=LAWS[emitter].exponent,
    )


def regulation_toml() -> str:
    """Return the tables ``[regulation.*]`` of ``site.toml``."""
    parts = ["# What the centre asks for under the strategy `curve`, one law for each emitter type.\n"]
    for emitter in LAWS:
        mine = law(emitter)
        parts.append(
            f"[regulation.{emitter}]\n"
            f"T_indoor_degC = {mine.T_indoor}\n"
            f"T_outdoor_design_degC = {T_OUTDOOR_DESIGN_degC}\n"
            f"T_supply_design_degC = {mine.T_supply_design}\n"
            f"T_return_design_degC = {mine.T_return_design}\n"
            f"exponent = {mine.exponent}\n"
            "outdoor_filter_h = 12.0\n"
            "offset_K = 0.0\n"
            'flow = "constant"\n'
        )
    return "\n".join(parts)
