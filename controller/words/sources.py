"""What is said of the orders that heat sources are advised, and why there are none; of loops promoted."""

from collections.abc import Mapping

SOURCES: Mapping[str, tuple[str, str]] = {
    "dispatch.no_source": (
        "the site has no heat source that could be advised",
        "站点中没有可建议的热源",
    ),
    "dispatch.source_silent": (
        "{source} does not tell what it gives and can give: earlier orders stand",
        "{source} 未上报供热量和供热能力：沿用先前的指令",
    ),
    "dispatch.no_plan": (
        "there is no plan that may be followed: earlier orders stand",
        "没有可用的计划：沿用先前的指令",
    ),
    "dispatch.heat_unknown": (
        "the heat of the coming hours is not known: earlier orders stand",
        "未来数小时的供热量未知：沿用先前的指令",
    ),
    "dispatch.short": (
        "in {hours:.0f} h up to {short_kW:.0f} kW are missing: all sources together give {most_kW:.0f} kW",
        "有 {hours:.0f} 小时最多缺 {short_kW:.0f} kW：全部热源合计只能供 {most_kW:.0f} kW",
    ),
    "dispatch.late": (
        "in {hours:.0f} h up to {short_kW:.0f} kW are missing while sources start and fires rise",
        "热源启动和升负荷期间，有 {hours:.0f} 小时最多缺 {short_kW:.0f} kW",
    ),
    "dispatch.too_much": (
        "in {hours:.0f} h the least load is up to {above_kW:.0f} kW more than is needed",
        "有 {hours:.0f} 小时最低负荷比需求最多高出 {above_kW:.0f} kW",
    ),
    "dispatch.unserved": (
        "the warmest supply of {T_most:.0f} °C does not serve {stations:.0f} loops in every hour",
        "最高供水温度 {T_most:.0f} °C 仍不能始终满足 {stations:.0f} 个回路",
    ),
    "dispatch.supply_late": (
        "the supply comes {late_K:.1f} K too late: it changes by no more than {change_K:.0f} K an hour",
        "供水温度来不及升高，缺 {late_K:.1f} K：每小时变化不超过 {change_K:.0f} K",
    ),
    "dispatch.decides_supply": (
        "{station} decides the supply temperature: it needs up to {T_supply:.1f} °C at the source",
        "供水温度由 {station} 决定：热源处最高需要 {T_supply:.1f} °C",
    ),
    "dispatch.stations_unknown": (
        "temperature and flow are not advised: stations of which enough is known take {share_percent:.0f} %"
        " of the heat ({needed_percent:.0f} % are needed)",
        "不建议温度和流量：数据足够的换热站只占供热量的 {share_percent:.0f} %（需要 {needed_percent:.0f} %）",
    ),
    "dispatch.head_unknown": (
        "head is not advised: no pressures of a source and a station are known together",
        "不建议压差：缺少热源与换热站同时的压力数据",
    ),
    "dispatch.preheats": (
        "houses take {K:.1f} K in ahead of the cold: from {begin_h:.4g} h on, for {hours:.4g} h",
        "降温前提前蓄热 {K:.1f} K：{begin_h:.4g} 小时后开始，历时 {hours:.4g} 小时",
    ),
    "dispatch.weather_only": (
        "the last {hours:.0f} h lie beyond the plan: the day before, scaled with the forecast cold",
        "最后 {hours:.0f} 小时超出计划期：按前一日并随预报气温折算",
    ),
    "dispatch.by_forecast": (
        "{loops:.0f} loop(s) outside of the plan are counted by the forecast of their load",
        "计划外的 {loops:.0f} 个环路按其负荷预测计入",
    ),
    "dispatch.off_forecast": (
        "in {hours:.0f} of {of_h:.0f} h the heat ordered leaves the band of the load forecast, by"
        " {off_percent:+.0f} % at most",
        "{of_h:.0f} 小时中有 {hours:.0f} 小时的调度热量超出负荷预测区间，最大偏差 {off_percent:+.0f} %",
    ),
    "dispatch.written": (
        "order of the hour: supply {T_supply:.1f} °C, head {dp:.0f} kPa",
        "本小时指令：供水 {T_supply:.1f} °C，压差 {dp:.0f} kPa",
    ),
    "dispatch.written_raised": (
        "order of the hour, its head raised for the station that has least: supply {T_supply:.1f} °C, "
        "head {dp:.0f} kPa",
        "本小时指令，压差因最不利站不足而调高：供水 {T_supply:.1f} °C，压差 {dp:.0f} kPa",
    ),
    "dispatch.bug": (
        "the advice could not be worked out: {error}",
        "无法得出建议：{error}",
    ),
    "dispatch.zone": (
        "The heat source {source} is not in your districts.",
        "热源 {source} 不在您的辖区内。",
    ),
    "promote.zone": ("The loop {loop} is not in your districts.", "回路 {loop} 不在您的辖区内。"),
    "promote.unknown": ("There is no loop {loop}.", "没有回路 {loop}。"),
    "dispatch.unknown_source": (
        "There is no heat source {source}.",
        "没有热源 {source}。",
    ),
}
