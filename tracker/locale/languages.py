"""Find out which language somebody reads: from Accept-Language, or from the variables of a shell.

Sources: RFC 9110 section 12.5.4 and RFC 4647 section 3.4 (lookup); POSIX.1-2017 base definitions,
section 8.2 (LC_ALL before LC_MESSAGES before LANG). Read 2026-11-28.
"""

import re
from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "zh-CN"]
ENGLISH: Language = "en"
SIMPLIFIED_CHINESE: Language = "zh-CN"
LANGUAGES: tuple[Language, ...] = (ENGLISH, SIMPLIFIED_CHINESE)
MAX_HEADER_CHARS = 256
"""More is not read: the header comes from anybody."""
_RANGE = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*([0-9.]+)\s*)?")
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def choose_by_header(accept_language: str) -> Language:
    """Choose from an Accept-Language header; English where it names no language of ours."""
    wanted: dict[Language, float] = {}
    for part in accept_language[:MAX_HEADER_CHARS].split(","):
        found = _RANGE.fullmatch(part)
        language = None if found is None else _find_named(found[1])
        if found is not None and language is not None:
            wanted[language] = max(wanted.get(language, 0.0), _parse_weight(found[2]))
    # Of two that are liked equally the first one named wins: max keeps the order.
    best = max(wanted, key=wanted.__getitem__, default=ENGLISH)
    return best if wanted.get(best, 0.0) > 0 else ENGLISH


def choose_by_environment(variables: Mapping[str, str]) -> Language:
    """Choose from LC_ALL, LC_MESSAGES and LANG; the first that is set decides."""
    value = next((variables[name] for name in _VARIABLES if variables.get(name)), "")
    return _find_named(re.split(r"[.@]", value)[0].replace("_", "-")) or ENGLISH


def _find_named(tag: str) -> Language | None:
    primary = tag.lower().partition("-")[0]
    if primary == "zh":
        return SIMPLIFIED_CHINESE
    return ENGLISH if primary in ("en", "*") else None


def _parse_weight(text: str | None) -> float:
    try:
        return 1.0 if text is None else min(float(text), 1.0)
    except ValueError:
        return 0.0
