"""Files that stand still while this process runs, answered from memory: scripts, styles, fonts of the pages.

Streamlit reads each of them in a thread anew, and has browsers ask for those of components again with every
page. All of them have an address that changes with what is in them, so a browser keeps them for good.
"""

import mimetypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit
from starlette.types import Send

from hmi.packaged import component_files

STATIC = "/static/"
STREAMLIT = Path(streamlit.__file__).parent / "static" / "static"
KINDS = frozenset({".js", ".css", ".woff2"})
FOR_GOOD = "public, immutable, max-age=31536000"
LARGEST, MOST = 2_000_000, 24_000_000
"""Bytes: of a file that is kept in memory, and of all of them together."""


@cache
def streamlit_files() -> Mapping[str, Path]:
    """Return Streamlit's own files by the path at which browsers ask for them."""
    found = (file for file in STREAMLIT.rglob("*") if file.suffix in KINDS)
    return {f"{STATIC}{file.relative_to(STREAMLIT).as_posix()}": file for file in found}


class StandingFiles:
    """The files by their paths; each is read when first asked for. Used on the event loop only."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        """``headers`` go with every answer."""
        self._headers = headers
        self._places: dict[str, Path] = {}
        self._bodies: dict[str, tuple[bytes, list[tuple[bytes, bytes]]]] = {}
        self._size = 0

    async def answer(self, path: str, send: Send) -> bool:
        """Answer a GET of one of the files; False for any other path, nothing is sent then."""
        kept = self._bodies.get(path) or self._read(path)
        if kept is None:
            return False
        body, headers = kept
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return True

    def _read(self, path: str) -> tuple[bytes, list[tuple[bytes, bytes]]] | None:
        if not self._places:
            self._places = {**streamlit_files(), **component_files()}
        file = self._places.get(path)
        if file is None or file.suffix not in KINDS:
            return None
        body = file.read_bytes()
        if len(body) > LARGEST or self._size + len(body) > MOST:
            return None
        own = {
            "content-type": _kind(file),
            "content-length": str(len(body)),
            "cache-control": FOR_GOOD,
        }
        headers = [(name.encode(), text.encode()) for name, text in {**own, **self._headers}.items()]
        self._size += len(body)
        self._bodies[path] = (body, headers)
        return self._bodies[path]


def _kind(file: Path) -> str:
    if file.suffix == ".js":
        return "text/javascript; charset=utf-8"
    return mimetypes.types_map.get(file.suffix, "application/octet-stream")
