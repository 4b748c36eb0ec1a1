"""Reasons of the optimizer as phrases: its ids and numbers put into words where somebody reads them."""

from collections.abc import Mapping
from string import Formatter

from controller.words.phrase import PHRASES, Param, Phrase, said, verbatim, word
from optimizer.explain import Explanation
from optimizer.reason import Reason

_GROUPS: Mapping[str, str] = {
    **dict.fromkeys(("series", "table", "what", "quantity", "measure"), "planned"),
    "weight": "weight",
    "mode": "mode",
    "because": "cause",
    "first": "cause",
}
"""Gaps that hold a name, and in which group its word stands; ``source``, ``how``, ``error`` stay as told."""
_SHARES = frozenset(("rmse", "allowed", "misfit", "known", "needed", "share", "apart", "moved"))
"""Shares that are told in percent, where the template has a gap of that name with ``_percent``."""


def reasoned(reason: Reason) -> Phrase:
    """Return a reason as a phrase; one that this version has no words for is told as id and numbers."""
    gaps = _gaps(reason.id)
    filled = {gap: _filled(gap, reason.params) for gap in gaps}
    if reason.id not in PHRASES or None in filled.values():
        told = ", ".join(f"{name} {value}" for name, value in reason.params.items())
        return verbatim(f"{reason.id}: {told}" if told else reason.id)
    return Phrase(reason.id, {gap: value for gap, value in filled.items() if value is not None})


def instruction(explanation: Explanation) -> Phrase:
    """Return why a loop is told what it is told, as one sentence."""
    e = explanation
    parts = (*e.limits, e.effect) if e.curve is None else (*e.limits, e.effect, e.curve)
    return said(
        "plan.instruction",
        asked=reasoned(e.asked),
        source=reasoned(e.source),
        parts=tuple(reasoned(part) for part in parts),
    )


def on_curve(why: Reason, wish: Phrase) -> Phrase:
    """Return why a loop follows the curve in place of a plan; ``wish`` is what the curve says."""
    return said("plan.on_curve", why=reasoned(why), wish=wish)


def to_curve(why: Reason, wish: Phrase, T_supply: float, flow: float) -> Phrase:
    """Return the same of a loop on its way there: ``T_supply`` degC, ``flow`` as a fraction of design."""
    return said("plan.to_curve", why=reasoned(why), wish=wish, T_supply=T_supply, flow_percent=100.0 * flow)


def _gaps(name: str) -> tuple[str, ...]:
    known = _KNOWN.get(name)
    if known is None:
        template = PHRASES[name][0] if name in PHRASES else ""
        known = _KNOWN[name] = tuple(gap for _, gap, _, _ in Formatter().parse(template) if gap is not None)
    return known


_KNOWN: dict[str, tuple[str, ...]] = {}
"""Gaps of templates by id, as they are read; a thousand loops say the same few."""


def _filled(gap: str, params: Mapping[str, float | str]) -> Param | None:
    """Return what stands in a gap; None where the reason does not tell it."""
    if gap == "gap" and isinstance(params.get(gap), float):
        return said("plan.percent", percent=100.0 * float(params[gap]))
    share = gap.removesuffix("_percent")
    if share != gap and share in _SHARES and share in params:
        return 100.0 * float(params[share])
    value = params.get(gap)
    if value is None or not isinstance(value, str):
        return value
    if gap in _GROUPS:
        return word(_GROUPS[gap], value)
    return word("planned", value) if value == "unknown" else value
