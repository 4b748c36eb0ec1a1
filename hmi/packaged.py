"""Components whose script and style are files of this package, served by Streamlit under a fixed address.

Inline sources travel again with every run of the script; files travel once. Streamlit finds component
packages by their metadata, which an editable install does not carry; ours are laid down when first mounted.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

if TYPE_CHECKING:
    from streamlit.components.v2.component_manager import BidiComponentManager

PACKAGE = "dhc"


class Packaged:
    """A component of ours: mount it by calling it."""

    def __init__(self, name: str, assets: Path, *, js: str, css: str, html: str | None = None) -> None:
        """``js`` and ``css`` are names of files in the folder ``assets``."""
        self._name = f"{PACKAGE}.{name}"
        self._manifest = ComponentManifest(
            name=PACKAGE, version="1", components=[ComponentConfig(name=name, asset_dir=assets.name)]
        )
        self._root = assets.parent
        self._js, self._css, self._html = js, css, html
        self._mount: Any = None
        self._manager: BidiComponentManager | None = None

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
