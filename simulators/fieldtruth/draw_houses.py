"""The houses of a generated city as the plant sees them: shells, leaks, people, emitters, their pipes.

Everything is drawn from the city's seed around ``parameters.toml``. A house has four zones: ground floor, the
middle floors to the front and to the back, top floor.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulators.citygen.model import EMITTERS, PIPINGS, ZONES, GeneratedCity
from simulators.fieldtruth.parameters import between
from simulators.plant.arrays import Floats, Indices
from simulators.plant.city_parts import HouseParams
from simulators.plant.network.graph import Flags
from simulators.plant.riser import RiserParams
from simulators.plant.water import C_WATER
from simulators.plant.zone import N_STORES, AIR_HEAT_Wh_PER_m3K, ROOM_HEIGHT_m, ZoneParams

GROUND, FRONT, BACK, TOP = range(4)
N_ZONES = 4
T_INDOOR_DESIGN_degC, T_OUTDOOR_DESIGN_degC = 20.0, -10.1
_kJ_PER_Wh = 3.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Houses, emitters and zones before they are commissioned."""

    house: HouseParams
    riser: RiserParams
    zone: ZoneParams
    vacant: Flags
    """Shape (n_houses, n_zones)."""


def draw_houses(city: GeneratedCity, tables: dict[str, Any]) -> Drawn:
    """Return the houses of a city."""
    rng = np.random.default_rng([city.seed, 0x40E5])
    houses, loops = city.buildings, city.loops
    floor = loops.emitter[houses.loop] == EMITTERS.index("floor")
    single = loops.piping[houses.loop] == PIPINGS.index("single")
    A = _areas(city)
    vacant = (rng.random(A.shape) < tables["houses"]["vacant_share"]) & (houses.type == 0)[:, None]
    vacant[vacant.all(axis=1)] = False
    need = _need(rng, city, tables["houses"])
    # cities of older or newer houses lose alike: the audits' mean
    real = tables["level"]["loss"] * tables["level"]["q_design_W_per_m2"] * A.sum() / (A * need).sum()
    zone = _zones(rng, tables, (A, need, float(real)), floor)
    people = _people(rng, tables["houses"], A, houses.type, vacant)
    azimuth = np.radians(houses.azimuth)
    facing = np.stack([azimuth, azimuth, azimuth + math.pi, azimuth + math.pi], axis=1)
    pipe = _pipes(rng, city, tables["secondary"], floor, single)
    house = HouseParams(
        loop=houses.loop,
        share=houses.share,
        **pipe,
        kind=houses.type,
        front_north=np.cos(facing),
        front_east=np.sin(facing),
        people=people,
    )
    riser = _emitters(rng, city, tables, A * need, (floor, single), vacant)
    return Drawn(house=house, riser=riser, zone=zone, vacant=vacant)


def _areas(city: GeneratedCity) -> Floats:
    """Return each zone's heated area in m2: one floor at each end, the middle ones by front and back."""
    houses = city.buildings
    A = city.loops.A_heated[houses.loop] * houses.share
    end = 1.0 / np.maximum(houses.storeys, 3)
    middle = 0.5 * (1.0 - 2.0 * end)
    return np.asarray(A[:, None] * np.stack([end, middle, middle, end], axis=1))


def _exposure(city: GeneratedCity, exposure: list[float]) -> Floats:
    """Return each zone's loss over the mean of the house; low loops have no roof, high ones no ground."""
    part = np.array([ZONES[code] for code in city.loops.zone])[city.buildings.loop]
    factor = np.tile(np.array(exposure), (len(part), 1))
    middle = exposure[FRONT]
    factor[np.isin(part, ("low", "middle")), TOP] = middle
    factor[np.isin(part, ("middle", "high")), GROUND] = middle
    return factor


def _need(rng: np.random.Generator, city: GeneratedCity, p: dict[str, Any]) -> Floats:
    """Return each zone's calculated need in W/m2 at design temperature."""
    A, factor = _areas(city), _exposure(city, p["exposure"])
    mean = (A * factor).sum(axis=1, keepdims=True) / A.sum(axis=1, keepdims=True)
    return np.asarray(city.buildings.q_design[:, None] * factor / mean)


def _zones(
    rng: np.random.Generator, tables: dict[str, Any], size: tuple[Floats, Floats, float], floor: Flags
) -> ZoneParams:
    """Return the zones of these areas, calculated needs and the city's real over calculated loss."""
    A, need, level = size
    p, n = tables["houses"], A.shape
    dT = T_INDOOR_DESIGN_degC - T_OUTDOOR_DESIGN_degC
    U = need / dT - p["ach_standard"] * AIR_HEAT_Wh_PER_m3K * ROOM_HEIGHT_m
    real = level * np.exp(rng.normal(0.0, p["loss_spread"], (n[0], 1)))
    U = np.maximum(U, 0.25) * real * np.exp(rng.normal(0.0, p["zone_loss_spread"], n))
    window = between(rng, p["window_share"], (n[0], 1))
    h = p["h_W_per_m2K"]
    wall = 1.0 / (U * (1.0 - window)) - 1.0 / h["inner"]
    C = _capacities(rng, p["C_Wh_per_m2K"], A, floor)
    split = np.where(
        floor[None, :],
        np.array(tables["emitters"]["split_floor"])[:, None],
        np.array(tables["emitters"]["split_radiator"])[:, None],
    )
    kW = A / 1000.0
    return ZoneParams(
        A_heated=A,
        C=C,
        G_furniture=h["furniture"] * kW,
        G_slab=np.where(floor, h["slab_floor"], h["slab_radiator"])[:, None] * kW,
        G_inner=h["inner"] * kW,
        G_through=kW / (0.6 * wall),
        G_outer=kW / (0.4 * wall),
        G_window=U * window * kW,
        G_party=h["party"] * kW,
        n50=np.clip(rng.lognormal(math.log(p["n50"][0]), p["n50"][1], (n[0], 1)), *p["n50_limits"])
        * np.ones(n),
        shelter=between(rng, p["shelter"], (n[0], 1)) * np.ones(n),
        T_window=between(rng, p["T_window_degC"], n),
        aperture=between(rng, p["aperture"], (n[0], 1)) * A,
        split=np.repeat(split[:, :, None], N_ZONES, axis=2),
    )


