"""A station's own heating curve: a table of supply temperature by outdoor temperature."""

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
        if T_outdoor <= xs[0]:
            return ys[0]
        for (x0, x1), (y0, y1) in zip(pairwise(xs), pairwise(ys), strict=True):
            if T_outdoor <= x1:
                return y0 + (y1 - y0) * (T_outdoor - x0) / (x1 - x0)
        return ys[-1]
