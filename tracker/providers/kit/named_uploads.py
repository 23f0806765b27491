"""Find what stands for uploaded files in the input of a create."""

from collections.abc import Callable, Iterable
from typing import Any

from tracker.providers.ports.commands import NamedUpload


def find_uploads(input_: Any, id_of: Callable[[str], str | None]) -> tuple[NamedUpload, ...]:
    """Return every text that names an upload of ours, at any depth.

    id_of: the id in such a text; None for any other.
    """
    found: list[NamedUpload] = []
    _collect(input_, id_of, "", found)
    return tuple(found)


def _collect(
    holder: Any, id_of: Callable[[str], str | None], prefix: str, found: list[NamedUpload]
) -> None:
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(holder, dict):
        items = holder.items()
    elif isinstance(holder, list):
        items = enumerate(holder)
    for name, value in items:
        if isinstance(value, str):
            if (id_ := id_of(value)) is not None:
                found.append(NamedUpload(value, id_, f"{prefix}{name}"))
        elif isinstance(value, dict | list):
            _collect(value, id_of, f"{prefix}{name}.", found)
