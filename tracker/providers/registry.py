"""Every provider, by name. A new one is one file and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from tracker.providers.base import Provider
from tracker.providers.kling.adapter import Kling

PROVIDERS: Mapping[str, Provider] = MappingProxyType({"kling": Kling()})
