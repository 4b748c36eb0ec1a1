"""A station's own heating curve: a table of supply temperature by outdoor temperature."""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class HeatingCurve:
    """Piecewise linear, flat beyond its ends; outdoor rising, supply falling, 2..8 points."""

    T_outdoor: tuple[float, ...]
    """degC."""
    T_supply: tuple[float, ...]
    """degC."""

    def __post_init__(self) -> None:
        """Refuse tables that no commissioning engineer would leave behind."""
        if len(self.T_outdoor) != len(self.T_supply) or not 2 <= len(self.T_outdoor) <= 8:
            raise ValueError(
                f"a heating curve has 2..8 pairs, not {len(self.T_outdoor)}/{len(self.T_supply)}"
            )
        if any(b <= a for a, b in pairwise(self.T_outdoor)):
            raise ValueError(f"T_outdoor of a heating curve must rise: {self.T_outdoor}")
        if any(b > a for a, b in pairwise(self.T_supply)):
            raise ValueError(f"T_supply of a heating curve must fall: {self.T_supply}")

    def at(self, T_outdoor: float) -> float:
        """Return the supply temperature in degC at ``T_outdoor`` degC."""
        xs, ys = self.T_outdoor, self.T_supply
        after = bisect_left(xs, T_outdoor)
        if after == 0:
            return ys[0]
        if after == len(xs):
            return ys[-1]
        x0, y0 = xs[after - 1], ys[after - 1]
        return y0 + (ys[after] - y0) * (T_outdoor - x0) / (xs[after] - x0)
