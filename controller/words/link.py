"""Why a station's link is not online: the kinds of faults; what a driver found stands in the gap."""

from collections.abc import Mapping

LINK: Mapping[str, tuple[str, str]] = {
    "link.lost": ("no connection: {detail}", "无法连接：{detail}"),
    "link.no_answer": ("no answer: {detail}", "无应答：{detail}"),
    "link.bad_answer": ("no usable answer: {detail}", "应答异常：{detail}"),
    "link.configuration": (
        "the device refuses what its profile asks for: {detail}",
        "设备拒绝设备模板所要求的点位：{detail}",
    ),
    "link.security": ("refused for security: {detail}", "安全校验未通过：{detail}"),
    "link.quarantined": ("fault of this software: {detail}", "本软件故障：{detail}"),
    "link.never": ("has not answered since the start", "启动以来从未应答"),
}
