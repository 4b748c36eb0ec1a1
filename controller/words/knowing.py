"""What is said of what the centre knows of a loop: its estimate, its parameters, and forecasts.

The ids are those of ``optimizer.reason.Reason``; ``controller.words.plan`` puts their numbers into the gaps.
"""

from collections.abc import Mapping

KNOWING: Mapping[str, tuple[str, str]] = {
    # -- estimates
    "estimate.heat_disagrees": (
        "the heat meter tells {meter:.1f} W/m², flow and temperatures {water:.1f} W/m²",
        "热量表为 {meter:.1f} W/m²，流量与温差算得 {water:.1f} W/m²",
    ),
    "estimate.no_heat": (
        "no heat was measured for {held_s:span}; {q:.1f} W/m² is held",
        "已 {held_s:span}没有热量测量，沿用 {q:.1f} W/m²",
    ),
    "estimate.swapped": ("the return is warmer than the supply", "回水温度高于供水温度"),
    "estimate.implausible": ("a value that no loop has was left out", "剔除了不可能的数值"),
    "estimate.no_outdoor": ("no outdoor temperature", "没有室外温度"),
    "estimate.no_sun": ("nothing tells the sun", "没有日照数据"),
    "estimate.indoor_jumped": (
        "the indoor sensors jumped and count little until that lasts",
        "室温测点突变，持续之前暂不采信",
    ),
    "estimate.law_jumped": (
        "what the water tells of the rooms jumped and counts little until that lasts",
        "由水温推算的室温突变，持续之前暂不采信",
    ),
    # -- identification
    "identify.not_yet": ("nothing was identified yet", "尚未辨识"),
    "identify.asked": (
        "drawn from {hours:.0f} h of its own measurements; its rooms are known to {sd_K:.1f} K",
        "由自身 {hours:.0f} 小时测量得出，室温误差约 {sd_K:.1f} K",
    ),
    "identify.too_few_days": (
        "{days:.1f} days of usable data, {needed:.0f} are needed",
        "可用数据 {days:.1f} 天，至少需要 {needed:.0f} 天",
    ),
    "identify.weather_too_even": (
        "the weather was too even ({sd_K:.1f} K, {needed_K:.1f} K are needed)",
        "天气变化太小（{sd_K:.1f} K，至少需要 {needed_K:.1f} K）",
    ),
    "identify.heat_ignores_weather": (
        "heat does not follow the weather ({UA:.2f} ± {sd:.2f} W/(m²·K))",
        "热量不随天气变化（{UA:.2f} ± {sd:.2f} W/(m²·K)）",
    ),
    "identify.nothing_tells_room": (
        "neither sensors nor water tell how warm the rooms are",
        "测点和水温都不能反映室温",
    ),
    "identify.not_converged": ("the fit did not settle", "拟合未收敛"),
    "identify.does_not_fit": (
        "the house model is {rmse_K:.2f} K off the sensors, {allowed_K:.2f} K is allowed",
        "建筑模型与测点相差 {rmse_K:.2f} K，允许 {allowed_K:.2f} K",
    ),
    "identify.does_not_fit_heat": (
        "the house model is {rmse_percent:.0f} % off the heat, {allowed_percent:.0f} % is allowed",
        "建筑模型与热量相差 {rmse_percent:.0f} %，允许 {allowed_percent:.0f} %",
    ),
    "identify.nothing_to_replay": (
        "too little was measured in the last {hours:.0f} h to compare on",
        "最近 {hours:.0f} 小时测量过少，无法比较",
    ),
    "identify.accepted": (
        "the new parameters foretold {measure} better ({challenger:.2f} against {champion:.2f})",
        "新参数对{measure}的预测更准（误差 {challenger:.2f}，原为 {champion:.2f}）",
    ),
    "identify.kept": (
        "the old parameters stay: they foretold {measure} better ({champion:.2f} against {challenger:.2f})",
        "保留原参数：对{measure}的预测更准（误差 {champion:.2f}，新参数为 {challenger:.2f}）",
    ),
    "identify.no_rows": ("{rows:.0f} rows are too few", "只有 {rows:.0f} 行数据"),
    "identify.times_scattered": (
        "the times are scattered over {days:.0f} days",
        "时标散布在 {days:.0f} 天内",
    ),
    "identify.exchanger_idle": (
        "the exchanger never worked with {approach_K:.1f} K between its sides",
        "换热器两侧温差未曾达到 {approach_K:.1f} K",
    ),
    "identify.exchanger_shared": (
        "one meter measures all exchangers of the station: how they do together is told with loop {loop:.0f}",
        "全站换热器共用一块一次侧热量表，整体情况见环路 {loop:.0f}",
    ),
    "identify.exchanger_loops_unmetered": (
        "one meter measures all exchangers of the station, and the heat of {loops:.0f} of its loops is not"
        " measured",
        "全站换热器共用一块一次侧热量表，且有 {loops:.0f} 个环路的热量未计量",
    ),
    "identify.exchanger_balance": (
        "the heat of its loops is {apart_percent:+.0f} % off that of the station's meter"
        " ({allowed_percent:.0f} % is allowed): a loop is not measured, or a meter is wrong",
        "各环路热量之和与站热量表相差 {apart_percent:+.0f} %（允许 {allowed_percent:.0f} %）："
        "有环路未计量或仪表有误",
    ),
    "identify.exchanger_shares": (
        "one meter measures all exchangers of the station, and a loop's share of the heat moved by"
        " {moved_percent:.0f} % ({allowed_percent:.0f} % is allowed)",
        "全站换热器共用一块一次侧热量表，且环路热量占比变化达 {moved_percent:.0f} %"
        "（允许 {allowed_percent:.0f} %）",
    ),
    "identify.pump_points": (
        "{points:.0f} steady points of the pump, {needed:.0f} are needed",
        "循环泵稳态点 {points:.0f} 个，至少需要 {needed:.0f} 个",
    ),
    "identify.pump_misfit": (
        "flow does not follow the pump's speed ({misfit_percent:.0f} % off, {allowed_percent:.0f} % is"
        " allowed)",
        "流量与泵转速不符（相差 {misfit_percent:.0f} %，允许 {allowed_percent:.0f} %）",
    ),
    "identify.holes": (
        "{known_percent:.0f} % of the values are known, {needed_percent:.0f} % are needed",
        "有效数值占 {known_percent:.0f} %，至少需要 {needed_percent:.0f} %",
    ),
    "identify.source_even": (
        "the source's supply was too even ({sd_K:.1f} K, {needed_K:.1f} K are needed)",
        "热源供水温度变化太小（{sd_K:.1f} K，至少需要 {needed_K:.1f} K）",
    ),
    "identify.not_alike": (
        "station and source are not alike (correlation {correlation:.2f}, {needed:.2f} is needed)",
        "换热站与热源变化不相似（相关系数 {correlation:.2f}，至少 {needed:.2f}）",
    ),
    "identify.delay_too_long": (
        "the water takes longer than {longest_s:span}, or nothing tells how long",
        "输送时间超过 {longest_s:span}，或无法判断",
    ),
    # -- asked for by somebody
    "learn.unknown": ("There is no station {station}.", "没有换热站 {station}。"),
    "learn.zone": ("The station {station} is not in your districts.", "换热站 {station} 不在您的辖区内。"),
    "learn.running": (
        "Another station is being identified; try again in a minute.",
        "另一换热站正在辨识，请一分钟后再试。",
    ),
    "learn.failed": (
        "The identification of {station} ended without a result ({how}); what was known stays.",
        "{station} 的辨识未得出结果（{how}），沿用原有参数。",
    ),
    # -- what was learned, on a station's page
    "learned.prior": (
        "its houses are taken as those of their kind: {UA:.2f} W/(m²·K), emitters {q_n:.0f} W/m²",
        "建筑按同类取值：{UA:.2f} W/(m²·K)，散热设备 {q_n:.0f} W/m²",
    ),
    "learned.asked": (
        "its emitters told how they heat within its first days: houses {UA:.2f} W/(m²·K), emitters"
        " {q_n:.0f} W/m²",
        "最初几天由自身响应得出：建筑 {UA:.2f} W/(m²·K)，散热设备 {q_n:.0f} W/m²",
    ),
    "learned.night": (
        "its houses as identified from its record: {UA:.2f} W/(m²·K), emitters {q_n:.0f} W/m²",
        "建筑参数由运行数据辨识得出：{UA:.2f} W/(m²·K)，散热设备 {q_n:.0f} W/m²",
    ),
    "learned.exchanger": (
        "the exchanger carries {UA:.1f} kW/K, {change:+.0f} % in 30 days (between {low:+.0f} and"
        " {high:+.0f} %)",
        "换热器传热能力 {UA:.1f} kW/K，30 天变化 {change:+.0f} %（{low:+.0f}～{high:+.0f} %）",
    ),
    "learned.fouls": (
        "the exchanger FOULS: it carries {UA:.1f} kW/K, {change:+.0f} % in 30 days (between {low:+.0f} and"
        " {high:+.0f} %)",
        "换热器正在结垢：传热能力 {UA:.1f} kW/K，30 天变化 {change:+.0f} %（{low:+.0f}～{high:+.0f} %）",
    ),
    "learned.exchangers": (
        "the station's {loops:.0f} exchangers together carry {UA:.1f} kW/K, {change:+.0f} % in 30 days"
        " (between {low:+.0f} and {high:+.0f} %)",
        "全站 {loops:.0f} 台换热器总传热能力 {UA:.1f} kW/K，30 天变化 {change:+.0f} %"
        "（{low:+.0f}～{high:+.0f} %）",
    ),
    "learned.foul_together": (
        "the station's {loops:.0f} exchangers FOUL, one of them or all: together they carry {UA:.1f} kW/K,"
        " {change:+.0f} % in 30 days (between {low:+.0f} and {high:+.0f} %)",
        "全站 {loops:.0f} 台换热器中有结垢：总传热能力 {UA:.1f} kW/K，30 天变化 {change:+.0f} %"
        "（{low:+.0f}～{high:+.0f} %）",
    ),
    "learned.no_exchanger": ("the exchanger is not judged: {why}", "换热器无法判断：{why}"),
    "learned.delay": (
        "water takes {minutes:.0f} min from the source",
        "热水从热源到站需 {minutes:.0f} 分钟",
    ),
    "learned.to_rooms": (
        "water takes {minutes:.0f} min from the station to the rooms; the supply moves that much earlier",
        "热水从站到用户需 {minutes:.0f} 分钟，供水温度相应提前调整",
    ),
    "learned.no_to_rooms": (
        "how long water takes to the rooms is not known: {why}",
        "站到用户的输送时间未知：{why}",
    ),
    "learned.no_delay": ("how long water takes is not known: {why}", "输送时间未知：{why}"),
    "learned.pump": (
        "the pump gives {low:.1f} t/h at {slow:.0f} % and {high:.1f} t/h at {fast:.0f} % of its speed"
        " ({points:.0f} steady points)",
        "循环泵转速 {slow:.0f} % 时流量 {low:.1f} t/h，{fast:.0f} % 时 {high:.1f} t/h"
        "（{points:.0f} 个稳态点）",
    ),
    "learned.no_pump": ("the pump's curve is not known: {why}", "循环泵特性未知：{why}"),
    # -- proposals beside what was done
    "shadow.few_days_to_check": (
        "{days:.0f} days to check the model on, {needed:.0f} are needed",
        "可校验模型的天数为 {days:.0f} 天，至少需要 {needed:.0f} 天",
    ),
    "shadow.few_days_proposed": (
        "{days:.0f} days of proposals, {needed:.0f} are needed",
        "建议记录 {days:.0f} 天，至少需要 {needed:.0f} 天",
    ),
    "shadow.saving_unsure": (
        "a saving is not proven: between {low_percent:+.1f} and {high_percent:+.1f} %",
        "节能尚未证实：{low_percent:+.1f}～{high_percent:+.1f} %",
    ),
    "shadow.rooms_unknown": ("how warm its rooms were is not known", "室温未知"),
    "shadow.rooms_off": (
        "its rooms were {room_K:.1f} K off what the plan said, {most_K:.1f} K is allowed",
        "室温与计划相差 {room_K:.1f} K，允许 {most_K:.1f} K",
    ),
    "shadow.drifted_up": (
        "it takes ever more heat than its model says (sum {sum:.1f}, limit {limit:.1f}, {days:.0f} days)",
        "用热持续高于模型（累积和 {sum:.1f}，限值 {limit:.1f}，{days:.0f} 天）",
    ),
    "shadow.drifted_down": (
        "it takes ever less heat than its model says (sum {sum:.1f}, limit {limit:.1f}, {days:.0f} days)",
        "用热持续低于模型（累积和 {sum:.1f}，限值 {limit:.1f}，{days:.0f} 天）",
    ),
    # -- forecasts
    "weather_hole": (
        "no source tells {quantity} for {hours:.4g} h",
        "没有来源给出{quantity}，共 {hours:.4g} 小时",
    ),
    "weather_unknown": ("nothing tells {quantity}", "没有任何{quantity}信息"),
    "weather_from_future": (
        "{source} was issued {ahead_s:span} from now: a clock is wrong",
        "{source} 的发布时间超前 {ahead_s:span}：时钟有误",
    ),
    "weather_not_finite": ("the weather has a hole", "天气数据有缺口"),
    "load_too_few_hours": (
        "{known_h:.0f} hours of load are known, {needed_h:.0f} are needed",
        "已知负荷 {known_h:.0f} 小时，至少需要 {needed_h:.0f} 小时",
    ),
    "load_unknown": (
        "the load of the last {needed_h:.0f} hours is not known ({known_h:.0f} are)",
        "最近 {needed_h:.0f} 小时的负荷不全（已知 {known_h:.0f} 小时）",
    ),
}
