"""The providers that are emulated: each file or folder in `providers/`, by its name."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.provider import EmulatedProvider

__all__ = ["REGISTRY", "ProviderFactory", "ProviderLoader"]

ProviderFactory = Callable[[Emulator], EmulatedProvider[Any]]
ProviderLoader = Callable[[], ProviderFactory]
"""Imports a provider's module and returns its function `create`."""
_FOLDER = Path(__file__).with_name("providers")


def _load(name: str) -> ProviderFactory:
    create: ProviderFactory = import_module(f"tracker.emulator.providers.{name}").create
    return create


@cache
def _list_names() -> tuple[str, ...]:
    return tuple(one.name for one in iter_modules([str(_FOLDER)]))


class _EmulatorRegistry(Mapping[str, ProviderLoader]):
    """Looks into the folder when it is asked, and imports no module before it is served."""

    def __getitem__(self, name: str) -> ProviderLoader:
        """Return a provider's loader. Raises KeyError for an unknown name."""
        if name not in _list_names():
            raise KeyError(name)
        return partial(_load, name)

    def __iter__(self) -> Iterator[str]:
        """Name all of them."""
        return iter(_list_names())

    def __len__(self) -> int:
        """Count them."""
        return len(_list_names())


REGISTRY: Mapping[str, ProviderLoader] = _EmulatorRegistry()
