"""The shape of a doctor's finding."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth knowing.

    level: `ok`, `note` (works, but know this) or `error` (will not work).
    about: the name of a setting, or of what was looked at.
    """

    level: Literal["ok", "note", "error"]
    about: str
    text: str
