"""Which right each path asks for. Declared beside the path; a path that declares none is open to nobody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from re import Pattern
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from controller.accounts.roles import Right

_MARK = "x-right"
OPENAPI = "/api/v1/openapi.json"


def needs(right: Right) -> dict[str, Any]:
    """Return what a path gives as ``openapi_extra``: its right, for the gate and in the OpenAPI."""
    return {_MARK: right.value}


@dataclass(frozen=True, slots=True)
class _Path:
    pattern: Pattern[str]
    rights: dict[str, Right | None]
    """By method; None: nobody."""


@dataclass(frozen=True, slots=True)
class NoPath:
    """There is no such path, or it does not take this method (then ``allowed`` names those that it takes)."""

    allowed: tuple[str, ...] = ()


class RightsTable:
    """Every path of the API with its rights. What is not in here does not reach the app."""

    def __init__(self, routers: Iterable[APIRouter]) -> None:
        """Read the declarations of all routers."""
        paths: dict[str, _Path] = {}
        for path, methods, right in (*_declared(routers), (OPENAPI, ("GET",), Right.READ)):
            entry = paths.setdefault(path, _Path(compile_path(path)[0], {}))
            entry.rights.update(dict.fromkeys(methods, right))
        self._paths = paths

    @property
    def rights(self) -> Mapping[tuple[str, str], Right | None]:
        """By (method, path)."""
        return {
            (method, path): right
            for path, entry in self._paths.items()
            for method, right in entry.rights.items()
        }

    def right(self, method: str, path: str) -> Right | NoPath | None:
        """Return the right that a request needs; None where nobody has it."""
        found: set[str] = set()
        for entry in self._paths.values():
            if entry.pattern.match(path):
                if method in entry.rights:
                    return entry.rights[method]
                found |= entry.rights.keys()
        return NoPath(tuple(sorted(found)))


def _declared(routers: Iterable[APIRouter]) -> Iterable[tuple[str, Iterable[str], Right | None]]:
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute), f"only plain paths have rights: {route!r}"
            word = (route.openapi_extra or {}).get(_MARK)
            yield route.path, route.methods or (), None if word is None else Right(word)
