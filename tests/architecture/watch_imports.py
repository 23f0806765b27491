"""Import every module of tracker and print what its own code did meanwhile; run by a test.

What the import system and other packages do while they are imported is not reported.
"""

import importlib
import os
import pkgutil
import sys
from collections.abc import Callable
from typing import Any

import tracker

# When a model is defined, pydantic asks the environment about its plugins; when a command is,
# click asks it for the language.
_NOT_OURS = ("importlib._bootstrap", "_frozen_importlib", "pydantic.", "click.")
_WATCHED = ("open", "os.", "shutil.", "socket.", "sqlite3.", "subprocess.", "tempfile.")


def _report(what: str) -> None:
    """Print it, unless somebody else did it on the way."""
    frame = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(_NOT_OURS):
            return
        if module.partition(".")[0] == "tracker":
            sys.stdout.write(f"{module}:{frame.f_lineno}: {what}\n")
            return
        if frame.f_back is None:
            return
        frame = frame.f_back


def _reported(method: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(environ: Any, *key: str) -> Any:
        _report("environment")
        return method(environ, *key)

    return wrapped


# Every way to look into os.environ ends in one of these.
for name in ("__getitem__", "__iter__", "copy"):
    setattr(os._Environ, name, _reported(getattr(os._Environ, name)))
sys.addaudithook(lambda event, _: _report(event) if event.startswith(_WATCHED) else None)

for found in pkgutil.walk_packages(tracker.__path__, "tracker."):
    importlib.import_module(found.name)
