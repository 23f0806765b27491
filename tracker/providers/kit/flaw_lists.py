"""Read the flaws of a request that an answer lists.

FastAPI does in `detail` by `loc` and `msg` (https://fastapi.tiangolo.com, read 2026-11), zod in
`issues` by `path` and `message` (https://zod.dev, read 2026-11-30), as Runway's API does.
"""

from typing import Any

from tracker.providers.kit.reading import find_first_text, read_text

_LISTS = ("detail", "details", "issues", "errors")
_MOST = 20


def join_flaws(value: Any) -> str | None:
    """Return the flaws of a list, or the reasons of an object, as one text; None for neither."""
    if isinstance(value, dict):
        found = [f"{name}: {_join(one)}" for name, one in value.items() if one]
    elif isinstance(value, list):
        found = [
            flaw for one in value[:_MOST] if isinstance(one, dict) and (flaw := _describe_flaw(one))
        ]
    else:
        return None
    return "; ".join(found)[:2000] or None


def find_flaws(parsed: Any) -> str | None:
    """Return the flaws that an answer lists beside its reason; None where it lists none."""
    if not isinstance(parsed, dict):
        return None
    found = (join_flaws(held) for name in _LISTS if isinstance(held := parsed.get(name), list))
    return next((flaws for flaws in found if flaws), None)


def _describe_flaw(one: dict[str, Any]) -> str | None:
    where = _join(one.get("loc") or one.get("path"))
    what = find_first_text(one, ("msg", "message"), limit=500)
    return ": ".join(filter(None, (where, what))) or None


def _join(value: Any) -> str:
    parts = value if isinstance(value, list) else [value]
    return ", ".join(filter(None, (read_text(one, limit=200) for one in parts)))
