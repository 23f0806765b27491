"""Every provider by name. A new one is one file and one line here."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module

from tracker.providers.ports.provider import Provider

_MODULES: Mapping[str, str] = {
    "ark": "tracker.providers.ark.adapter",
    "chat": "tracker.providers.chat.adapter",
    "cogvideox": "tracker.providers.cogvideox.adapter",
    "domo": "tracker.providers.domo.adapter",
    "fal": "tracker.providers.fal.adapter",
    "flux": "tracker.providers.flux.adapter",
    "hailuo": "tracker.providers.hailuo.adapter",
    "haimian": "tracker.providers.haimian.adapter",
    "jimeng": "tracker.providers.jimeng.adapter",
    "kling": "tracker.providers.kling.adapter",
    "luma": "tracker.providers.luma.adapter",
    "midjourney": "tracker.providers.midjourney.adapter",
    "openai": "tracker.providers.openai.adapter",
    "pika": "tracker.providers.pika.adapter",
    "recraft": "tracker.providers.recraft.adapter",
    "replicate": "tracker.providers.replicate.adapter",
    "runway": "tracker.providers.runway.adapter",
    "stability": "tracker.providers.stability.adapter",
    "suno": "tracker.providers.suno.adapter",
    "udio": "tracker.providers.udio.adapter",
    "veo": "tracker.providers.veo.adapter",
    "vidu": "tracker.providers.vidu.adapter",
    "wan": "tracker.providers.wan.adapter",
}


SYSTEMS: Sequence[tuple[str, str | None]] = (
    ("可灵 (Kling)", "kling"),
    ("Midjourney Proxy", "midjourney"),
    ("Suno Proxy", "suno"),
    ("Udio Proxy", "udio"),
    ("海绵音乐", "haimian"),
    ("Luma Proxy", "luma"),
    ("Runway 视频生成", "runway"),
    ("Pika1.5 Proxy", "pika"),
    ("Domo Proxy", "domo"),
    ("CogVideoX Proxy", "cogvideox"),
    ("Flux.1 Proxy", "flux"),
    ("SD Proxy", "stability"),
    ("Replicate", "replicate"),
    ("谷歌 Veo3", "veo"),
    ("即梦AI2.0生图", "jimeng"),
    ("GPT 4o Image Generation", "openai"),
    ("Recraft Proxy", "recraft"),
    ("Midjourney, SD, Runway, Luma, Pika, Suno, Udio Chat", "chat"),
    ("OpenMeta", None),
    ("辅助功能", None),
)
"""The systems of the gateway's navigation (https://draw.openai-next.com, read 2026-11), and the
provider that serves each; None where nothing public says what it is."""


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
