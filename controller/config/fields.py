"""Types of single keys of ``site.toml``: each refuses a wrong value with what is allowed."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

STRICT = ConfigDict(extra="forbid")
"""Unknown keys are refused."""


def between(low: float, high: float) -> AfterValidator:
    """Return the check that a number lies in ``low``..``high``; the message quotes value and range."""

    def check(value: float) -> float:
        if not low <= value <= high:
            raise PydanticCustomError("range", f"out of range (got {value:g}); allowed {low:g}..{high:g}")
        return value

    return AfterValidator(check)


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
BuildingUse = Literal["residential", "school", "office", "hospital"]
Insulation = Literal["old", "saving", "new"]
"""The words of ``optimizer.building_prior``."""
Temperature = Annotated[Number, between(-60.0, 110.0)]


def server_url(url: str) -> str:
    """Return an address without its last slash; the refusal does not quote it, as it may hold a password."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or parts.username is not None or not url.isascii():
        message = "not a server's address; allowed e.g. http://10.0.0.5:8086, without user, password or ?"
        raise PydanticCustomError("range", message)
    return url.rstrip("/")
