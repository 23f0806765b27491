"""Draw what pages say of every provider, so that a new one is in them by `make docs` alone."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill

from tracker.config import provider_settings
from tracker.emulator import create_app
from tracker.providers.registry import PROVIDERS

PAGES = Path(__file__).parent / "providers"
_CHINESE_TITLES: Mapping[str, str] = {
    "ark": "火山方舟（Seedance）",
    "chat": "聊天接口",
    "hailuo": "海螺",
    "haimian": "海绵音乐",
    "jimeng": "即梦",
    "kling": "可灵",
    "wan": "万相",
}
"""Names of providers in Chinese; of all others the title of their page."""


def title(name: str) -> str:
    """Return the first words of a provider's page. Raises SystemExit where there is no page."""
    page = PAGES / f"{name}.md"
    if not page.exists():
        raise SystemExit(f"docs/providers/{name}.md is missing: see docs/howto/add-a-provider.md")
    first = page.read_text().partition("\n")[0].removeprefix("# ")
    return first.partition(" (")[0].partition(":")[0]


def links(folder: str, *, fronts: bool = False) -> str:
    """List the providers' pages; fronts: only those that have one."""
    named = [name for name, one in PROVIDERS.items() if one.front is not None or not fronts]
    text = ", ".join(f"[{title(name)}]({folder}{name}.md)" for name in sorted(named))
    return fill(f"{text}.", 100, break_long_words=False, break_on_hyphens=False)


def chinese_links(folder: str) -> str:
    """List the providers' pages by their names in Chinese."""
    found = [
        f"[{_CHINESE_TITLES.get(name) or title(name)}]({folder}{name}.md)"
        for name in sorted(PROVIDERS)
    ]
    return (
        "\n".join(("、".join(found[n : n + 3]) + "、") for n in range(0, len(found), 3))[:-1] + "。"
    )


def settings() -> str:
    """Draw the names of each provider's settings, and its regions."""
    lines = ["| provider | regions | settings |", "|---|---|---|"]
    for name in sorted(PROVIDERS):
        provider = PROVIDERS[name]
        regions = ", ".join(f"`{region}` ({url})" for region, url in provider.regions.items())
        own = sorted(provider_settings.list_setting_names({name: provider}))
        known = ", ".join(f"`{one}`" for one in own)
        lines.append(f"| [{title(name)}](../providers/{name}.md) | {regions} | {known} |")
    return "\n".join(lines)


def emulated() -> str:
    """Draw the paths of each provider that is emulated, and what `tracker demo` runs there."""
    lines = ["| provider | paths | base URL and operation of its demo |", "|---|---|---|"]
    for provider in create_app().state.emulator.providers:
        prefixes = {prefix: None for one in provider.services for prefix in one.prefixes}
        paths = ", ".join(f"`{prefix}/…`" for prefix in prefixes)
        job = provider.main_job
        shown = "" if job is None else f"`{job.address}`, `{job.operation}`"
        page = f"[{title(provider.name)}](../providers/{provider.name}.md)"
        lines.append(f"| {page} | {paths} | {shown} |")
    return "\n".join(lines)
