"""Libraries that our processes run without. Imported before httpx and structlog are.

Both bring a console's libraries wherever those are installed, and they are, for our own commands:
5 MB of every process and a tenth of a second of every start. None in `sys.modules` says that a
module is not there (docs.python.org/3/reference/import.html#the-module-cache).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_modules: dict[str, Any] = sys.modules
_modules.setdefault("httpx._main", None)  # its command line, which is an extra


@contextmanager
def forbid_import(name: str) -> Iterator[None]:
    """Make imports inside fail to find this module, unless it is loaded already."""
    is_there = name in _modules
    if not is_there:
        _modules[name] = None
    try:
        yield
    finally:
        if not is_there:
            del _modules[name]
