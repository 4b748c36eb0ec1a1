"""Why a strategy or an operator wants something of a loop."""

from collections.abc import Mapping

STRATEGIES: Mapping[str, tuple[str, str]] = {
    "operator.ordered": (
        "{author} ordered {T_supply:.1f} °C (order {order}): “{reason}”",
        "{author} 下达 {T_supply:.1f} °C（指令 {order}）：“{reason}”",
    ),
    "curve.asks": (
        "the {emitter} curve asks {T_supply:.1f} °C and {flow:.0f} % of design flow at {T_outdoor:.1f} °C"
        " outdoors (filtered)",
        "{emitter}供热曲线在室外 {T_outdoor:.1f} °C（滤波后）时"
        "要求供水 {T_supply:.1f} °C、设计流量的 {flow:.0f} %",
    ),
    "balance.asks": (
        "{why}: {T_supply:.1f} °C and {flow:.0f} % of design flow at {T_outdoor:.1f} °C outdoors (filtered)",
        "{why}：室外 {T_outdoor:.1f} °C（滤波后）时供水 {T_supply:.1f} °C、设计流量的 {flow:.0f} %",
    ),
    "balance.on_curve": ("stays on the curve, {why}: {wish}", "保持供热曲线，因{why}：{wish}"),
    "balance.questioned": (
        "no indoor sensor, asked by a wave of {dT:+.1f} K (hour {hours}, at most {hours_max})",
        "没有室温传感器，以 {dT:+.1f} K 的波动试探（第 {hours} 小时，最多 {hours_max} 小时）",
    ),
    "balance.learns": (
        "follows the curve while it learns ({hours} of {hours_to_know} h)",
        "学习期间按供热曲线运行（已 {hours} 小时，需 {hours_to_know} 小时）",
    ),
    "balance.measured": (
        "{T_indoor:.1f} °C indoors (measured), {T_wanted:.1f} wanted",
        "室温 {T_indoor:.1f} °C（实测），要求 {T_wanted:.1f} °C",
    ),
    "balance.estimated": (
        "{T_indoor:.1f} °C indoors (estimated within {sd:.1f} K), {T_wanted:.1f} wanted",
        "室温 {T_indoor:.1f} °C（估算，误差 {sd:.1f} K），要求 {T_wanted:.1f} °C",
    ),
    "balance.no_setpoints": ("it takes no setpoints", "该回路不接受设定值"),
    "balance.too_little": ("too little was measured", "有效测量过少"),
    "balance.pump_stopped": ("the loop pump stands still", "循环泵停运"),
    "balance.no_supply": ("no supply temperature", "没有供水温度"),
    "balance.no_return": ("no return temperature", "没有回水温度"),
    "balance.no_outdoor": ("no outdoor temperature", "没有室外温度"),
    "balance.no_heat": (
        "neither circulation nor heat is measured",
        "循环流量和热量均无测量",
    ),
    "balance.idle": ("the loop gives no heat that could be measured", "回路没有可测到的供热"),
}
