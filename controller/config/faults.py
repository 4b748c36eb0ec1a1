"""Faults of a site folder as lines that an engineer can act on, and the exception that carries them all."""

import dataclasses
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

SECRET_WORDS = ("password", "passwd", "passphrase", "secret", "token", "api_key")

_WORDS = {
    "float_type": "not a number",
    "int_type": "not a whole number",
    "bool_type": "not true or false",
    "string_type": "not a text",
    "finite_number": "not a finite number",
    "tuple_type": "not a list",
    "dataclass_type": "not a table of keys",
    "string_pattern_mismatch": "has characters that are not allowed here",
    "string_too_short": "empty",
    "string_too_long": "too long",
}

Section = TypeVar("Section")


class SiteError(Exception):
    """A site folder that can not be used; ``faults`` holds every fault, ready to be printed."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def is_secret(key: str) -> bool:
    """Tell whether a key or column looks like a place for a secret; those never stand in a site folder."""
    return any(word in key.lower() for word in SECRET_WORDS)


def unknown_key(where: str, key: str, known: list[str]) -> str:
    """Return the fault line of a key or column that does not exist."""
    if is_secret(key):
        elsewhere = (
            "name the environment variable that holds it as token_env, or its file as token_file"
            if "token_env" in known
            else "the API token is made at first start in the data folder"
        )
        return f"{where}: {key}: a secret does not belong in the site folder; {elsewhere}"
    return f"{where}: {key}: unknown; allowed {', '.join(known)}"


def read_section(cls: type[Section], raw: object, where: str, faults: list[str]) -> Section | None:
    """Build one section from what the file says; on faults add ``where.key: ...`` lines and return None."""
    try:
        return TypeAdapter(cls).validate_python(raw)
    except ValidationError as error:
        known = [f.name for f in dataclasses.fields(cls)] if dataclasses.is_dataclass(cls) else []
        for item in error.errors():
            faults.extend(_lines(item, where, known))
        return None


def _lines(item: Any, where: str, known: list[str]) -> list[str]:  # noqa: ANN401 (pydantic's ErrorDetails)
    key = ".".join([where, *(str(part) for part in item["loc"])])
    match item["type"]:
        case "value_error":
            return [f"{key}.{line}" for line in str(item["ctx"]["error"]).splitlines()]
        case "unexpected_keyword_argument":
            parent, _, name = key.rpartition(".")
            return [unknown_key(parent, name, known if parent == where else ["above_degC", "fraction"])]
        case "missing":
            return [f"{key}: missing"]
        case "range":
            return [f"{key}: {item['msg']}"]
        case "literal_error":
            return [f"{key}: not allowed (got {item['input']!r}); allowed {item['ctx']['expected']}"]
        case kind:
            return [f"{key}: {_WORDS.get(kind, item['msg'])} (got {item['input']!r})"]
