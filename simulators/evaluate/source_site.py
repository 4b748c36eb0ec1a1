"""The sections of a generated site by which its heat sources take orders from the centre, as in service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.citygen.station_list import SOURCE_PROFILE
from simulators.fieldtruth.parameters import parameters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulators.fieldtruth.build import FieldCity

TAKES_ORDERS = "source-opcua-lease"
DP_MIN_SHARE, DP_MIN_kPa = 0.25, 60.0
"""Of the head that was commissioned, that is left at least: what the source's own pump can go down to."""
BAND_K = 15.0
"""How far an order may lie from the own curve: as far as the section's highest supply above the curve's."""


def let_take_orders(folder: Path, field: FieldCity) -> None:
    """Give all sources of a site just generated the profile and the section that let them take orders.

    Each falls back to its own curve and to the head that its network was commissioned with, which is also
    the highest that it is told.
    """
    table, site = folder / "stations.csv", folder / "site.toml"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace(f",{SOURCE_PROFILE},", f",{TAKES_ORDERS},"), encoding="utf-8", newline="\n")
    with site.open("a", encoding="utf-8", newline="\n") as file:
        for row in range(len(field.city.sources.id)):
            file.write("\n" + _section(field, row))


def _section(field: FieldCity, row: int) -> str:
    p, sources, plants = parameters()["source"], field.city.sources, field.params.source
    name, most = sources.id[row], field.dp_source
    return (
        f"[planning.sources.{name}]\n"
        f'role = "{"base" if sources.base[row] else "peak"}"\n'
        f"least_share = {float(plants.min_load[row]):.2f}\n"
        f"start_h = {float(plants.start_s[row]) / 3600.0:.2f}\n"
        f"T_supply_min_degC = {min(p['T_supply_degC']) - 4.0:.1f}\n"
        f"T_supply_max_degC = {max(p['T_supply_degC']) + BAND_K:.1f}\n"
        f"change_K_per_h = {p['supply_K_per_h']:.1f}\n\n"
        f"[planning.sources.{name}.writes]\n"
        f"own_curve = {{ T_outdoor_degC = {_list(p['T_outdoor_degC'])}, "
        f"T_supply_degC = {_list(p['T_supply_degC'])} }}\n"
        f"own_band_K = {BAND_K:.1f}\n"
        f"m_flow_design_kg_per_s = {float(plants.m_flow_design[row]):.2f}\n"
        f"dp_min_kPa = {max(DP_MIN_SHARE * most, min(DP_MIN_kPa, 0.9 * most)):.1f}\n"
        f"dp_max_kPa = {most:.1f}\n"
        f'proof = "simulator"\n'
    )


def _list(values: Sequence[float]) -> str:
    return "[" + ", ".join(f"{value:.1f}" for value in values) + "]"
