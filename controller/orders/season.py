"""Season states: which may follow which, and what a person must have seen to before."""

from collections.abc import Mapping
from typing import NamedTuple

from controller.decisions import Season

_S = Season
NEXT: Mapping[Season, tuple[Season, ...]] = {
    _S.OFF: (_S.FILLING, _S.MAINTENANCE),
    _S.FILLING: (_S.COLD_RUN, _S.OFF, _S.MAINTENANCE),
    _S.COLD_RUN: (_S.TRIAL, _S.FILLING, _S.OFF, _S.MAINTENANCE),
    _S.TRIAL: (_S.HEATING, _S.COLD_RUN, _S.STOPPING, _S.MAINTENANCE),
    _S.HEATING: (_S.STOPPING, _S.TRIAL, _S.MAINTENANCE),
    _S.STOPPING: (_S.OFF, _S.HEATING, _S.MAINTENANCE),
    # A station that is repaired in winter returns to where the network is.
    _S.MAINTENANCE: tuple(season for season in Season if season is not _S.MAINTENANCE),
}


class Item(NamedTuple):
    """One line of a checklist."""

    id: str
    en: str
    zh: str


_CREW = Item("crew_told", "The crews on site know of it.", "现场人员已知晓。")
CHECKLIST: Mapping[Season, tuple[Item, ...]] = {
    _S.OFF: (
        _CREW,
        Item("pumps_off", "Circulation pumps are switched off on site.", "循环泵已在现场停运。"),
        Item("kept_full", "The network stays full of treated water.", "管网保持满水（湿保养）。"),
    ),
    _S.FILLING: (
        _CREW,
        Item("residents_told", "Residents were told of the filling.", "已通知用户充水。"),
        Item("pressure_tested", "Repaired sections have passed the pressure test.", "检修管段水压试验合格。"),
        Item("safety_valves", "Safety valves are in service.", "安全阀已投用。"),
    ),
    _S.COLD_RUN: (
        _CREW,
        Item("vented", "The network is full and vented.", "管网已充满并排气。"),
        Item("static_pressure", "Static pressure holds without make-up.", "静压稳定，无明显补水。"),
        Item("pumps_checked", "Circulation and make-up pumps were checked.", "循环泵、补水泵已检查。"),
    ),
    _S.TRIAL: (
        _CREW,
        Item("cold_run_done", "The cold run went without a leak.", "冷态循环无泄漏。"),
        Item("meters_checked", "Heat meters and sensors are plausible.", "热量表和传感器数值合理。"),
        Item("source_ready", "The heat source is ready.", "热源具备供热条件。"),
    ),
    _S.HEATING: (
        _CREW,
        Item("fallback_proven", "Stations have proven their fallback curve.", "各站已验证就地回退曲线。"),
        Item("trial_done", "The trial's faults are mended or listed.", "试运行缺陷已处理或列入清单。"),
    ),
    _S.STOPPING: (_CREW, Item("end_announced", "The end of heating was announced.", "停暖已公告。")),
    _S.MAINTENANCE: (
        _CREW,
        Item("work_permit", "A work permit is issued and hung out.", "工作票已签发并挂牌。"),
    ),
}
"""Items to confirm before a season state is entered."""
