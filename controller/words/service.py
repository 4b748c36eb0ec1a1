"""What the controller says of itself: standing faults, and why it is not ready."""

from collections.abc import Mapping

SERVICE: Mapping[str, tuple[str, str]] = {
    # -- standing faults
    "service.commit": (
        "command log: commit failed or took longer than 0.5 s; setpoints are renewed, none is changed",
        "指令日志：提交失败或超过 0.5 秒；设定值只续约，不更改",
    ),
    "service.transitions": (
        "command log: transitions cannot be stored; setpoints already sent stay in force",
        "指令日志：状态变化无法保存；已下发的设定值保持有效",
    ),
    "service.audit": (
        "audit: entries can not be written; no order is taken but a return to local",
        "审计日志无法写入；除“退回就地”外不接受指令",
    ),
    "service.look_ahead": (
        "{part} failed and is begun again; control goes on ({error})",
        "{part} 出错，稍后重新启动；控制继续（{error}）",
    ),
    # -- readiness
    "ready.stopping": ("the controller is stopping", "控制器正在停止"),
    "ready.no_token": ("no fencing token yet", "尚未取得围栏令牌"),
    "ready.no_cycle": ("no control cycle has completed yet", "尚未完成一个控制周期"),
    "ready.cycle_old": (
        "the last control cycle completed {age_s:.0f} s ago (limit {limit_s:.0f} s)",
        "上次控制周期完成于 {age_s:.0f} 秒前（限值 {limit_s:.0f} 秒）",
    ),
    # -- what SQLite and certificates say
    "storage.full": ("database or disk is full", "数据库或磁盘已满"),
    "storage.io": ("disk I/O error", "磁盘读写错误"),
    "storage.locked": ("database is locked", "数据库被其他程序占用"),
    "storage.read_only": ("attempt to write a readonly database", "数据库为只读，无法写入"),
    "storage.damaged": ("database disk image is malformed", "数据库文件已损坏"),
    "storage.no_file": ("unable to open database file", "数据库文件无法打开"),
    "certificate.expired": ("expired on {day}", "已于 {day} 过期"),
    "certificate.not_yet": ("is not valid before {day}", "{day} 之前无效"),
    "ready.journal": ("the journal can not store: {detail}", "日志库无法写入：{detail}"),
}
