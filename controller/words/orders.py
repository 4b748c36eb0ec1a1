"""What the order desk says: why an order is not taken, and what goes with a preview."""

from collections.abc import Mapping

ORDERS: Mapping[str, tuple[str, str]] = {
    # -- what the order is about
    "unknown_loop": ("There is no loop {loop}.", "没有回路 {loop}。"),
    "unknown_district": ("There is no district {district}.", "没有片区 {district}。"),
    "unknown_station": ("There is no station {station}.", "没有换热站 {station}。"),
    "unknown_strategy": (
        "There is no strategy {strategy}; known: {known}.",
        "没有策略 {strategy}；可选：{known}。",
    ),
    "unknown_order": ("There is no order {order}.", "没有指令 {order}。"),
    "no_loops": ("The order names no loop that it could change.", "指令没有可更改的回路。"),
    "not_your_zone": (
        "District {district} of {subject} is not in your zone.",
        "{subject} 所属片区 {district} 不在您的辖区内。",
    ),
    "class_c": (
        "{loop} can only be read (class C): set it at the station.",
        "{loop} 为只读（C 类）：请在现场设定。",
    ),
    "hot_water": ("{loop} is domestic hot water, which is read only.", "{loop} 为生活热水回路，只读。"),
    "source_no_plans": (
        "The heat source {source} follows its order of the hour, not the plans of loops.",
        "热源 {source} 按本小时指令运行，不采用回路计划。",
    ),
    "not_proven": (
        "{loop} has no commissioning record, so it is not driven.",
        "{loop} 没有调试验收记录，不能下发指令。",
    ),
    "no_flow_channel": ("{loop} takes no flow instruction.", "{loop} 不接受流量指令。"),
    # -- what stands against it now
    "stale_data": (
        "The data of {loop} is too old to order anything: {why}.",
        "{loop} 的数据已过期，不能下发指令：{why}。",
    ),
    "link_returning": (
        "The link to {loop} has only just come back; try again in a few minutes.",
        "{loop} 通信刚刚恢复，请几分钟后重试。",
    ),
    "wrong_season": (
        "{loop} is in season state {season}; setpoints are taken only in trial and heating.",
        "{loop} 处于“{season}”状态；只有试运行和供热期才接受设定值。",
    ),
    "pump": ("The pump of {loop} is not known to run: {why}.", "不能确认 {loop} 的循环泵在运行：{why}。"),
    "beyond_supply": (
        "{wanted} °C for {loop} is beyond its limits; allowed now: {low} to {high} °C ({why}).",
        "{loop} 的 {wanted} °C 超出限值；当前允许 {low} 至 {high} °C（{why}）。",
    ),
    "beyond_flow": (
        "{wanted} kg/s for {loop} is beyond its limits; allowed now: {low} to {high} kg/s ({why}).",
        "{loop} 的 {wanted} kg/s 超出限值；当前允许 {low} 至 {high} kg/s（{why}）。",
    ),
    "not_started": (
        "The controller has not completed a control cycle yet; try again in a minute.",
        "控制器尚未完成一个控制周期，请一分钟后重试。",
    ),
    "stopping": ("The controller is stopping.", "控制器正在停止。"),
    "audit_down": (
        "The audit log can not be written, so no order is taken but a return to local: {why}.",
        "审计日志无法写入，除“退回就地”外不接受指令：{why}。",
    ),
    "season_step": (
        "From {now} the season can not become {season}; it can become {allowed}.",
        "不能从“{now}”转到“{season}”；可转到：{allowed}。",
    ),
    "checklist": ("Not confirmed yet: {missing}.", "尚未确认：{missing}。"),
    "no_mass_change": ("No mass change is being held back now.", "当前没有被拦截的大范围调整。"),
    # -- what others did meanwhile
    "changed_by": (
        "{subject} was changed meanwhile by {who} (order {order}): it is now {now}, you saw {seen}.",
        "{subject} 已被 {who} 更改（指令 {order}）：现为 {now}，您看到的是 {seen}。",
    ),
    "moved_by": (
        "{subject} has moved meanwhile by {who}: it is now {now}, you saw {seen}. Look again and repeat.",
        "{subject} 已由 {who} 调整：现为 {now}，您看到的是 {seen}。请重新查看后再试。",
    ),
    "plan_changed": (
        "Somebody else has decided meanwhile how {loop} takes plans: it is now {now}. Look again.",
        "{loop} 的计划采用方式已被更改：现为“{now}”，请重新查看。",
    ),
    "plan_as_it_is": ("{loop} is {choice} already.", "{loop} 已是“{choice}”。"),
    # -- the way of an order
    "right": ("Your role {role} may not do this.", "您的角色（{role}）无权执行此操作。"),
    "not_yours": (
        "Only {author}, who prepared the order, commits it.",
        "只有准备该指令的 {author} 才能提交。",
    ),
    "expired": (
        "Order {order} was prepared more than {seconds:.0f} s ago and has expired; prepare it again.",
        "指令 {order} 准备已超过 {seconds:.0f} 秒，已失效，请重新准备。",
    ),
    "over": (
        "Order {order} is {state}; that can not be done any more.",
        "指令 {order} 的状态为“{state}”，不能再执行此操作。",
    ),
    "needs_second": (
        "A second person (shift lead or engineer) must approve: {why}.",
        "需要第二人（值长或工程师）批准：{why}。",
    ),
    "second_is_first": (
        "The second person must be another one than {author}.",
        "批准人不能是准备指令的 {author} 本人。",
    ),
    "second_not_needed": ("This order needs no second person.", "该指令不需要第二人批准。"),
    "key_reused": (
        "This idempotency key was used for another order ({order}).",
        "该幂等键已用于另一条指令（{order}）。",
    ),
    "nothing_to_undo": ("Order {order} is no longer in force.", "指令 {order} 已不再生效。"),
    "season_no_undo": (
        "A season is not undone: order the one that you want, with its checklist.",
        "季节状态不能撤销：请按检查表下达所需的状态。",
    ),
    # -- why a second person, and notes in a preview
    "large_supply": (
        "{loop}: supply changes by {change:+.1f} K (more than {limit} K)",
        "{loop}：供水温度变化 {change:+.1f} K（超过 {limit} K）",
    ),
    "large_flow": (
        "{loop}: flow changes by {change:+.0f} % (more than {limit} %)",
        "{loop}：流量变化 {change:+.0f} %（超过 {limit} %）",
    ),
    "bulk": ("{count} loops at once (more than {limit})", "一次更改 {count} 个回路（超过 {limit} 个）"),
    "mass_change": (
        "{share:.0f} % of the heated area would move by more than 3 K: the guard will hold it until a mass"
        " change is confirmed",
        "{share:.0f} % 的供热面积将变化超过 3 K：须确认大范围调整后才会执行",
    ),
    "other_mode": ("{loop} is {mode} now and becomes manual.", "{loop} 现为 {mode}，将转为手动。"),
    # -- what stands
    "loop_set.alone": ("{T_supply:.1f} °C", "{T_supply:.1f} °C"),
    "loop_set.supply": ("{mode} {T_supply:.1f} °C", "{mode} {T_supply:.1f} °C"),
    "loop_set.flow": ("{mode} {m_flow:.1f} kg/s", "{mode} {m_flow:.1f} kg/s"),
    "loop_set.both": (
        "{mode} {T_supply:.1f} °C {m_flow:.1f} kg/s",
        "{mode} {T_supply:.1f} °C {m_flow:.1f} kg/s",
    ),
    "author.strategy": ("strategy {name}", "策略“{name}”"),
    "author.site_file": ("the site file", "站点配置文件"),
    "author.controller": ("the controller", "控制器"),
    "subject.season": ("the network's season", "全网供暖季状态"),
    "subject.mass_change": ("the mass change", "大范围调整"),
    # -- what is confirmed before a season state
    "checklist.crew_told": ("The crews on site know of it.", "现场人员已知晓。"),
    "checklist.pumps_off": ("Circulation pumps are switched off on site.", "循环泵已在现场停运。"),
    "checklist.kept_full": ("The network stays full of treated water.", "管网保持满水（湿保养）。"),
    "checklist.residents_told": ("Residents were told of the filling.", "已通知用户充水。"),
    "checklist.pressure_tested": (
        "Repaired sections have passed the pressure test.",
        "检修管段水压试验合格。",
    ),
    "checklist.safety_valves": ("Safety valves are in service.", "安全阀已投用。"),
    "checklist.vented": ("The network is full and vented.", "管网已充满并排气。"),
    "checklist.static_pressure": ("Static pressure holds without make-up.", "静压稳定，无明显补水。"),
    "checklist.pumps_checked": ("Circulation and make-up pumps were checked.", "循环泵、补水泵已检查。"),
    "checklist.cold_run_done": ("The cold run went without a leak.", "冷态循环无泄漏。"),
    "checklist.meters_checked": ("Heat meters and sensors are plausible.", "热量表和传感器数值合理。"),
    "checklist.source_ready": ("The heat source is ready.", "热源具备供热条件。"),
    "checklist.fallback_proven": ("Stations have proven their fallback curve.", "各站已验证就地回退曲线。"),
    "checklist.trial_done": ("The trial's faults are mended or listed.", "试运行缺陷已处理或列入清单。"),
    "checklist.end_announced": ("The end of heating was announced.", "停暖已公告。"),
    "checklist.work_permit": ("A work permit is issued and hung out.", "工作票已签发并挂牌。"),
}
