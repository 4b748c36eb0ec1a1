"""What the API's description says of answers: which message each is, drawn up when somebody asks for it.

Answers are encoded by hand, so FastAPI would prepare a serializer for each that nobody uses: half of what it
costs to put the API together. Paths refer to their message by name instead, and the description is completed
with what they refer to.
"""

import threading
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from controller.api import schema
from controller.api.rights import OPENAPI
from controller.api.snapshot import encode

Answers = dict[int | str, dict[str, Any]]
"""What a path gives as ``responses``."""

_SCHEMAS = "#/components/schemas/"


def _told(description: str, model: type[schema.Message]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": _SCHEMAS + model.__name__}}}
    return {"description": description, "content": content}


_REFUSALS: Answers = {
    # 422 by name, or FastAPI would describe it in its own shape
    status: _told("Refused", schema.ErrorMessage)
    for status in (422, "default")
}


def said(model: type[schema.Message]) -> Answers:
    """Return what OpenAPI says of an answer that is encoded by hand."""
    return {200: _told("Successful Response", model), **_REFUSALS}


STREAM: Answers = {
    **_REFUSALS,
    200: {"description": "Events with a Snapshot each", "content": {"text/event-stream": {}}},
}


class DescribedApi(FastAPI):
    """An application whose description holds the messages that its paths refer to."""

    def setup(self) -> None:
        """Serve the description from a thread: to draw it up takes 0.1 s that the loop does not have."""
        self._drawing = threading.Lock()
        self.add_route(OPENAPI, self._answer, include_in_schema=False)

    def openapi(self) -> dict[str, Any]:
        """Return the description; it is drawn up once."""
        with self._drawing:
            if self.openapi_schema is None:
                _complete(super().openapi())
        return super().openapi()

    def _answer(self, _request: Request) -> Response:
        return Response(encode(self.openapi()), media_type="application/json")


def _complete(described: dict[str, Any]) -> None:
    """Add the messages that a description refers to and does not hold."""
    known = described.setdefault("components", {}).get("schemas", {})
    by_name = {model.__name__: model for model in _messages(schema.Message)}
    wanted = {name for name in _referred(described["paths"]) if name not in known}
    _, made = models_json_schema(
        [(by_name[name], "serialization") for name in sorted(wanted)], ref_template=_SCHEMAS + "{model}"
    )
    described["components"]["schemas"] = dict(sorted({**made.get("$defs", {}), **known}.items()))


def _messages(model: type[schema.Message]) -> Iterator[type[schema.Message]]:
    """Yield a message and all that are made from it."""
    yield model
    for further in model.__subclasses__():
        yield from _messages(further)


def _referred(part: object) -> Iterator[str]:
    """Yield the names of the messages that a part of the description refers to."""
    if isinstance(part, dict):
        target = part.get("$ref")
        if isinstance(target, str):
            yield target.removeprefix(_SCHEMAS)
        for inner in part.values():
            yield from _referred(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _referred(inner)
