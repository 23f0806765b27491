"""Where commands keep what must stay between two starts: a file of the user's own."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from tracker import environment


def keep(name: str, make: Callable[[], str]) -> tuple[str, Path | None]:
    """Return a value and its file; made at the first call, and then always the same.

    The file is `$XDG_CONFIG_HOME/tracker/NAME`, else in `~/.config`, with mode 0600. Where it
    cannot be written there is no file, and the value is a new one.
    """
    base = environment.read().get("XDG_CONFIG_HOME")
    folder = (Path(base) if base else Path.home() / ".config") / "tracker"
    path = folder / name
    draft = folder / f"{name}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            draft.touch(mode=0o600)
            draft.write_text(make())
            with contextlib.suppress(FileExistsError):  # another command was faster: its value
                os.link(draft, path)
            draft.unlink()
        return path.read_text().strip(), path
    except OSError:
        return make(), None
