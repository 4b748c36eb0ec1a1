"""What planning says: why a loop is told what it is told, what binds a plan, what is left out and why.

Most ids are those of ``optimizer.reason.Reason``; ``controller.words.plan`` puts their numbers into the gaps.
"""

from collections.abc import Mapping

PLANNING: Mapping[str, tuple[str, str]] = {
    # -- one loop's sentence
    "plan.instruction": ("{asked} ({source}); {parts}", "{asked}（{source}）；{parts}"),
    "plan.proposal": ("proposed by the {source}: {parts}", "{source}建议：{parts}"),
    "plan.on_curve": ("stays on the curve, {why}: {wish}", "保持供热曲线，因{why}：{wish}"),
    "plan.to_curve": (
        "goes back to the curve as fast as a whole network may, {why}: {T_supply:.1f} °C and"
        " {flow_percent:.0f} % of design flow for now; {wish}",
        "按全网允许速度逐步回到供热曲线，因{why}：目前供水 {T_supply:.1f} °C、"
        "设计流量的 {flow_percent:.0f} %；{wish}",
    ),
    "explain.asks": (
        "{T_supply:.1f} °C and {flow_percent:.0f} % of design flow for {q:.1f} W/m²",
        "供水 {T_supply:.1f} °C、设计流量的 {flow_percent:.0f} %，供热 {q:.1f} W/m²",
    ),
    "explain.asks_supply": (
        "{T_supply:.1f} °C at the {flow_percent:.0f} % of design flow that circulates, for {q:.1f} W/m²",
        "供水 {T_supply:.1f} °C（循环流量为设计值的 {flow_percent:.0f} %，不由中心设定），供热 {q:.1f} W/m²",
    ),
    "explain.asks_offset": (
        "{dT:+.1f} K on the station's own curve, so {T_supply:.1f} °C, for {q:.1f} W/m²",
        "站内本地曲线 {dT:+.1f} K，即供水 {T_supply:.1f} °C，供热 {q:.1f} W/m²",
    ),
    "explain.planned": ("plan of {age_s:span} ago", "{age_s:span}前的计划"),
    "explain.moved_on": (
        "plan of {age_s:span} ago, moved on because {because}",
        "{age_s:span}前的计划顺延，因{because}",
    ),
    "explain.supply_max": ("no warmer than the loop's {T:.1f} °C", "供水不超过该回路上限 {T:.1f} °C"),
    "explain.supply_min": ("no cooler than {T:.1f} °C", "供水不低于 {T:.1f} °C"),
    "explain.own_curve": (
        "bound to within {band_K:.0f} K of the station's own curve ({T_own:.1f} °C)",
        "限于站内本地曲线（{T_own:.1f} °C）上下 {band_K:.0f} K",
    ),
    "explain.offset": (
        "bound to {low:+.0f}..{high:+.0f} K of the station's own curve ({T_own:.1f} °C)",
        "供温偏移量限于站内本地曲线（{T_own:.1f} °C）的 {low:+.0f}～{high:+.0f} K",
    ),
    "explain.flow_min": (
        "with less than {flow_percent:.0f} % flow the water would spread unevenly",
        "流量低于 {flow_percent:.0f} % 时水力失调，故不再减小",
    ),
    "explain.flow_less": (
        "flow down to {flow_percent:.0f} %, as even such cool water gives more than is needed",
        "供水已到下限仍过热，故流量减至 {flow_percent:.0f} %",
    ),
    "explain.flow_max": (
        "all {flow_percent:.0f} % of design flow are needed",
        "需要设计流量的 {flow_percent:.0f} %",
    ),
    "explain.reach": (
        "water of {T_arrives:.0f} °C arrives, with which no more than {q:.1f} W/m² can reach it"
        " during {hours:.4g} h",
        "到站一次供水 {T_arrives:.0f} °C，可达热量最多 {q:.1f} W/m²（{hours:.4g} 小时）",
    ),
    "explain.out_of_reach": (
        "no more heat can reach it: up to {short_K:.1f} K too cold during {hours:.4g} h",
        "可达热量已到上限：有 {hours:.4g} 小时最多偏冷 {short_K:.1f} K",
    ),
    "explain.cold": (
        "up to {short_K:.1f} K below the comfort band during {hours:.4g} h",
        "有 {hours:.4g} 小时低于舒适范围，最多 {short_K:.1f} K",
    ),
    "explain.warm": (
        "up to {over_K:.1f} K above the comfort band during {hours:.4g} h",
        "有 {hours:.4g} 小时高于舒适范围，最多 {over_K:.1f} K",
    ),
    "explain.effect": (
        "rooms {T_now:.1f} °C now, {T_soon:.1f} °C in {soon_h:.4g} h and {T_end:.1f} °C in {hours:.4g} h"
        " with {q:.1f} W/m² on average",
        "室温现为 {T_now:.1f} °C，{soon_h:.4g} 小时后 {T_soon:.1f} °C，{hours:.4g} 小时后 {T_end:.1f} °C，"
        "平均供热 {q:.1f} W/m²",
    ),
    "explain.curve": (
        "the curve would ask {T_supply:.1f} °C and {flow_percent:.0f} % flow, take {more_percent:+.0f} % heat"
        " and end at {T_end:.1f} °C in {hours:.4g} h",
        "供热曲线则要求供水 {T_supply:.1f} °C、流量 {flow_percent:.0f} %，热量 {more_percent:+.0f} %，"
        "{hours:.4g} 小时后 {T_end:.1f} °C",
    ),
    # -- what binds a plan
    "plan.cap": (
        "the source gives all it can during {hours:.4g} h; heat is worth up to {dearer_percent:.0f} % more",
        "热源有 {hours:.4g} 小时达到上限；此时热价最多高 {dearer_percent:.0f} %",
    ),
    "plan.cap_short": (
        "the source gives all it can during {hours:.4g} h, and rooms lack what it can not give",
        "热源有 {hours:.4g} 小时达到上限，所缺热量无法补足",
    ),
    "plan.plant_ramp": (
        "the source changes as fast as it may during {hours:.4g} h",
        "热源有 {hours:.4g} 小时达到升降负荷速率上限",
    ),
    "plan.out_of_reach": (
        "{loops:.0f} loop(s) get all that can reach them and are still up to {coldest_K:.1f} K too cold,"
        " at most {hours:.4g} h each",
        "{loops:.0f} 个回路已用尽可达热量，仍最多偏冷 {coldest_K:.1f} K，每个最多 {hours:.4g} 小时",
    ),
    "plan.cold": (
        "{loops:.0f} loop(s) fall up to {coldest_K:.1f} K below the comfort band, at most {hours:.4g} h each",
        "{loops:.0f} 个回路低于舒适范围，最多 {coldest_K:.1f} K，每个最多 {hours:.4g} 小时",
    ),
    "plan.at_most": (
        "{loops:.0f} loop(s) get all the heat that can reach them, at most {hours:.4g} h each",
        "{loops:.0f} 个回路达到可达热量上限，每个最多 {hours:.4g} 小时",
    ),
    "plan.reach": (
        "{loops:.0f} loop(s) get all that the source's water can give their exchangers,"
        " at most {hours:.4g} h each",
        "{loops:.0f} 个回路已用尽一次供水经换热器可供的热量，每个最多 {hours:.4g} 小时",
    ),
    "plan.reach_below_least": (
        "{loops:.0f} loop(s) get less from the source's water than they may be told at least, at most"
        " {hours:.4g} h each",
        "{loops:.0f} 个回路的一次供水所能供的热量低于允许下达的最低值，每个最多 {hours:.4g} 小时",
    ),
    "plan.reach_unknown": (
        "{loops:.0f} loop(s) are not bound by what the source's water can give: {quantity} is not known",
        "{loops:.0f} 个回路未按一次供水可供热量限制：{quantity}未知",
    ),
    "plan.too_warm": (
        "{loops:.0f} loop(s) get the least heat allowed and are still up to {warmest_K:.1f} K too warm,"
        " at most {hours:.4g} h each",
        "{loops:.0f} 个回路已降至最低供热，仍最多偏热 {warmest_K:.1f} K，每个最多 {hours:.4g} 小时",
    ),
    "plan.at_least": (
        "{loops:.0f} loop(s) get the least heat that keeps frost away, at most {hours:.4g} h each",
        "{loops:.0f} 个回路处于防冻最低供热，每个最多 {hours:.4g} 小时",
    ),
    # -- how good a plan is
    "plan.gap": (
        "within {gap_percent:.1f} % of the best after {iterations:.0f} steps",
        "迭代 {iterations:.0f} 步，距最优不超过 {gap_percent:.1f} %",
    ),
    "plan.rationed": (
        "not enough heat: shared out, down to {share_percent:.0f} % of the need during {hours:.4g} of"
        " {horizon_h:.4g} h, {cold_K:.1f} K too cold on average",
        "供热不足，按需分配：{horizon_h:.4g} 小时中有 {hours:.4g} 小时最低为需求的 {share_percent:.0f} %，"
        "平均偏冷 {cold_K:.1f} K",
    ),
    # -- why there is none
    "plan.no_loops": ("there is no loop to plan for", "没有可计划的回路"),
    "plan.no_loop_left": (
        "all {loops:.0f} loops are left out, the first because {first}",
        "{loops:.0f} 个回路全部排除，首个因{first}",
    ),
    "plan.horizon_short": (
        "{steps:.0f} steps are too few to plan in, {needed:.0f} are needed",
        "只有 {steps:.0f} 个时段，至少需要 {needed:.0f} 个",
    ),
    "plan.series_short": (
        "{series} ends after {steps:.0f} of {needed:.0f} steps",
        "{series}只有 {steps:.0f} 个时段，需要 {needed:.0f} 个",
    ),
    "plan.shape": (
        "{table} has not one row for each of {loops:.0f} loops and {steps:.0f} steps",
        "{table}与 {loops:.0f} 个回路、{steps:.0f} 个时段不符",
    ),
    "plan.forecast_hole": (
        "the outdoor temperature is not known in {steps:.0f} steps, from step {step:.0f} on",
        "室外温度预报缺 {steps:.0f} 个时段，从第 {step:.0f} 段起",
    ),
    "plan.tariff": (
        "{steps:.0f} prices are no prices, from step {step:.0f} on, or all are 0",
        "{steps:.0f} 个热价无效（从第 {step:.0f} 段起），或全部为 0",
    ),
    "plan.source_unknown": (
        "it is not known what the source can give in {steps:.0f} steps, from step {step:.0f} on",
        "热源能力有 {steps:.0f} 个时段未知，从第 {step:.0f} 段起",
    ),
    "plan.source_ramp": (
        "the source's ramp of {P_ramp_kW} kW is none",
        "热源升降负荷速率 {P_ramp_kW} kW 无效",
    ),
    "plan.time": (
        "steps of {dt_h} h from second {start_s} on can not be planned in",
        "时段长 {dt_h} 小时、起点第 {start_s} 秒，无法计划",
    ),
    "plan.weight": ("the weight {weight} may not be {value}", "{weight}的权重不能为 {value}"),
    "plan.source_below_frost": (
        "the source can give {P_max_kW:.0f} kW in step {step:.0f}, frost protection alone needs"
        " {needed_kW:.0f} kW",
        "第 {step:.0f} 段热源只能供 {P_max_kW:.0f} kW，仅防冻就需要 {needed_kW:.0f} kW",
    ),
    "plan.not_solved": (
        "not solved within {iterations:.0f} steps (distance to the best: {gap})",
        "迭代 {iterations:.0f} 步未解出（距最优：{gap}）",
    ),
    "plan.too_old": (
        "the last plan is {age_s:span} old and there is no newer one: {because}",
        "上一计划已是 {age_s:span}前，且没有更新的：{because}",
    ),
    "plan.solver_hung": (
        "the solver did not answer within {limit_s:.0f} s",
        "求解器 {limit_s:.0f} 秒内无应答",
    ),
    "plan.solver_died": ("the solver died ({how})", "求解器异常退出（{how}）"),
    "plan.solver_broken": ("the solver can not be understood ({error})", "求解器应答无法识别（{error}）"),
    "plan.solver_memory": ("the solver ran out of memory", "求解器内存不足"),
    "plan.bug": ("planning failed ({error})", "计划计算出错（{error}）"),
    "plan.not_sane": (
        "the plan takes {share_percent:.0f} % of the curves' heat, {least_percent:.0f}..{most_percent:.0f} %"
        " are believed",
        "计划热量为供热曲线的 {share_percent:.0f} %，可信范围为 {least_percent:.0f}～{most_percent:.0f} %",
    ),
    "plan.not_yet": ("there is no plan yet", "尚无计划"),
    "plan.no_outdoor": ("there is no outdoor temperature", "没有室外温度"),
    # -- why a loop is left out
    "plan.loop_hole": ("{what} is not known", "{what}未知"),
    "plan.loop_area": (
        "its heated area is not within {least_m2:.0f}..{most_m2:.0f} m²",
        "供热面积不在 {least_m2:.0f}～{most_m2:.0f} m² 内",
    ),
    "plan.loop_model": ("its model is no house", "建筑模型不成立"),
    "plan.loop_temperature": ("a temperature is out of range", "温度超出量程"),
    "plan.comfort_band": ("its comfort band is upside down", "舒适范围上下限颠倒"),
    "plan.loop_heat": (
        "a heat is not within 0..{most_W_per_m2:.0f} W/m²",
        "热量不在 0～{most_W_per_m2:.0f} W/m² 内",
    ),
    "plan.heat_bounds": (
        "less heat can reach it than frost protection needs",
        "可达热量低于防冻所需",
    ),
    "plan.loop_ramp": ("its heat may not change at all", "热量变化速率无效"),
    "plan.loop_not_in": ("the plan does not know it", "计划中没有该回路"),
    "plan.loop_no_link": ("its station does not answer", "换热站无应答"),
    "plan.loop_mode": ("it is in {mode} mode", "回路处于{mode}模式"),
    "plan.loop_not_driven": ("it takes no setpoints", "该回路不接受设定值"),
    "plan.loop_lost": ("nothing recent tells of it", "没有近期数据"),
    "plan.loop_asked": (
        "its rooms have no sensor: the supply moves by {dT_K:+.1f} K, so that the heat tells how warm they"
        " are ({hours:.0f} h of {most_h:.0f} h at most)",
        "室内无测点：供水温度调整 {dT_K:+.1f} K，由热量推断室温（{hours:.0f} 小时，最多 {most_h:.0f} 小时）",
    ),
    "plan.loop_held": (
        "{who} holds it back from plans (order {order:.0f})",
        "指令 {order:.0f}（{who}）暂不采用计划",
    ),
    "plan.loop_unknown": (
        "its rooms are known to {sd_K:.1f} K only, {most_K:.1f} K are needed",
        "室温估算误差 {sd_K:.1f} K，要求不超过 {most_K:.1f} K",
    ),
    # -- what stands in gaps
    "planned.T_outdoor": ("the outdoor temperature", "室外温度"),
    "planned.wind": ("the wind", "风速"),
    "planned.sun": ("the sun", "日照"),
    "planned.tariff": ("the tariff", "热价"),
    "planned.P_max": ("the source's capacity", "热源能力"),
    "planned.A": ("the house model", "建筑模型"),
    "planned.B": ("the house model", "建筑模型"),
    "planned.x0": ("the temperature of rooms and walls", "室内和墙体温度"),
    "planned.area": ("the heated area", "供热面积"),
    "planned.ramp": ("the ramp of heat", "热量变化速率"),
    "planned.q_before": ("the heat given now", "当前供热量"),
    "planned.gains": ("the free heat", "自由得热"),
    "planned.T_min": ("the comfort band", "舒适范围"),
    "planned.T_max": ("the comfort band", "舒适范围"),
    "planned.q_min": ("the least heat", "最低供热量"),
    "planned.q_max": ("the heat that can reach it", "可达热量"),
    "planned.critical": ("the critical users", "重点用户"),
    "planned.owed": ("the under-heating so far", "累计欠热"),
    "planned.T_source": ("what the sources send", "热源供水温度"),
    "planned.T_arrives": ("the supply temperature at the station", "到站一次供水温度"),
    "planned.UA_exchanger": ("how well the exchanger carries heat", "换热器传热能力"),
    "planned.m_flow_primary_most": ("the most that the station can draw", "最大一次流量"),
    "planned.m_flow_circulating": ("the circulation", "循环流量"),
    "planned.T_indoor": ("the room's temperature", "室内温度"),
    "planned.unknown": ("unknown", "未知"),
    "plan.percent": ("{percent:.1f} %", "{percent:.1f} %"),
    "planned.indoor_K": ("the rooms (K)", "室温（K）"),
    "planned.heat_share": ("the heat (share)", "热量（比例）"),
    "weight.cold": ("under-heating", "欠热"),
    "weight.cold_square": ("under-heating squared", "欠热平方"),
    "weight.hot": ("over-heating", "过热"),
    "weight.hot_square": ("over-heating squared", "过热平方"),
    "weight.moves": ("changes of heat", "热量变化"),
    "weight.end": ("the end", "期末蓄热"),
    "weight.plant": ("the source's limits", "热源限值"),
    # -- the same reasons as part of another sentence, without their numbers
    "cause.plan.no_loops": ("there is no loop", "没有回路"),
    "cause.plan.no_loop_left": ("no loop could be planned for", "没有可计划的回路"),
    "cause.plan.horizon_short": ("too few steps were asked for", "时段过少"),
    "cause.plan.series_short": ("a series was too short", "数据序列过短"),
    "cause.plan.shape": ("a table had the wrong size", "数据表大小不符"),
    "cause.plan.forecast_hole": ("the forecast has a hole", "天气预报有缺口"),
    "cause.plan.tariff": ("a price is no price", "热价无效"),
    "cause.plan.source_unknown": ("the source's capacity is not known", "热源能力未知"),
    "cause.plan.source_ramp": ("the source's ramp is none", "热源升降速率无效"),
    "cause.plan.time": ("the time is none", "时间无效"),
    "cause.plan.weight": ("a weight is none", "权重无效"),
    "cause.plan.source_below_frost": ("the source can not even keep frost away", "热源能力低于防冻所需"),
    "cause.plan.not_solved": ("it was not solved", "未能解出"),
    "cause.plan.solver_hung": ("the solver did not answer", "求解器无应答"),
    "cause.plan.solver_died": ("the solver died", "求解器异常退出"),
    "cause.plan.solver_broken": ("the solver can not be understood", "求解器应答无法识别"),
    "cause.plan.solver_memory": ("the solver ran out of memory", "求解器内存不足"),
    "cause.plan.bug": ("planning failed", "计划计算出错"),
    "cause.plan.not_sane": ("the plan was not believed", "计划不可信"),
    "cause.plan.not_yet": ("none was made", "尚未生成"),
    "cause.weather_unknown": ("the weather is not known", "天气未知"),
    "cause.plan.loop_hole": ("something of it is not known", "数据不全"),
    "cause.plan.loop_area": ("its area is out of range", "面积超出范围"),
    "cause.plan.loop_model": ("its model is no house", "建筑模型不成立"),
    "cause.plan.loop_temperature": ("a temperature is out of range", "温度超出量程"),
    "cause.plan.comfort_band": ("its comfort band is upside down", "舒适范围颠倒"),
    "cause.plan.loop_heat": ("a heat is out of range", "热量超出范围"),
    "cause.plan.heat_bounds": ("too little heat can reach it", "可达热量过低"),
    "cause.plan.loop_ramp": ("its heat may not change", "热量变化速率无效"),
    "cause.plan.loop_no_link": ("its station does not answer", "换热站无应答"),
    "cause.plan.loop_mode": ("it is not in auto", "不在自动模式"),
    "cause.plan.loop_not_driven": ("it takes no setpoints", "不接受设定值"),
    "cause.plan.loop_lost": ("nothing recent tells of it", "没有近期数据"),
    "cause.plan.loop_held": ("it is held back from plans", "暂不采用计划"),
    "cause.plan.loop_unknown": ("its rooms are not known well enough", "室温不够清楚"),
}
