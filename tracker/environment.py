"""Read the environment, over a `.env` in the working directory. Light: commands start with it."""

import os
from pathlib import Path


def read() -> dict[str, str]:
    """Return texts by name. The environment's own, also the empty ones, win over the file's."""
    return _read_file() | dict(os.environ)


def _read_file() -> dict[str, str]:
    if not Path(".env").is_file():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415 - only where there is a file

    return {name: value for name, value in dotenv_values(".env").items() if value}
