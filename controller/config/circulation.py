"""What the station list says of a loop's pump, where its device is told a head or a speed."""

import re
from itertools import pairwise

from controller.config.cells import Cells
from stations.model.setpoint import CirculationChannel
from stations.profile import Profile

PumpPoints = tuple[tuple[float, float], ...]
"""(speed as a fraction, circulation in kg/s), both rising."""
POINTS_MIN = 3
SPEED_MIN, SPEED_APART = 0.05, 0.05
_NUMBER = r"\d{1,6}(?:\.\d{1,6})?"
_POINTS = re.compile(rf"{_NUMBER}:{_NUMBER}(?: {_NUMBER}:{_NUMBER}){{{POINTS_MIN - 1},9}}", re.ASCII)
_EXAMPLE = "speed:kg/s of three to ten steady points, like 0.45:18.2 0.70:28.4 1.00:40.3"


def head_at_design(cells: Cells, profile: Profile | None) -> float | None:
    """Return the head in kPa that drives design flow; needed where one is told, senseless elsewhere."""
    if _is_told(CirculationChannel.DP, "dp_design_kPa", cells, profile):
        return cells.number("dp_design_kPa", 5, 1000)
    return None


def pump_points(cells: Cells, profile: Profile | None, m_flow_design: float | None) -> PumpPoints:
    """Return which speeds give which circulation; none where no speed is told, or none is known yet."""
    column = "pump_points"
    if not _is_told(CirculationChannel.Y_PUMP, column, cells, profile) or cells.blank(column):
        return ()
    text = cells.row.cells[column]
    if not _POINTS.fullmatch(text):
        cells.fault(column, f"not allowed (got {text!r}); allowed {_EXAMPLE}")
        return ()
    numbers = [point.split(":") for point in text.split(" ")]
    points = tuple((float(speed), float(flow)) for speed, flow in numbers)
    if fault := _points_fault(points, m_flow_design):
        cells.fault(column, f"{fault} (got {text!r})")
    return points


def _points_fault(points: PumpPoints, m_flow_design: float | None) -> str | None:
    (slowest, least), (fastest, most) = points[0], points[-1]
    if not (slowest >= SPEED_MIN and fastest <= 1.0 and least > 0.0):
        return f"a point outside; allowed speeds {SPEED_MIN:g}..1 and flows above 0"
    if any(b[0] - a[0] < SPEED_APART - 1e-9 or b[1] <= a[1] for a, b in pairwise(points)):
        return f"not rising; allowed speeds {SPEED_APART:g} apart at least, and more flow at each"
    if m_flow_design is not None and most < m_flow_design:
        return f"no speed gives design circulation; allowed a last point of {m_flow_design:g} kg/s or more"
    return None


def _is_told(channel: CirculationChannel, column: str, cells: Cells, profile: Profile | None) -> bool:
    if profile is None or profile.circulation is channel:
        return profile is not None
    if not cells.blank(column):
        value = cells.row.cells[column]
        cells.fault(
            column, f"profile {profile.name} is told no {channel.value} (got {value!r}); allowed blank"
        )
    return False
