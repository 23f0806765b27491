"""Decimal names of tasks, for clients of fronts that take no other ids. Pure.

Such clients keep ids that are digits alone, and send them back as JSON numbers: a name has sixteen
digits and stays below 2**53, which a double holds exactly.
"""

_FIRST = 10**15
_RANGE = 2**52
_FACTOR = 2_862_933_555_777_941
"""Odd, so that each number of the range is that of one key. Neighbours are far apart: the names
show no count of tasks at a glance. They are no secret; whose task it is, is checked elsewhere."""
_INVERSE = pow(_FACTOR, -1, _RANGE)


def encode_decimal_name(key: int) -> str:
    """Return the decimal name of the task with this key."""
    return str(_FIRST + key * _FACTOR % _RANGE)


def decode_decimal_name(name: str) -> int | None:
    """Return the key of the task that a decimal name stands for; None for what is no such name."""
    if not (name.isascii() and name.isdigit() and len(name) == len(str(_FIRST))):
        return None
    offset = int(name) - _FIRST
    return offset * _INVERSE % _RANGE if 0 <= offset < _RANGE else None
