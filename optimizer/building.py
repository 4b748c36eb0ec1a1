"""What the optimizer takes a loop's houses for: two heat stores, their emitters and what comes for free.

All per m2 of heated area. The room (air, furniture, water of the emitters; ``T_i``) takes the heat, the
envelope (walls, slabs; ``T_e``) follows slowly:

    C_i dT_i/dt = q + h_ie (T_e - T_i) + K_v (T_o - T_i) + gains
    C_e dT_e/dt = h_ie (T_i - T_e) + K_eo (T_o - T_e)

K_v (windows, fresh air) is ``share_direct`` UA plus ``wind`` times the wind speed; h_ie and K_eo in series
carry the rest of UA. Two stores are what hourly data of a substation can tell apart: such grey boxes are
compared in Bacher and Madsen, Energy and Buildings 43 (2011), 1511-1522.

Step responses are exact: the 2 x 2 system is stable with two real eigenvalues l1 > l2 (its off-diagonal
terms are positive), so with Sylvester's formula f(A) = [(A - l2) f(l1) - (A - l1) f(l2)] / (l1 - l2), f(l)
= e^(l t) gives the decay and f(l) = (e^(l t) - 1) / l its integral.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildings:
    """Houses of n loops; every field has shape (n,)."""

    area: Floats
    """Heated m2."""
    UA: Floats
    """Heat loss to outdoors, all ways together, without wind, W/(m2 K)."""
    share_direct: Floats
    """Part of ``UA`` that passes the envelope's store by: windows and fresh air, 0 <= share < 1."""
    h_ie: Floats
    """From room to envelope, W/(m2 K); more than what the envelope loses at most, (1 - share_direct) UA."""
    C_i: Floats
    """What the room stores, Wh/(m2 K)."""
    C_e: Floats
    """What the envelope stores, Wh/(m2 K)."""
    gain: Floats
    """Free heat of people and appliances, daily mean, W/m2 (below 0: an indoor sensor shows too little)."""
    solar_aperture: Floats
    """m2 of sun collected per m2, of the sun on the horizontal."""
    wind: Floats
    """Further heat loss for each m/s of wind, W/(m2 K) per m/s."""
    q_n: Floats
    """What the installed emitters give at ``excess_n``, W/m2."""
    excess_n: Floats
    """Logarithmic mean excess of water over room at which ``q_n`` is told, K."""
    exponent: Floats
    """b in q = q_n (excess / excess_n)^(1 + b)."""
    flow_design: Floats
    """Circulation at design, kg/(s m2)."""

    def __post_init__(self) -> None:
        """Raise ValueError for what is no building; a bug, as measurements never build one unchecked."""
        shape = self.area.shape
        for field in fields(self):
            values = getattr(self, field.name)
            if values.ndim != 1 or values.shape != shape:
                raise ValueError(f"{field.name} has shape {values.shape}, area has {shape}; wanted is (n,)")
            if not np.isfinite(values).all():
                raise ValueError(f"{field.name} is not finite")
            if field.name in _POSITIVE and not (values > 0.0).all():
                raise ValueError(f"{field.name} must be above 0, least is {values.min()}")
        if not ((self.share_direct >= 0.0) & (self.share_direct < 1.0)).all():
            raise ValueError("share_direct must be within 0..1")
        if not (self.h_ie > self.U_envelope).all():
            raise ValueError("h_ie must be above (1 - share_direct) UA: a path is no better than its parts")

    def __len__(self) -> int:
        return len(self.area)

    @property
    def U_envelope(self) -> Floats:  # noqa: N802 - a field symbol
        """Heat loss through the envelope's store, W/(m2 K)."""
        return (1.0 - self.share_direct) * self.UA

    @property
    def K_eo(self) -> Floats:  # noqa: N802 - a field symbol
        """From envelope to outdoors, W/(m2 K): in series with ``h_ie`` it is ``U_envelope``."""
        U = self.U_envelope
        return U * self.h_ie / (self.h_ie - U)

    def K_v(self, wind: Floats | float = 0.0) -> Floats:  # noqa: N802 - a field symbol
        """From room to outdoors at ``wind`` m/s, W/(m2 K)."""
        return self.share_direct * self.UA + self.wind * wind

    def take(self, index: slice | Sequence[int] | NDArray[np.intp] | NDArray[np.bool_]) -> Buildings:
        """Return some of the loops, chosen as an array's elements are."""
        chosen = index if isinstance(index, slice) else np.asarray(index)
        return Buildings(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


_POSITIVE = frozenset(("area", "UA", "h_ie", "C_i", "C_e", "q_n", "excess_n", "flow_design"))


def joined(parts: Sequence[Buildings]) -> Buildings:
    """Return the loops of all parts in one, in order."""
    return Buildings(
        **{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Buildings)}
    )


