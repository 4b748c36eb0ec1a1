"""What became of a write: the read-back, and why an instruction ended without one."""

from collections.abc import Mapping

WRITES: Mapping[str, tuple[str, str]] = {
    # -- read-back
    "readback.unreadable": ("{point}: read-back cannot be read", "{point}：回读值无法读取"),
    "readback.different": (
        "{point}: wrote {wanted:.2f}, register holds {held:.2f}",
        "{point}：写入 {wanted:.2f}，寄存器为 {held:.2f}",
    ),
    "readback.limited": (
        "{point}: register holds {held:.2f}, station acts on {effective:.2f}",
        "{point}：寄存器为 {held:.2f}，站内实际生效 {effective:.2f}",
    ),
    "readback.confirmed": ("{point} = {held:.2f}", "{point} = {held:.2f}"),
    # -- caps on primary flow
    "cap.share": (
        "there is not enough heat for all: the station's share is {share:.1f} t/h of primary flow, uncapped"
        " it drew {drawn:.1f} t/h",
        "热量不足：该站一次流量份额为 {share:.1f} t/h，未限流时为 {drawn:.1f} t/h",
    ),
    "cap.guarded": (
        "a cap sinks by a fifth of that a minute and to half of it at most: {allowed:.1f} t/h now",
        "限流值每分钟最多下调其五分之一，且不低于一半：目前为 {allowed:.1f} t/h",
    ),
    "cap.lifted": (
        "the cap is lifted: the station is at its share, or not all that a cap needs is known of it",
        "解除限流：该站已在份额之内，或限流所需信息不全",
    ),
    "cap.over": (
        "the cap is lifted: no shortage is shared out any more",
        "解除限流：已不再按份额分配热量",
    ),
    # -- ends without a read-back
    "write.link_lost": ("link lost before the read-back", "回读前通信中断"),
    "write.link_lost_unsent": ("link lost before it was sent", "下发前通信中断"),
    "write.too_old": ("older than its expiry when its turn came", "轮到下发时已过有效期"),
    "write.stopping": ("controller stopping", "控制器正在停止"),
    "write.replaced": ("replaced by a newer instruction", "已被新指令取代"),
    "write.replaced_unsent": ("replaced before it was sent", "下发前已被新指令取代"),
    "write.commit_late": ("committed too late to be sent", "提交过迟，未下发"),
    "write.clamped": (
        "stopped before the wire, a fault of this software: {detail}",
        "下发前被拦截，本软件故障：{detail}",
    ),
    "write.refused": ("refused: {detail}", "被拒绝：{detail}"),
    "write.held_elsewhere": (
        "on its own curve the loop holds {T_held:.1f} °C now, not {T_asked:.1f}; not written",
        "回路按自身曲线当前为 {T_held:.1f} °C，而非 {T_asked:.1f} °C；未写入",
    ),
    "write.curve_told": (
        "the station has just been told the outdoor temperature, its own curve may be moving; not written",
        "刚向该站下发室外温度，自身曲线可能正在变化；未写入",
    ),
    "write.no_function": ("the device takes no setpoint", "设备不接受设定值"),
    "write.lost": ("answer lost and not written: {why}", "应答丢失且未写入：{why}"),
    "write.mismatch": ("register mismatch: {why}", "寄存器不符：{why}"),
}
