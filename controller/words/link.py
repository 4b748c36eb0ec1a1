"""Why a station's link is not online: the kinds of faults.

What a driver found stands in the English gap. It is text of libraries and devices, for engineers, and would
be noise on a Chinese screen; the API and the log tell it.
"""

from collections.abc import Mapping

LINK: Mapping[str, tuple[str, str]] = {
    "link.lost": ("no connection: {detail}", "无法连接"),
    "link.no_answer": ("no answer: {detail}", "无应答"),
    "link.bad_answer": ("no usable answer: {detail}", "应答异常"),
    "link.configuration": (
        "the device refuses what its profile asks for: {detail}",
        "设备不接受其模板所要求的点位",
    ),
    "link.security": ("refused for security: {detail}", "安全校验未通过"),
    "link.quarantined": ("fault of this software: {detail}", "本软件故障"),
    "link.never": ("has not answered since the start", "启动以来从未应答"),
}
