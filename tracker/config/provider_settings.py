"""The settings of every provider, from the environment: `TRACKER_{PROVIDER}_{KEY}`.

The keys are the fields of the provider's own options model, in upper case. Reads no environment
itself: `settings` hands it in.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_origin

from pydantic import ValidationError

from tracker.config.setting_errors import describe_setting_errors
from tracker.pasted import split_secrets
from tracker.providers.ports.account import Account, AccountOptions
from tracker.providers.ports.provider import Provider

ENVIRONMENT_ACCOUNT = "default"
"""The name of the account that the environment sets."""
_ALIASES = {"webhook_secret": "webhook_secrets"}
"""Names of keys before they could hold several values; still read."""
_PREFIXES = "PREFIXES"
_ASSET_URLS = "ASSET_URLS"
_RESERVED = frozenset(
    {"v1", "callbacks", "links", "ui", "docs", "healthz", "readyz", "metrics", "openapi.json"}
)
"""First parts of paths that are ours."""


class SettingsError(Exception):
    """One setting or several are wrong. `problems` has a line for each, which names it."""

    def __init__(self, *problems: str) -> None:
        """problems: `NAME: reason and what would be right`; none holds a secret's value."""
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """The settings of all providers.

    accounts:       the account `default` of each provider that has a setting.
    front_prefixes: further paths of a provider's front, by provider.
    own_asset_urls: providers whose fronts show links of ours to files that are kept.
    problems:       a line for each wrong setting, `NAME: reason`.
    """

    accounts: Mapping[tuple[str, str], Account]
    front_prefixes: Mapping[str, tuple[str, ...]]
    own_asset_urls: frozenset[str]
    problems: Sequence[str]


def check_path_prefix(value: str) -> str:
    """Return a path that something is mounted at.

    Raises ValueError for another form, which does not repeat it: it may be a misplaced secret.
    """
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", value):
        raise ValueError("must be a path like /tracker, with no slash at the end")
    return value


def get_setting_prefix(provider: str) -> str:
    """Return what the settings of a provider begin with, e.g. `TRACKER_KLING_`."""
    return f"TRACKER_{provider.upper().replace('-', '_')}_"


def list_setting_names(providers: Mapping[str, Provider]) -> set[str]:
    """Return every setting of every provider."""
    return {
        get_setting_prefix(name) + key
        for name, provider in providers.items()
        for key in [*_list_keys(provider), _PREFIXES, _ASSET_URLS]
    }


def read(environ: Mapping[str, str], providers: Mapping[str, Provider]) -> ProviderSettings:
    """Read the settings of every provider. Empty values count as unset."""
    accounts: dict[tuple[str, str], Account] = {}
    prefixes: dict[str, tuple[str, ...]] = {}
    own_urls: set[str] = set()
    problems: list[str] = []
    for name, provider in providers.items():
        entry = _read_entry(environ, name, provider)
        if entry:
            try:
                accounts[name, ENVIRONMENT_ACCOUNT] = _make_account(name, provider, entry, environ)
            except SettingsError as error:
                problems += error.problems
        try:
            if words := _read_front_prefixes(environ, name):
                prefixes[name] = words
            if _read_own_urls(environ, name, provider):
                own_urls.add(name)
        except SettingsError as error:
            problems += error.problems
    return ProviderSettings(accounts, prefixes, frozenset(own_urls), problems)


def _make_account(
    name: str, provider: Provider, entry: Mapping[str, Any], environ: Mapping[str, str]
) -> Account:
    try:
        options = provider.options.model_validate(entry, strict=False)
    except ValidationError as error:
        given = {field: value for field, value in entry.items() if isinstance(value, str)}
        lines = describe_setting_errors(error, given)
        raise SettingsError(*(get_setting_prefix(name) + line for line in lines)) from None
    try:
        return provider.make_account(ENVIRONMENT_ACCOUNT, options)
    except ValueError as error:
        raise SettingsError(_rename_keys(str(error), name, provider, environ)) from None


def _read_front_prefixes(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    variable = get_setting_prefix(name) + _PREFIXES
    words = split_secrets(environ.get(variable, ""))
    for place, word in enumerate(words, 1):
        entry = f"entry {place}: " if len(words) > 1 else ""
        try:
            first = check_path_prefix(word).split("/")[1]
        except ValueError as error:
            raise SettingsError(f"{variable}: {entry}{error}") from None
        if first in _RESERVED:
            raise SettingsError(f"{variable}: {entry}/{first} is used for something else")
    return words


def _read_own_urls(environ: Mapping[str, str], name: str, provider: Provider) -> bool:
    variable = get_setting_prefix(name) + _ASSET_URLS
    usual = "own" if provider.results.own_links else "provider"
    word = environ.get(variable, "").strip().lower() or usual
    if word not in ("own", "provider"):
        raise SettingsError(f"{variable}: must be own or provider")
    return word == "own"


def _list_keys(provider: Provider) -> dict[str, str]:
    """Return the field of the options model of each key."""
    fields = {name.upper(): name for name in provider.options.model_fields}
    return fields | {
        alias.upper(): name for alias, name in _ALIASES.items() if name in fields.values()
    }


def _read_entry(environ: Mapping[str, str], name: str, provider: Provider) -> dict[str, Any]:
    """Return the options that are set."""
    entry: dict[str, Any] = {}
    for key, field in _list_keys(provider).items():
        text = environ.get(get_setting_prefix(name) + key)
        if text:
            entry[field] = split_secrets(text) if _is_list(provider.options, field) else text
    return entry


def _is_list(options: type[AccountOptions], field: str) -> bool:
    return get_origin(options.model_fields[field].annotation) is tuple


def _rename_keys(flaw: str, name: str, provider: Provider, environ: Mapping[str, str]) -> str:
    """Put the settings' names for the keys that a message speaks of."""
    key, _, reason = flaw.partition(": ")
    for other in provider.options.model_fields:
        if "_" in other:  # the others are ordinary words
            reason = re.sub(rf"\b{other}\b", get_setting_prefix(name) + other.upper(), reason)
    aliases = [alias for alias, field in _ALIASES.items() if field == key]
    names = [get_setting_prefix(name) + one.upper() for one in (*aliases, key)]
    return f"{next((one for one in names if environ.get(one)), names[0])}: {reason}"
