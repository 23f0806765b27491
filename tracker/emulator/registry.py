"""The providers that are emulated: name -> loader of its module, called when one is served."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.provider import EmulatedProvider

__all__ = ["REGISTRY", "ProviderFactory", "ProviderLoader"]

ProviderFactory = Callable[[Emulator], EmulatedProvider[Any]]
ProviderLoader = Callable[[], ProviderFactory]
"""Imports a provider's module and returns its function `create`."""


def _module(name: str) -> ProviderLoader:
    def load() -> ProviderFactory:
        create: ProviderFactory = import_module(f"tracker.emulator.providers.{name}").create
        return create

    return load


REGISTRY: Mapping[str, ProviderLoader] = MappingProxyType(
    {
        "ark": _module("ark"),
        "chat": _module("chat"),
        "cogvideox": _module("cogvideox"),
        "hailuo": _module("hailuo"),
        "haimian": _module("haimian"),
        "domo": _module("domo"),
        "fal": _module("fal"),
        "flux": _module("flux"),
        "jimeng": _module("jimeng"),
        "kling": _module("kling"),
        "luma": _module("luma"),
        "midjourney": _module("midjourney"),
        "openai": _module("openai"),
        "pika": _module("pika"),
        "recraft": _module("recraft"),
        "replicate": _module("replicate"),
        "runway": _module("runway"),
        "stability": _module("stability"),
        "suno": _module("suno"),
        "udio": _module("udio"),
        "veo": _module("veo"),
        "vidu": _module("vidu"),
        "wan": _module("wan"),
    }
)
