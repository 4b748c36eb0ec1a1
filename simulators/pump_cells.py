"""What a generated station list says of a loop's pump, as somebody would have read it at commissioning."""

from stations.model.setpoint import CirculationChannel
from stations.profile import builtin_profile

DP_DESIGN_kPa = 80.0
RESERVE = 1.25
"""Flow at full speed over design flow."""
SPEEDS = (0.3, 0.6, 0.8, 1.0)


def pump_cells(profile: str, m_flow_design: float) -> dict[str, str]:
    """Return the cells of columns ``dp_design_kPa`` and ``pump_points``: what the device's channel needs."""
    cells = {"dp_design_kPa": "", "pump_points": ""}
    match builtin_profile(profile).circulation:
        case CirculationChannel.DP:
            cells["dp_design_kPa"] = f"{DP_DESIGN_kPa:.1f}"
        case CirculationChannel.Y_PUMP:
            points = [f"{speed:.2f}:{speed * RESERVE * m_flow_design:.3f}" for speed in SPEEDS]
            cells["pump_points"] = " ".join(points)
    return cells
