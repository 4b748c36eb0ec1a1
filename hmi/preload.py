"""What a page will need, told to the browser with the page: it fetches all at once instead of level by level.

Streamlit's page loads its parts when the first drawing comes, a drawing's script loads its modules, its style
another style: four round trips one after the other, told here in one header.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from hmi.navigation import existing, screen_module
from hmi.packaged import Packaged, component_files
from hmi.standing import STREAMLIT, streamlit_files

SHELL = STREAMLIT.parent / "index.html"
PARTS = re.compile(r"/static/js/(?:BidiComponent|Html)\.[^/]*\.js")
"""Of Streamlit: what it loads for a component and for our style."""
MOST = 2750
"""Characters of the header: proxies take 4 kB of headers where nobody told them otherwise."""
_SCRIPT = re.compile(r"""(?:from|import)\s*["'](\./[^"']+\.js)["']""")
_STYLE = re.compile(r"""@import\s*(?:url\()?["'](\./|)([^"'/]+\.css)["']""")


@cache
def links_of(page: str) -> str:
    """Return the header ``Link`` of a page, by its name."""
    shell = SHELL.read_text("utf-8")
    scripts = [part for part in streamlit_files() if PARTS.fullmatch(part)]
    parts = [one for one in _with_imports(scripts, streamlit_files()) if one.removeprefix("/") not in shell]
    drawn = list(_drawn(page))  # imports what it finds
    ours = _with_imports(drawn, component_files())
    links = [_link(one) for one in [*parts, *ours]]
    while len(", ".join(links)) > MOST:
        links.pop()  # is then loaded when it is asked for
    return ", ".join(links)


def fetched(address: str) -> str:
    """Return a link to data that a script of the page will fetch."""
    return f"<{address}>; rel=preload; as=fetch; crossorigin"


def _link(path: str) -> str:
    return f"<{path}>; rel=preload; as=style" if path.endswith(".css") else f"<{path}>; rel=modulepreload"


def _drawn(page: str) -> Iterator[str]:
    """Yield the entry files of the components that a screen imports, and of the strip."""
    known = vars(screen_module(page)).values() if page in existing() else ()
    # imported here: the frame imports the screens
    from hmi.components import strip

    for module in (strip, *known):
        mounted = getattr(module, "_packaged", None)
        if isinstance(mounted, Packaged):
            yield from mounted.entries


def _with_imports(entries: Iterable[str], files: Mapping[str, Path]) -> list[str]:
    """Return the files with all that they import, each once, what is needed first at first."""
    found: dict[str, None] = {}
    waiting = list(entries)
    while waiting:
        path = waiting.pop(0)
        if path in found or path not in files:
            continue
        found[path] = None
        text = files[path].read_text("utf-8")
        folder = path.rpartition("/")[0]
        names = [name.removeprefix("./") for name in _SCRIPT.findall(text)]
        names += [name for _, name in _STYLE.findall(text)]
        waiting += [f"{folder}/{name}" for name in names]
    return list(found)
