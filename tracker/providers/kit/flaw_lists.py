"""Read the flaws that FastAPI lists in `detail` (https://fastapi.tiangolo.com, read 2026-11)."""

from typing import Any

from tracker.providers.kit.reading import text_of


def listed_flaws(value: Any) -> str | None:
    """Return the flaws of a list, or the reasons of an object, as one text; None for neither."""
    if isinstance(value, dict):
        found = [f"{name}: {_joined(one)}" for name, one in value.items() if one]
    elif isinstance(value, list):
        found = [
            f"{_joined(one.get('loc'))}: {text_of(one.get('msg'), limit=500)}"
            for one in value
            if isinstance(one, dict)
        ]
    else:
        return None
    return "; ".join(found)[:2000] or None


def _joined(value: Any) -> str:
    parts = value if isinstance(value, list) else [value]
    return ", ".join(filter(None, (text_of(one, limit=200) for one in parts)))
