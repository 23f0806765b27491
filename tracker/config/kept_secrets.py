"""The callback secrets that the service makes for itself: a file that only its owner may read."""

import contextlib
import os
from pathlib import Path

from tracker.clock import make_secret
from tracker.config.provider_settings import SettingsError

SECRETS_FILE = "callback_secrets"


def load_kept_secrets(folder: Path) -> tuple[bytes, ...]:
    """Return the secrets of the data directory; makes one where there is none.

    Raises SettingsError where the directory or the file is closed to us, or the file holds none.
    """
    path = folder / SECRETS_FILE
    try:
        if not path.exists():
            keep(folder, f"{make_secret()}\n".encode())
        secrets = read_secrets(path)
    except OSError as error:
        raise SettingsError(f"TRACKER_DATA_DIR: {path}: {error.strerror}") from None
    if not secrets:
        raise SettingsError(
            f"TRACKER_CALLBACK_SECRETS: {path} is empty; delete it to make a new one"
        )
    return secrets


def read_secrets(file: Path) -> tuple[bytes, ...]:
    """Return the secrets of a file, one a line."""
    return tuple(line.strip().encode() for line in file.read_text().splitlines() if line.strip())


def keep(folder: Path, content: bytes) -> None:
    """Keep secrets in a data directory, whole or not at all; what is kept there already stays.

    content: one secret a line. Raises SettingsError where the directory cannot be written.
    """
    draft = folder / f"{SECRETS_FILE}.{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)  # of a killed process that had this number
        write_private(draft, content)
        # Of several processes that start at once one wins, and the file is never half there.
        with contextlib.suppress(FileExistsError):
            (folder / SECRETS_FILE).hardlink_to(draft)
        draft.unlink()
    except OSError as error:
        raise SettingsError(
            f"TRACKER_DATA_DIR: cannot keep the callback secret in {folder}: {error.strerror}"
        ) from None


def write_private(file: Path, content: bytes) -> None:
    """Write a new file that only its owner may read, and bring it to disk. Raises OSError."""
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
