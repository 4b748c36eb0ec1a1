"""What the guard says: why a loop may not be written to, and what bound a wish."""

from collections.abc import Mapping

GUARD: Mapping[str, tuple[str, str]] = {
    # -- decisions
    "guard.nobody_asks": ("nobody asks for a change", "没有调整要求"),
    "guard.given_back": ("given back: {why}", "交还本地控制：{why}"),
    "guard.no_such_loop": ("no such loop in this site", "没有该回路"),
    # -- gates
    "guard.class": (
        "class {station_class} takes no setpoints: advice only",
        "{station_class} 类站不接受设定值：仅作建议",
    ),
    "guard.hot_water": ("domestic hot water is read only", "生活热水回路只读"),
    "guard.not_proven": (
        "no commissioning proof is recorded: advice only",
        "没有调试验收记录：仅作建议",
    ),
    "guard.no_design_flow": (
        "design flow {m_flow:.4g} kg/s is no flow",
        "设计流量 {m_flow:.4g} kg/s 无效",
    ),
    "guard.not_seen": ("nothing is known of the loop in this cycle", "本周期没有该回路的信息"),
    "guard.local": ("the loop is in local mode", "回路处于就地模式"),
    "guard.returning": (
        "it is taken over once its link has been good for some minutes",
        "通信须持续正常数分钟后才重新投入",
    ),
    "guard.season": ("no setpoints in season state {season}", "“{season}”状态下不下发设定值"),
    "guard.pump_stopped": (
        "the loop pump stands still: no new setpoint",
        "循环泵停运：不下发新设定值",
    ),
    "guard.pump_unknown": (
        "it is not known whether the loop pump runs: no new setpoint",
        "不能确认循环泵在运行：不下发新设定值",
    ),
    "guard.not_a_number": (
        "the wish {T_supply:.4g} °C, {m_flow:.4g} kg/s is no number",
        "建议值 {T_supply:.4g} °C、{m_flow:.4g} kg/s 不是有效数值",
    ),
    "guard.no_outdoor": ("there is no outdoor temperature", "没有室外温度"),
    "guard.outdoor_old": (
        "the outdoor temperature is {age_s:span} old: no new setpoint",
        "室外温度已有 {age_s:span}未更新：不下发新设定值",
    ),
    "guard.never_answered": ("the station never answered", "换热站从未应答"),
    "guard.silent": (
        "the station has been silent for {age_s:span}",
        "换热站已 {age_s:span}无应答",
    ),
    "guard.answer_old": (
        "the last answer is {age_s:span} old: no new setpoint",
        "上次应答距今 {age_s:span}：不下发新设定值",
    ),
    "guard.no_supply": (
        "no supply temperature ({quality}): no new setpoint",
        "没有供水温度（{quality}）：不下发新设定值",
    ),
    # -- limits
    "guard.at_most": (
        "at most {T_supply:.0f} °C for this {emitter} loop",
        "{emitter}回路供水最高 {T_supply:.0f} °C",
    ),
    "guard.at_least": ("at least {T_supply:.0f} °C", "供水最低 {T_supply:.0f} °C"),
    "guard.hard_flow": (
        "circulation stays within 30..100 % of design",
        "循环流量保持在设计值的 30～100 %",
    ),
    "guard.own_curve": (
        "within 8 K of the station's own curve ({T_own:.1f} °C)",
        "与站内本地曲线（{T_own:.1f} °C）相差不超过 8 K",
    ),
    "guard.own_curve_band": (
        "within {band:.0f} K of the source's own curve ({T_own:.1f} °C)",
        "与热源本地曲线（{T_own:.1f} °C）相差不超过 {band:.0f} K",
    ),
    "guard.hard_head": (
        "head within {low:.0f} to {high:.0f} kPa",
        "压差限于 {low:.0f} 至 {high:.0f} kPa",
    ),
    "guard.no_order": (
        "no order is in force: the source goes by its own curve",
        "当前没有有效指令：热源按本地曲线运行",
    ),
    "guard.source_not_told": (
        "the source does not say which supply and head it holds",
        "热源未上报其执行中的供水温度和压差",
    ),
    "guard.own_curve_worn": (
        "within 8 K of the station's own curve ({T_own:.1f} °C), and 2 K inside where the register wears out",
        "与站内本地曲线（{T_own:.1f} °C）相差不超过 8 K；寄存器写入寿命有限，再收窄 2 K",
    ),
    "guard.fallback_warmer": (
        "nothing is written: by itself the station goes to {T_there:.1f} °C, more than 16 K above its curve"
        " at the city's outdoor temperature ({T_own:.1f} °C)",
        "暂不下发：站内自行退回时供水为 {T_there:.1f} °C，"
        "比按全市室外温度的本地曲线（{T_own:.1f} °C）高 16 K 以上",
    ),
    "guard.offset": (
        "offset within {low:+.0f}..{high:+.0f} K of the own curve ({T_own:.1f} °C)",
        "供温偏移量限于站内本地曲线（{T_own:.1f} °C）的 {low:+.0f}～{high:+.0f} K",
    ),
    "guard.frost": (
        "frost: at least 35 °C while the water is cold or unknown",
        "防冻：水温过低或未知时供水至少 35 °C",
    ),
    "guard.worst": (
        "a station has {dp:.0f} kPa left, {least:.0f} are needed: no less head",
        "最不利站资用压差 {dp:.0f} kPa，需 {least:.0f} kPa：不再降低压差",
    ),
    "guard.worst_unknown": (
        "no station shows its pressures: no less head",
        "没有换热站上报压力：不再降低压差",
    ),
    "guard.pressure": (
        "static pressure {p:.0f} kPa: no more circulation",
        "静压 {p:.0f} kPa：不再增大循环流量",
    ),
    "guard.source": (
        "the primary supply of {T_primary:.1f} °C can give no more",
        "一次侧供水 {T_primary:.1f} °C，已无余量",
    ),
    "guard.source_unknown": (
        "the primary supply is not known: no higher than the own curve or what is held",
        "一次侧供水温度未知：不高于本地曲线或当前保持值",
    ),
    "guard.source_elsewhere": (
        "the primary supply is not shown here; elsewhere it has {T_primary:.1f} °C, which can give no more",
        "本站未上报一次侧供水温度；按其他换热站的 {T_primary:.1f} °C 推算，已无余量",
    ),
    # -- the network
    "guard.mass_change": (
        "{area:.0f} % of the heated area would move by more than {dT:.0f} K within an hour and the heat by"
        " {heat:+.0f} %: an operator must confirm",
        "一小时内将有 {area:.0f} % 的供热面积变化超过 {dT:.0f} K，供热量变化 {heat:+.0f} %：须由调度员确认",
    ),
    # -- pace
    "guard.take_over": ("taking over begins with what the loop holds", "接管从回路当前值开始"),
    "guard.take_over_unknown": (
        "not taken over: it still follows an earlier setpoint and does not tell for sure which",
        "暂不接管：回路仍在执行先前的设定值，但未能可靠上报其数值",
    ),
    "guard.take_over_far": (
        "not taken over: it holds {T_held:.1f} °C by itself, and the smallest step we may ask is to "
        "{T_least_step:.1f} °C",
        "暂不接管：站内当前保持 {T_held:.1f} °C，接管须一次改到 {T_least_step:.1f} °C，跨度过大",
    ),
    "guard.rate_temperature": (
        "at most 1 K a write and 3 K in 15 min",
        "每次最多 1 K，15 分钟内最多 3 K",
    ),
    "guard.rate_flow": (
        "flow at most {share:.0f} % of design in {minutes:.0f} min",
        "流量在 {minutes:.0f} 分钟内变化不超过设计值的 {share:.0f} %",
    ),
    "guard.rose": (
        "flow rose less than 30 min ago and does not fall yet",
        "流量在 30 分钟内刚增大，暂不减小",
    ),
    "guard.fell": (
        "flow fell less than 30 min ago and does not rise yet",
        "流量在 30 分钟内刚减小，暂不增大",
    ),
    "guard.dead_band": ("within the dead-band", "变化小于回差"),
    "guard.worn": (
        "{changes} changes in 24 h are enough for this memory",
        "24 小时内已更改 {changes} 次，该存储器写入寿命有限",
    ),
    "guard.too_soon": ("at most one change in {minutes:.0f} min", "{minutes:.0f} 分钟内最多更改一次"),
    "guard.too_small": ("too small a change for this memory", "变化过小，不值得写入该存储器"),
}
