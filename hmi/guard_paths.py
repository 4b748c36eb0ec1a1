"""Places on this screen that a login may lead back to."""

import re
from urllib.parse import quote

_NEXT = re.compile(r"/[a-z]{0,20}(\?[A-Za-z0-9=&%._~+-]{0,400})?")


def safe_next(path: str) -> str:
    """Return a place on this screen to go on to; the overview for whatever is none."""
    return path if _NEXT.fullmatch(path) else "/"


def login_url(path: str, query: str) -> str:
    """Return the login that leads back to a page."""
    here = safe_next(f"{path}?{query}" if query else path)
    return "/login" if here == "/" else f"/login?next={quote(here, safe='')}"
