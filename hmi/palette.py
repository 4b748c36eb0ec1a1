"""Colours of both themes, by what they mean. Contrast: at least 3:1 for shapes, 4.5:1 for text on the ground.

Grey is normal. Colour belongs to the abnormal alone, and never alone: a priority is shape, digit and colour.
No green, no red for on and off.
"""

from collections.abc import Mapping
from typing import Literal

Token = Literal[
    "ground", "panel", "text", "muted", "card_line", "hair_line",
    "primary_pipe", "secondary_pipe", "band", "band_edge", "track_edge", "future", "bar",
    "pump_running", "pump_stopped", "trend_1", "trend_2", "trend_3",
    "p1", "p2", "p3", "p4", "digit", "mark", "simulation", "simulation_stripe", "simulation_text",
]  # fmt: skip

LIGHT: Mapping[Token, str] = {
    "ground": "#E4E7EA",
    "panel": "#D5D9DD",
    "text": "#23282D",
    "muted": "#4A525A",
    "card_line": "#BFC6CC",
    "hair_line": "#CED4D9",
    "primary_pipe": "#4F5860",
    "secondary_pipe": "#7A838B",
    "band": "#DBE7F0",
    "band_edge": "#7E99B0",
    "track_edge": "#A3ABB2",
    "future": "#DDE1E5",
    "bar": "#7A838B",
    "pump_running": "#F4F6F7",
    "pump_stopped": "#5A636B",
    "trend_1": "#1F4E79",
    "trend_2": "#5B87AD",
    "trend_3": "#8A5A00",
    "p1": "#B00020",
    "p2": "#B35900",
    "p3": "#8A6D00",
    "p4": "#7A3E9D",
    "digit": "#FFFFFF",
    "mark": "#2F5D8A",
    "simulation": "#23282D",
    "simulation_stripe": "#4F5860",
    "simulation_text": "#F4F6F7",
}
DARK: Mapping[Token, str] = {
    "ground": "#22262B",
    "panel": "#2B3036",
    "text": "#E3E6E9",
    "muted": "#A9B1B9",
    "card_line": "#454C54",
    "hair_line": "#353B42",
    "primary_pipe": "#9AA3AB",
    "secondary_pipe": "#6F7880",
    "band": "#33414D",
    "band_edge": "#6A859B",
    "track_edge": "#59626B",
    "future": "#282D33",
    "bar": "#7C858D",
    "pump_running": "#D5D9DD",
    "pump_stopped": "#15181B",
    "trend_1": "#8FB8DE",
    "trend_2": "#5F86AA",
    "trend_3": "#D2A157",
    "p1": "#FF6B6B",
    "p2": "#FFA94D",
    "p3": "#FFE066",
    "p4": "#D0A2F7",
    "digit": "#22262B",
    "mark": "#8FB8DE",
    "simulation": "#59626B",
    "simulation_stripe": "#9AA3AB",
    "simulation_text": "#FFFFFF",
}
PALETTE: Mapping[Literal["light", "dark"], Mapping[Token, str]] = {"light": LIGHT, "dark": DARK}
FONT = (
    '"Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif'
)


def css_variables(theme: Literal["light", "dark"]) -> str:
    """Return the tokens as CSS custom properties, ``--dhc-ground: #…;`` and so on."""
    return " ".join(f"--dhc-{name.replace('_', '-')}: {value};" for name, value in PALETTE[theme].items())
