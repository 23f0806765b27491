"""Find what stands for uploaded files in the input of a create."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tracker.providers.ports.front import NamedUpload


def named_uploads(
    input_: Any, id_of: Callable[[str], str | None], path: str = ""
) -> Iterator[NamedUpload]:
    """Yield every text that names an upload of ours, at any depth.

    id_of: the id in such a text; None for any other.
    """
    if isinstance(input_, str):
        id_ = id_of(input_)
        if id_ is not None:
            yield NamedUpload(input_, id_, path)
        return
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(input_, dict):
        items = input_.items()
    elif isinstance(input_, list):
        items = enumerate(input_)
    for name, value in items:
        yield from named_uploads(value, id_of, f"{path}.{name}" if path else str(name))