def _capacities(rng: np.random.Generator, c: dict[str, Any], A: Floats, floor: Flags) -> Floats:
    n = len(A)
    slab = np.where(floor, between(rng, c["slab_floor"], n), between(rng, c["slab_radiator"], n))
    columns = (
        np.full(n, c["air"]),
        between(rng, c["furniture"], n),
        slab,
        between(rng, c["inner"], n),
        between(rng, c["outer"], n),
    )
    assert len(columns) == N_STORES
    return np.asarray(np.stack(columns)[:, :, None] * A * _kJ_PER_Wh)


def _people(rng: np.random.Generator, p: dict[str, Any], A: Floats, kind: Indices, vacant: Flags) -> Floats:
    mean = np.array(p["people_W_per_m2"])[kind][:, None]
    spread = np.exp(rng.normal(-0.5 * p["people_spread"] ** 2, p["people_spread"], A.shape))
    return np.where(vacant, 0.0, mean * spread * A / 1000.0)


def _pipes(
    rng: np.random.Generator, city: GeneratedCity, p: dict[str, Any], floor: Flags, single: Flags
) -> dict[str, Floats]:
    """Return what ``HouseParams`` says of the way to each house."""
    houses, loops = city.buildings, city.loops
    n, n_loops = len(houses.loop), len(loops.station)
    farthest = np.zeros(n_loops)
    np.maximum.at(farthest, houses.loop, houses.distance)
    near = 1.0 + p["far_houses"] * (1.0 - 2.0 * houses.distance / farthest[houses.loop])
    deviation = near * np.clip(rng.lognormal(0.0, p["house_flow_spread"], n), *p["house_flow_limits"])
    mean = np.bincount(houses.loop, weights=houses.share * deviation, minlength=n_loops)
    m = loops.m_flow_design[houses.loop] * houses.share
    content = m * houses.distance / p["velocity_m_per_s"] * p["steel"]
    loss = between(rng, p["loss_W_per_m2K"], n) * houses.share * loops.A_heated[houses.loop] / 1000.0
    growth = np.where(single, p["exponent"]["single"], p["exponent"]["double"])
    return {
        "deviation": np.asarray(deviation / mean[houses.loop]),
        "exponent": np.where(floor, p["exponent"]["floor"], growth),
        "pipe_mass": content,
        "pipe_rate": loss / (content * C_WATER),
    }


def _emitters(
    rng: np.random.Generator,
    city: GeneratedCity,
    tables: dict[str, Any],
    need_W: Floats,
    how: tuple[Flags, Flags],
    vacant: Flags,
) -> RiserParams:
    p, houses, (floor, single) = tables["emitters"], city.buildings, how
    n = need_W.shape
    covered = between(rng, p["covered"], (n[0], 1))
    size = np.exp(rng.normal(0.0, p["zone_size_spread"], n))
    over = city.loops.oversize[houses.loop][:, None]
    Q_nominal = need_W / 1000.0 * over * (1.0 - covered) * size

    def choose(name: str) -> Floats:
        drawn = [between(rng, p[name][kind], n[0]) for kind in ("floor", "radiator")]
        return np.where(floor, *drawn)[:, None]

    share = need_W / need_W.sum(axis=1, keepdims=True)
    deviation = np.exp(rng.normal(0.0, p["zone_flow_spread"], n))
    deviation = np.where(vacant, p["shut_share"], deviation)
    growth = tables["secondary"]["exponent"]
    exponent = np.where(floor, growth["floor"], np.where(single, growth["single"], growth["double"]))
    return RiserParams(
        Q_nominal=np.where(vacant, 0.1, 1.0) * Q_nominal,
        dT_nominal=np.where(floor, _rated(p["rating"]["floor"]), _rated(p["rating"]["radiator"]))[:, None],
        b=choose("exponent"),
        C=choose("content_l_per_kW") * Q_nominal * C_WATER,
        single=np.asarray(single),
        share=share,
        deviation=deviation,
        exponent=exponent[:, None],
    )


def _rated(pair: list[float]) -> float:
    """Return the logarithmic mean excess in K at a rating of (supply, return), room at 20 degC."""
    high, low = pair[0] - T_INDOOR_DESIGN_degC, pair[1] - T_INDOOR_DESIGN_degC
    return (high - low) / math.log(high / low)
