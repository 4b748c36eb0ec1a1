"""Components whose script and style are files of this package, served by Streamlit under a fixed address.

Inline sources travel again with every run of the script; files travel once. Streamlit finds component
packages by their metadata, which an editable install does not carry; ours are laid down when first mounted.
Their address holds a hash of all of them, so that a browser keeps them for good and never mixes two versions.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

if TYPE_CHECKING:
    from streamlit.components.v2.component_manager import BidiComponentManager

ROUTE = "/_stcore/bidi-components/"
"""Where Streamlit serves the files of components: then the component's name, then the file's."""
FOLDERS = tuple(Path(__file__).parent / place for place in ("components/assets", "assets"))


def _hash_of(folders: Iterable[Path]) -> str:
    digest = hashlib.blake2b(digest_size=4)
    for file in sorted(file for folder in folders for file in folder.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


PACKAGE = f"dhc{_hash_of(FOLDERS)}"
_folders: dict[str, Path] = {}
"""Of each component, by its name: where its files lie."""


def component_files() -> Mapping[str, Path]:
    """Return the files of all components made so far, by the path at which browsers ask for them."""
    return {
        f"{ROUTE}{name}/{file.name}": file for name, folder in _folders.items() for file in folder.iterdir()
    }


class Packaged:
    """A component of ours: mount it by calling it."""

    def __init__(self, name: str, assets: Path, *, js: str, css: str, html: str | None = None) -> None:
        """``js`` and ``css`` are names of files in the folder ``assets``."""
        self._name = f"{PACKAGE}.{name}"
        self._manifest = ComponentManifest(
            name=PACKAGE, version="1", components=[ComponentConfig(name=name, asset_dir=assets.name)]
        )
        self._root = assets.parent
        _folders[self._name] = assets
        self._js, self._css, self._html = js, css, html
        self._mount: Any = None
        self._manager: BidiComponentManager | None = None

    @property
    def entries(self) -> tuple[str, str]:
        """The paths of its script and style."""
        return f"{ROUTE}{self._name}/{self._js}", f"{ROUTE}{self._name}/{self._css}"

    def __call__(self, *, key: str, data: Mapping[str, Any], **options: Any) -> Any:  # noqa: ANN401 - Streamlit's
        """Mount with data (plain values); returns Streamlit's result with states and triggers.

        A drawing of a live region may have the run that laid it down repeated (``hmi.live``).
        """
        if "live" in data:
            options["on_stale_change"] = lambda: None
        manager = get_bidi_component_manager()
        if manager is not self._manager:
            manager.register_from_manifest(self._manifest, self._root)
            self._mount = st.components.v2.component(self._name, html=self._html, css=self._css, js=self._js)
            self._manager = manager
        return self._mount(key=key, data=dict(data), **options)
