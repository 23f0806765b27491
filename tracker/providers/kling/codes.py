"""Kling's error codes as data: what each one proves about a create.

Source: Kling's error code page, unchanged from 2026-02 to 2026-09; "what to do" is our reading.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType


class Then(Enum):
    """The reaction to a create that was answered with an error code."""

    REFUSE = auto()
    """Nothing was created, and asking again will not help."""
    WAIT = auto()
    """Nothing was created; later it may work."""
    ONCE_MORE = auto()
    """Nothing was created; a clock or a token was off, one more try may do."""
    LOOK = auto()
    """It may have been created: look it up by its external id first."""


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table."""

    http_status: int
    meaning: str
    then: Then


CODES: Mapping[int, Code] = MappingProxyType(
    {
        1000: Code(401, "authentication failed", Then.REFUSE),
        1001: Code(401, "no Authorization header", Then.REFUSE),
        1002: Code(401, "Authorization is not valid", Then.REFUSE),
        1003: Code(401, "the token is not valid yet", Then.ONCE_MORE),
        1004: Code(401, "the token has expired", Then.ONCE_MORE),
        1100: Code(429, "the account is in an abnormal state", Then.REFUSE),
        1101: Code(429, "the account is in arrears", Then.REFUSE),
        1102: Code(429, "the resource pack is used up or expired", Then.REFUSE),
        1103: Code(403, "no right to this API or model", Then.REFUSE),
        1200: Code(400, "bad request parameters", Then.REFUSE),
        1201: Code(400, "bad key or value", Then.REFUSE),
        1202: Code(404, "wrong method", Then.REFUSE),
        1203: Code(404, "no such resource", Then.REFUSE),
        1300: Code(400, "blocked by platform policy", Then.REFUSE),
        1301: Code(400, "blocked by content safety", Then.REFUSE),
        1302: Code(429, "too many requests", Then.WAIT),
        1303: Code(429, "too many tasks at once", Then.WAIT),
        1304: Code(429, "this address is not on the allow-list", Then.REFUSE),
        5000: Code(500, "internal error", Then.LOOK),
        5001: Code(503, "unavailable", Then.WAIT),
        5002: Code(504, "internal timeout", Then.LOOK),
    }
)