class Transition(NamedTuple):
    """x(t + dt) = A x(t) + B u with x = [T_i, T_e] and u = [q, T_outdoor, gains] held over the step."""

    A: Floats
    """Shape (n, 2, 2)."""
    B: Floats
    """Shape (n, 2, 3); K per W/m2 for heat and gains, K per K for the outdoor temperature."""


class Modes(NamedTuple):
    """The two ways in which houses settle; all rates are below 0, 1/h."""

    fast: Floats
    slow: Floats
    """Shape (n,)."""
    of_fast: Floats
    of_slow: Floats
    """Part of the state that settles so, shape (n, 2, 2); together they are the whole."""


def modes(buildings: Buildings, wind: Floats | float = 0.0) -> Modes:
    """Return how houses settle at ``wind`` m/s (one for all, or of each loop)."""
    h, K_v, K_eo = buildings.h_ie, buildings.K_v(wind), buildings.K_eo
    C_i, C_e = buildings.C_i, buildings.C_e
    rate = np.empty((len(buildings), 2, 2))
    rate[:, 0, 0], rate[:, 0, 1] = -(h + K_v) / C_i, h / C_i
    rate[:, 1, 0], rate[:, 1, 1] = h / C_e, -(h + K_eo) / C_e
    middle = 0.5 * (rate[:, 0, 0] + rate[:, 1, 1])
    root = np.sqrt((0.5 * (rate[:, 0, 0] - rate[:, 1, 1])) ** 2 + rate[:, 0, 1] * rate[:, 1, 0])
    fast = middle - root
    # from the determinant: in middle + root nearly equal numbers would cancel
    slow = (rate[:, 0, 0] * rate[:, 1, 1] - rate[:, 0, 1] * rate[:, 1, 0]) / fast
    of_fast = (rate - slow[:, None, None] * np.eye(2)) / (fast - slow)[:, None, None]
    return Modes(fast, slow, of_fast, np.eye(2) - of_fast)


def transition(buildings: Buildings, dt_h: float, wind: Floats | float = 0.0) -> Transition:
    """Return the exact step of ``dt_h`` hours (> 0) at ``wind`` m/s (one for all, or of each loop)."""
    fast, slow, of_fast, of_slow = modes(buildings, wind)
    A = of_fast * np.exp(fast * dt_h)[:, None, None] + of_slow * np.exp(slow * dt_h)[:, None, None]
    held = (
        of_fast * (np.expm1(fast * dt_h) / fast)[:, None, None]
        + of_slow * (np.expm1(slow * dt_h) / slow)[:, None, None]
    )
    driven = np.zeros((len(buildings), 2, 3))
    driven[:, 0, 0] = driven[:, 0, 2] = 1.0 / buildings.C_i
    driven[:, 0, 1] = buildings.K_v(wind) / buildings.C_i
    driven[:, 1, 1] = buildings.K_eo / buildings.C_e
    return Transition(A, held @ driven)


def steady_state(
    buildings: Buildings,
    q: Floats | float,
    T_outdoor: Floats | float,
    gains: Floats | float,
    wind: Floats | float = 0.0,
) -> Floats:
    """Return [T_i, T_e] in degC, shape (n, 2), that heat ``q`` and ``gains`` (W/m2) keep at ``T_outdoor``."""
    lift = (np.asarray(q) + gains) / (buildings.K_v(wind) + buildings.U_envelope)
    part = buildings.h_ie / (buildings.h_ie + buildings.K_eo)
    T_outdoor = np.asarray(T_outdoor, dtype=np.float64)
    return np.stack([T_outdoor + lift, T_outdoor + part * lift], axis=-1)


def steady_heat(
    buildings: Buildings,
    T_indoor: Floats | float,
    T_outdoor: Floats | float,
    gains: Floats | float,
    wind: Floats | float = 0.0,
) -> Floats:
    """Return the heat in W/m2 that keeps ``T_indoor`` degC; never below 0."""
    need = (buildings.K_v(wind) + buildings.U_envelope) * (np.asarray(T_indoor) - T_outdoor) - gains
    return np.asarray(np.maximum(need, 0.0))


def free_heat(buildings: Buildings, sun: Floats | float) -> Floats:
    """Return gains in W/m2, the last axis by loop, at ``sun`` W/m2 on the horizontal (broadcast to it)."""
    return np.asarray(buildings.gain + buildings.solar_aperture * sun)
