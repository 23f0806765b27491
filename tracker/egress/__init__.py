"""All outbound sockets of the service."""

import sys
from importlib.util import find_spec

if find_spec("sniffio") is None:
    # httpcore tries to import it eight times a call (httpcore 1.0, _synchronization.py), and each
    # time Python looked through every folder of its path, 2 ms a call. With None in its place the
    # import fails at once: https://docs.python.org/3/reference/import.html#the-module-cache
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # as documented there
