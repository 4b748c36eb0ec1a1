"""Words and curves of the synthetic city: districts, names, and the text of its site files."""

from dataclasses import dataclass

import numpy as np

T_INDOOR_degC = 20.0
T_OUTDOOR_DESIGN_degC = -10.1
CURVE_OUTDOOR_degC = (-20.0, -10.0, -5.0, 0.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class District:
    """A district and where it lies from the centre, in units of the distance between districts."""

    key: str
    title_en: str
    title_zh: str
    east: float
    north: float


DISTRICTS = (
    District("north", "North", "城北", 0.0, 1.0),
    District("south", "South", "城南", 0.0, -1.0),
    District("east", "East", "城东", 1.0, 0.0),
    District("west", "West", "城西", -1.0, 0.0),
    District("centre", "Centre", "城中", 0.0, 0.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """Weather-compensated supply for one emitter type, at the temperatures that over-sized emitters need."""

    T_supply_design: float
    T_return_design: float
    exponent: float

    def supply(self, T_outdoor: float) -> float:
        """Return t_n + dT_m Q^(1/(1+b)) + (t_s' - t_r')/2 Q, quality regulation at constant flow, degC.

        Q is the relative load (t_n - t_o)/(t_n - t_o'); He Ping, Sun Gang et al., Heating Engineering (2009),
        chapter 10.
        """
        Q = max(0.0, (T_INDOOR_degC - T_outdoor) / (T_INDOOR_degC - T_OUTDOOR_DESIGN_degC))
        dT_mean = 0.5 * (self.T_supply_design + self.T_return_design) - T_INDOOR_degC
        half_drop = 0.5 * (self.T_supply_design - self.T_return_design)
        return T_INDOOR_degC + dT_mean * float(Q ** (1.0 / (1.0 + self.exponent))) + half_drop * Q


LAWS = {
    "radiator": Law(T_supply_design=56.0, T_return_design=43.0, exponent=0.30),
    "floor": Law(T_supply_design=37.5, T_return_design=30.0, exponent=0.10),
}
"""75/50 and 45/35 on paper; emitters 1.3..2 times too big and more flow than drawn bring it down to this."""

_LIMITS = {"radiator": 85.0, "floor": 55.0}

_FIRST = (
    ("滨河", "Binhe"), ("阳光", "Yangguang"), ("金桥", "Jinqiao"), ("和平", "Heping"), ("建设", "Jianshe"),
    ("迎春", "Yingchun"), ("学府", "Xuefu"), ("安居", "Anju"), ("新华", "Xinhua"), ("府东", "Fudong"),
    ("柳溪", "Liuxi"), ("锦绣", "Jinxiu"), ("文昌", "Wenchang"), ("凤凰", "Fenghuang"), ("永乐", "Yongle"),
    ("西山", "Xishan"), ("东湖", "Donghu"), ("桃园", "Taoyuan"), ("宏远", "Hongyuan"), ("康宁", "Kangning"),
)  # fmt: skip
_SECOND = (
    ("花园", "Garden"),
    ("小区", "Estate"),
    ("新村", "New Village"),
    ("家园", "Homes"),
    ("苑", "Court"),
    ("里", "Lane"),
)


def names(rng: np.random.Generator, n: int) -> list[tuple[str, str]]:
    """Return ``n`` different station names, Chinese and English."""
    pairs = [(first, second) for first in _FIRST for second in _SECOND]
    result = []
    for place in rng.permutation(len(pairs))[:n]:
        (zh1, en1), (zh2, en2) = pairs[place]
        result.append((f"{zh1}{zh2}站", f"{en1} {en2}"))
    for number in range(len(result), n):
        result.append((f"第{number + 1}换热站", f"Substation {number + 1}"))
    return result


def own_curve(emitter: str) -> tuple[float, ...]:
    """Return the PLCs' own supply temperatures at ``CURVE_OUTDOOR_degC``: the law, set half a degree up.

    Commissioning engineers round towards warm; whole degrees are what their panels take.
    """
    return tuple(
        min(float(round(LAWS[emitter].supply(T) + 0.5)), _LIMITS[emitter]) for T in CURVE_OUTDOOR_degC
    )


def site_toml(districts: tuple[District, ...], name: str = "demo_city") -> str:
    """Return the text of ``site.toml``."""
    title_en, title_zh = ("Demo city", "示范城市") if name == "demo_city" else ("One station", "单站示例")
    pipes = 'pipes = "pipes.geojson"\n' if name == "demo_city" else ""
    parts = [_HEAD.format(name=name, title_en=title_en, title_zh=title_zh, pipes=pipes)]
    for district in districts:
        parts.append(
            f"[districts.{district.key}]\n"
            f'title_en = "{district.title_en}"\ntitle_zh = "{district.title_zh}"\nstrategy = "curve"\n'
        )
    parts.append(_CURVES_NOTE)
    for emitter in LAWS:
        parts.append(
            f"[curves.{emitter}_common]\n"
            f"T_outdoor_degC = {_numbers(CURVE_OUTDOOR_degC)}\n"
            f"T_supply_degC = {_numbers(own_curve(emitter))}\n"
        )
    parts.append(regulation_toml())
    return "\n".join(parts)


def regulation_toml() -> str:
    """Return the tables ``[regulation.*]`` of ``site.toml``."""
    parts = ["# What the centre asks for under the strategy `curve`, one law for each emitter type.\n"]
    for emitter, law in LAWS.items():
        parts.append(
            f"[regulation.{emitter}]\n"
            f"T_indoor_degC = {T_INDOOR_degC}\n"
            f"T_outdoor_design_degC = {T_OUTDOOR_DESIGN_degC}\n"
            f"T_supply_design_degC = {law.T_supply_design}\n"
            f"T_return_design_degC = {law.T_return_design}\n"
            f"exponent = {law.exponent}\n"
            "outdoor_filter_h = 12.0\n"
            "offset_K = 0.0\n"
            'flow = "constant"\n'
        )
    return "\n".join(parts)


def simulation_toml(seed: int) -> str:
    """Return the text of ``simulation.toml``, which only the simulators read."""
    return (
        "# Read by the simulators only: what the buildings are really like is drawn from this seed.\n"
        f"\n[simulation]\nseed = {seed}\n"
    )


def _numbers(values: tuple[float, ...]) -> str:
    return "[" + ", ".join(f"{value:.1f}" for value in values) + "]"


_HEAD = """\
# Synthetic data: no such city exists. Made by the city generator; the same seed gives the same files.

[site]
name = "{name}"
title_en = "{title_en}"
title_zh = "{title_zh}"
timezone = "Asia/Shanghai"
simulation = true
stations = "stations.csv"
{pipes}season = "heating"
"""

_CURVES_NOTE = """\
# The station PLCs' own curves as commissioned: what a station falls back to when the centre is silent.
# Emitters are 1.3 to 2 times bigger than needed, so supply temperatures lie well below their rating.
"""
