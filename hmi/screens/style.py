"""Style page: every symbol and state in one place, as a reference for who watches and for who draws."""

import streamlit as st

from hmi.context import Screen
from hmi.language import N_

TITLE = N_("Style page")


def render(screen: Screen) -> None:
    """Show the page."""
    st.title(screen.words(TITLE))
