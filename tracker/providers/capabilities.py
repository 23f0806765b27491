"""The capabilities of registered providers, for people: read from their records alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Finds
from tracker.providers.ports.provider import Provider
from tracker.providers.registry import PROVIDERS, SYSTEMS

CLIENTS = "proved_clients.json"
"""Clients by provider that the tests run unmodified; drawn by docs/draw.py."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The abilities of a provider.

    lookup:  how a submit whose answer was lost may be found, by kind of account: words of `Finds`.
    batch:   how many tasks one query may ask for; 0 where nothing is asked.
    custody: days for which URLs of results live; None where the provider does not say. Results
             are kept either way.
    clients: published clients that the tests run unmodified.
    """

    callback: bool
    lookup: Sequence[str]
    batch: int
    cancel: bool
    cost: bool
    front: bool
    custody_days: float | None
    clients: Sequence[str]


@dataclass(frozen=True, slots=True)
class System:
    """One system of the navigation. capabilities: None where it is not built, or not known."""

    title: str
    provider: str | None
    capabilities: Capabilities | None

    @property
    def status(self) -> str:
        """Return `served`, `not built` or `unknown`."""
        if self.provider is None:
            return "unknown"
        return "not built" if self.capabilities is None else "served"


@cache
def list_systems() -> Sequence[System]:
    """Return every system of the navigation, and every provider besides, in their order."""
    named = {provider for _, provider in SYSTEMS}
    listed = [*SYSTEMS, *((name, name) for name in PROVIDERS if name not in named)]
    return [
        System(title, name, read_capabilities(PROVIDERS[name]) if name in PROVIDERS else None)
        if name is not None
        else System(title, None, None)
        for title, name in listed
    ]


def read_capabilities(provider: Provider) -> Capabilities:
    """Read a provider's record."""
    lifetime = provider.results.lifetime
    return Capabilities(
        callback=provider.calls_back is not None,
        lookup=_list_lookups(provider),
        batch=0 if provider.polls is None else provider.polls.together,
        cancel=provider.cancels is not None,
        cost=provider.tells_costs,
        front=provider.front is not None,
        custody_days=None if lifetime is None else lifetime.total_seconds() / 86400,
        clients=_load_clients().get(provider.name, ()),
    )


def _list_lookups(provider: Provider) -> Sequence[str]:
    found = {
        provider.submits.get_lookup_kind(account).value for account in _list_accounts(provider)
    }
    # Profiles may differ: where any can be looked up in a list, that capability is filled.
    if provider.looks is not None and not found & {Finds.BY_LIKENESS, Finds.CANDIDATES}:
        found.add(Finds.BY_SCAN.value)
    return sorted(found)


def _list_accounts(provider: Provider) -> Iterator[Account]:
    """Yield an account of each region and of each profile that an address is enough for."""
    for address in provider.regions.values():  # some accounts must name theirs
        yield provider.make_account("any", provider.options.model_validate({"base_url": address}))
    for profile in getattr(provider.submits, "profiles", ()):
        given = {"base_url": "https://gateway.example", "profile": profile}
        account = Account("any", given["base_url"], provider.options.model_validate(given))
        if not provider.find_flaws(account):
            yield account


@cache
def _load_clients() -> Mapping[str, Sequence[str]]:
    known: Mapping[str, Sequence[str]] = json.loads(
        files("tracker.providers").joinpath(CLIENTS).read_text()
    )
    return known


def forget() -> None:
    """Read the file of clients anew at the next question."""
    list_systems.cache_clear()
    _load_clients.cache_clear()
