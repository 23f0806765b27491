"""Every provider by name. A new one is one file and one line here."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module

from tracker.providers.ports.provider import Provider

_MODULES: Mapping[str, str] = {
    "cogvideox": "tracker.providers.cogvideox.adapter",
    "domo": "tracker.providers.domo.adapter",
    "haimian": "tracker.providers.haimian.adapter",
    "kling": "tracker.providers.kling.adapter",
    "luma": "tracker.providers.luma.adapter",
    "midjourney": "tracker.providers.midjourney.adapter",
    "pika": "tracker.providers.pika.adapter",
    "replicate": "tracker.providers.replicate.adapter",
    "runway": "tracker.providers.runway.adapter",
    "suno": "tracker.providers.suno.adapter",
    "udio": "tracker.providers.udio.adapter",
}


class _Registry(Mapping[str, Provider]):
    """Loads a provider's module when it is asked for: commands that need none load none."""

    def __getitem__(self, name: str) -> Provider:
        """Return a provider's record. Raises KeyError for an unknown name."""
        return _load(name)

    def __iter__(self) -> Iterator[str]:
        """Name all of them."""
        return iter(_MODULES)

    def __len__(self) -> int:
        """Count them."""
        return len(_MODULES)


@cache
def _load(name: str) -> Provider:
    """Import a provider's module; once, as every callback asks for its record several times."""
    provider: Provider = import_module(_MODULES[name]).PROVIDER
    return provider


PROVIDERS: Mapping[str, Provider] = _Registry()
