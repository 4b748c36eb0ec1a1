"""The service token of the API: made at first start, readable by the owner only. It opens the read side.

Screens and scrapers use it; people log in (``controller/accounts``).
"""

import os
import secrets
import stat
from pathlib import Path

TOKEN_FILE = "api_token"
TOKEN_BYTES = 32
SHORTEST = 32
"""Characters; a shorter token was written by hand and can be guessed."""


class TokenError(Exception):
    """The token file can not be trusted or not be made; the text says what to do."""


def load_or_create_token(data: Path) -> str:
    """Return the token in the data folder, made at first start with mode 0600; there is no default one.

    Raises TokenError where the file is readable for others, too short, or can not be written.
    """
    path = data / TOKEN_FILE
    try:
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise TokenError(f"{path}: can not be written: {error.strerror}") from error
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())
    return token


def _read(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise TokenError(f"{path}: can not be read: {error.strerror}") from error
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise TokenError(
                f"{path}: mode is {mode:04o}, others can read it; remove the file to have a new one made"
            )
        token = file.read(1000).strip()
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable():
        raise TokenError(f"{path}: not a token (at least {SHORTEST} characters); remove it to have one made")
    return token
