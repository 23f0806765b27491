"""The setting TRACKER_FRONT_HOSTS: host names on which a provider's front answers alone."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from tracker.providers.ports.provider import Provider


def read(value: str) -> tuple[str, str]:
    """Return provider and host name of `PROVIDER=HOST`. Raises ValueError."""
    form = r"([A-Za-z0-9_-]+)=([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)"
    found = re.fullmatch(form, value)
    if found is None:
        raise ValueError("must be PROVIDER=HOST, with a host name and no port")
    return found[1], found[2].lower()


def list_flaws(
    named: Sequence[tuple[str, str]], providers: Mapping[str, Provider], *, taken: str | None
) -> list[str]:
    """Return what is wrong with the host names, which only the whole of the settings can tell.

    taken: the public URL, whose host callbacks come to.
    """
    public = urlsplit(taken or "").hostname
    found, seen = [], set()
    for place, (name, host) in enumerate(named, 1):
        provider = providers.get(name)
        if provider is None or provider.front is None:
            found.append(f"entry {place}: names no provider with a front")
        elif host == public:
            found.append(f"{host} is the host of TRACKER_PUBLIC_URL, which callbacks come to")
        elif host in seen:
            found.append(f"entry {place}: its host is named before")
        seen.add(host)
    return [f"TRACKER_FRONT_HOSTS: {flaw}" for flaw in found]
