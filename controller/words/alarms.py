"""Why an alarm can not be moved as a person asked."""

from collections.abc import Mapping

ALARMS: Mapping[str, tuple[str, str]] = {
    "alarm.unknown": (
        "There is no alarm {alarm}, or it is over.",
        "没有报警 {alarm}，或已结束。",
    ),
    "alarm.zone": ("The alarm {alarm} is not in your districts.", "报警 {alarm} 不在您的辖区内。"),
    "alarm.acknowledged": ("It is already acknowledged by {who}.", "已由 {who} 确认。"),
    "alarm.not_listed": (
        "The alarm is not on the list now: there is nothing to acknowledge or to shelve.",
        "该报警目前不在报警表中，无需确认或搁置。",
    ),
    "alarm.no_reason": ("A reason is needed.", "须填写原因。"),
    "alarm.shelf_length": (
        "Shelving lasts {shortest:.0f} to {longest:.0f} s (got {wanted:.0f}).",
        "搁置时长为 {shortest:.0f} 至 {longest:.0f} 秒（所填为 {wanted:.0f}）。",
    ),
    "alarm.long_shelf": (
        "Shelving for more than an hour needs a shift lead.",
        "搁置超过一小时需要值长。",
    ),
    "alarm.not_shelved": ("The alarm is not shelved.", "该报警未被搁置。"),
    "alarm.removed": ("It is already out of service by {who}.", "已由 {who} 停用。"),
    "alarm.in_service": ("The alarm is in service.", "该报警已在投用。"),
}
