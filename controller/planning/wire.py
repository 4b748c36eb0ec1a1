"""Questions and plans as bytes between the controller and its solver: numbers and JSON, nothing that runs.

A frame is its length, the length of its JSON head and the head, then the arrays that the head names, one
after the other as they lie in memory.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.problem import Excluded, PlanProblem, Weights
from optimizer.plan.status import CostSplit, Plan, PlanStatus, Shares
from optimizer.reason import Reason

LENGTH = struct.Struct("<QI")
"""Bytes that follow this prefix, and how many of them are the head."""
FRAME_MAX = 1 << 30


class BrokenFrame(Exception):
    """Bytes that are no frame: the solver is not to be trusted any longer."""


def question(problem: PlanProblem, previous: Plan | None) -> bytes:
    """Return the frame of a question."""
    head: dict[str, Any] = {"weights": asdict(problem.weights)}
    arrays: dict[str, NDArray[Any]] = {}
    for each in fields(PlanProblem):
        value = getattr(problem, each.name)
        if isinstance(value, np.ndarray):
            arrays[each.name] = value
        elif each.name != "weights":
            head[each.name] = value
    if previous is not None:
        head["previous"], more = _told(previous)
        arrays |= {f"previous.{name}": array for name, array in more.items()}
    return _frame(head, arrays)


def asked(body: bytes, head_length: int) -> tuple[PlanProblem, Plan | None]:
    """Return what ``question`` was made from."""
    head, arrays = _parts(body, head_length)
    previous = head.pop("previous", None)
    mine = {name: array for name, array in arrays.items() if "." not in name}
    problem = PlanProblem(**head | mine | {"weights": Weights(**head["weights"])})
    if previous is None:
        return problem, None
    return problem, _heard(previous, {name[9:]: array for name, array in arrays.items() if "." in name})


def reply(plan: Plan) -> bytes:
    """Return the frame of an answer."""
    head, arrays = _told(plan)
    return _frame({"plan": head}, arrays)


def apology(why: Reason) -> bytes:
    """Return the frame of an answer that is no plan."""
    return _frame({"failed": _reason(why)}, {})


def replied(body: bytes, head_length: int) -> Plan | Reason:
    """Return the plan, or why there is none. Raises BrokenFrame."""
    try:
        head, arrays = _parts(body, head_length)
        if "failed" in head:
            return _as_reason(head["failed"])
        return _heard(head["plan"], arrays)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BrokenFrame(str(error)) from error


def lengths(prefix: bytes) -> tuple[int, int]:
    """Return how many bytes follow ``prefix`` and how many of them are the head. Raises BrokenFrame."""
    total, head = LENGTH.unpack(prefix)
    if not head <= total <= FRAME_MAX:
        raise BrokenFrame(f"a frame of {total} bytes with a head of {head}")
    return total, head


def _frame(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    named = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    text = json.dumps({**head, "arrays": named}).encode()
    bodies = [np.ascontiguousarray(array).tobytes() for array in arrays.values()]
    total = len(text) + sum(map(len, bodies))
    return b"".join([LENGTH.pack(total, len(text)), text, *bodies])


def _parts(body: bytes, head_length: int) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    head: dict[str, Any] = json.loads(body[:head_length])
    arrays, at = {}, head_length
    for name, dtype, shape in head.pop("arrays"):
        kind = np.dtype(dtype)
        if kind.hasobject:
            raise ValueError(f"array {name} of {dtype}")
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(body, kind, count, at).reshape(shape).copy()
        at += count * kind.itemsize
    if at != len(body):
        raise ValueError(f"{len(body) - at} bytes too many")
    return head, arrays


_PLAN_ARRAYS = ("q", "T_indoor", "price", "P")
_SHARES_ARRAYS = ("needed", "spared")


def _told(plan: Plan) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    head = {
        "start": plan.start,
        "dt_h": plan.dt_h,
        "made_from": plan.made_from,
        "status": plan.status.value,
        "gap": plan.gap,
        "cost": asdict(plan.cost),
        "bound": plan.bound,
        "iterations": plan.iterations,
        "binding": [_reason(each) for each in plan.binding],
        "excluded": [[each.loop, _reason(each.why)] for each in plan.excluded],
        "why": None if plan.why is None else _reason(plan.why),
    }
    arrays = {name: getattr(plan, name) for name in _PLAN_ARRAYS}
    if plan.shares is not None:
        arrays |= {name: getattr(plan.shares, name) for name in _SHARES_ARRAYS}
    return head, arrays


def _heard(head: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Plan:
    named: dict[str, Any] = {name: arrays[name] for name in _PLAN_ARRAYS}
    if "needed" in arrays:
        named["shares"] = Shares(**{name: arrays[name] for name in _SHARES_ARRAYS})
    return Plan(
        **head
        | named
        | {
            "status": PlanStatus(head["status"]),
            "cost": CostSplit(**head["cost"]),
            "binding": tuple(_as_reason(each) for each in head["binding"]),
            "excluded": tuple(Excluded(loop, _as_reason(why)) for loop, why in head["excluded"]),
            "why": None if head["why"] is None else _as_reason(head["why"]),
        }
    )


def _reason(reason: Reason) -> list[Any]:
    return [reason.id, dict(reason.params)]


def _as_reason(told: list[Any]) -> Reason:
    return Reason(str(told[0]), dict(told[1]))
