"""Places in a distributed trace, as the header `traceparent` writes them.

https://www.w3.org/TR/trace-context/, read 2026-11-29.
"""

import re

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})"
)
"""Version, trace, the caller's span, flags."""
_RANDOM_BITS = 56
"""Of a trace's id, its last: every trace has them at random."""


def read(header: str) -> str | None:
    """Return a `traceparent` in the form of version 00; None for one that is not valid.

    header: of any version; what a later one adds behind the flags is left out.
    """
    found = _TRACEPARENT.match(header)
    if found is None:
        return None
    rest = header[found.end() :]
    if rest and (header.startswith("00") or not rest.startswith("-")):
        return None
    return f"00-{found['trace']}-{found['span']}-{found['flags']}"


def trace_id(traceparent: str) -> str:
    """Return the id of the trace that a place of `read` lies in: 32 hexadecimal digits."""
    return traceparent[3:35]


def build_span_id(traceparent: str) -> str:
    """Return the id of the span that a place of `read` names: 16 hexadecimal digits."""
    return traceparent[36:52]


def is_sampled(traceparent: str) -> bool:
    """Return whether whoever began the trace records it."""
    return bool(int(traceparent[53:55], 16) & 1)


def is_within(share: float, digits: str) -> bool:
    """Choose a share of what random ids name, the same for one id wherever it is asked.

    share:  0 to 1.
    digits: hexadecimal, of which the last 14 are random.
    """
    bound = round(share * (1 << _RANDOM_BITS))
    return int(digits[-_RANDOM_BITS // 4 :], 16) < bound
