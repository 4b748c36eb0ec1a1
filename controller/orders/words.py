"""What the order desk says to operators, as data: an id, what stands in its gaps, and two languages."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SENTENCES: Mapping[str, tuple[str, str]] = {
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
    # -- the way of an order
    "right": ("Your role {role} may not do this.", "您的角色（{role}）无权执行此操作。"),
    "not_yours": (
        "Only {author}, who prepared the order, commits it.",
        "只有准备该指令的 {author} 才能提交。",
    ),
    "expired": (
        "The order was prepared more than {seconds} s ago and has expired; prepare it again.",
        "指令准备已超过 {seconds} 秒，已失效，请重新准备。",
    ),
    "over": (
        "The order is {state}; that can not be done any more.",
        "指令状态为“{state}”，不能再执行此操作。",
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
        "{loop}: supply changes by {change} K (more than {limit} K)",
        "{loop}：供水温度变化 {change} K（超过 {limit} K）",
    ),
    "large_flow": (
        "{loop}: flow changes by {change} % (more than {limit} %)",
        "{loop}：流量变化 {change} %（超过 {limit} %）",
    ),
    "bulk": ("{count} loops at once (more than {limit})", "一次更改 {count} 个回路（超过 {limit} 个）"),
    "mass_change": (
        "{share} % of the heated area would move by more than 3 K: the guard will hold it until a mass change"
        " is confirmed",
        "{share} % 的供热面积将变化超过 3 K：须确认大范围调整后才会执行",
    ),
    "other_mode": ("{loop} is {mode} now and becomes manual.", "{loop} 现为 {mode}，将转为手动。"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One sentence: its id and what stands in its gaps."""

    id: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def en(self) -> str:
        """The sentence in English."""
        return SENTENCES[self.id][0].format(**self.params)

    @property
    def zh(self) -> str:
        """The sentence in Chinese."""
        return SENTENCES[self.id][1].format(**self.params)

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        return {"id": self.id, "params": dict(self.params), "en": self.en, "zh": self.zh}


def said(name: str, **params: object) -> Said:
    """Return a sentence; numbers are given as they shall be read."""
    return Said(id=name, params={key: _text(value) for key, value in params.items()})


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


CONFLICTS = frozenset({"changed_by", "moved_by", "key_reused", "nothing_to_undo", "over"})
FORBIDDEN = frozenset({"right", "not_your_zone", "not_yours", "needs_second", "second_is_first"})
MISSING = frozenset({"unknown_order"})
GONE = frozenset({"expired"})


class Refused(Exception):
    """An order is not taken; nothing of it was done."""

    def __init__(self, *reasons: Said) -> None:
        super().__init__("; ".join(reason.en for reason in reasons))
        self.reasons = reasons

    @property
    def status(self) -> int:
        """The HTTP status: a conflict before anything else, so that the client looks again."""
        ids = {reason.id for reason in self.reasons}
        for status, group in ((409, CONFLICTS), (403, FORBIDDEN), (404, MISSING), (410, GONE)):
            if ids & group:
                return status
        return 422
