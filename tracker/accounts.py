"""The file of accounts that TRACKER_CONFIG names: TOML → accounts and rules.

Reads no environment and no file itself: `settings` hands both in.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from tracker.domain.choosing import Rule
from tracker.domain.validation import field_errors
from tracker.providers.base import Account, Provider

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class AccountsError(Exception):
    """The file is wrong. The message is one line that names the key; it holds no value."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Every account, and who chooses among them.

    by_name: (provider, account name) → account.
    """

    by_name: Mapping[tuple[str, str], Account] = field(default_factory=dict)
    rules: Sequence[Rule] = ()


def http_url(value: str) -> str:
    """An address to call; raises ValueError when it is none. Drops a slash at the end."""
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise ValueError("must be an http(s) URL with a host, and no user, query or fragment")
    return value.rstrip("/")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class _Entry(_Strict):
    """`[accounts.{provider}.{name}]`."""

    base_url: Annotated[str, AfterValidator(http_url)] | None = None
    region: str | None = None
    api_key: SecretStr | None = Field(None, min_length=1)
    access_key: SecretStr | None = Field(None, min_length=1)
    secret_key: SecretStr | None = Field(None, min_length=1)
    webhook_secrets: list[SecretStr] = Field(default_factory=list, max_length=10)
    max_in_flight: int | None = Field(None, ge=1)
    profile: str | None = None
    dialect: Literal["legacy", "standard", "both"] | None = None
    weight: int = Field(1, ge=0, le=1000)
    finds_external_ids: bool = True


class _RuleEntry(_Strict):
    """`[[rules]]`."""

    provider: str = "kling"
    accounts: list[str] = Field(min_length=1)
    operation: str | None = Field(None, min_length=1)
    metadata: dict[str, str | int | float | bool] = Field(default_factory=dict)


class _File(_Strict):
    accounts: dict[str, dict[str, _Entry]] = Field(min_length=1)
    rules: list[_RuleEntry] = Field(default_factory=list)


def parse(text: str, environ: Mapping[str, str], providers: Mapping[str, Provider]) -> Accounts:
    """The accounts of a file's text. `"${NAME}"` stands for a variable of the environment.

    Raises AccountsError.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AccountsError(f"not TOML: {error}") from None
    try:
        file = _File.model_validate(_resolved(raw, environ, ""))
    except ValidationError as error:
        raise AccountsError(str(field_errors(error)[0])) from None
    by_name = {
        (owner, name): _account(owner, name, entry, providers)
        for owner, entries in file.accounts.items()
        for name, entry in entries.items()
    }
    rules = tuple(_rule(number, entry, by_name) for number, entry in enumerate(file.rules))
    return Accounts(MappingProxyType(by_name), rules)


def _account(owner: str, name: str, entry: _Entry, providers: Mapping[str, Provider]) -> Account:
    where = f"accounts.{owner}.{name}"
    provider = providers.get(owner)
    if provider is None:
        known = ", ".join(sorted(providers))
        raise AccountsError(f"accounts.{owner}: no such provider; one of: {known}")
    if not _NAME.fullmatch(name):
        raise AccountsError(f"{where}: a name is letters, digits, dots, dashes and underscores")
    if entry.base_url and entry.region:
        raise AccountsError(f"{where}.region: excludes base_url; set one")
    region = entry.region or next(iter(provider.regions))
    if region not in provider.regions:
        known = ", ".join(provider.regions)
        raise AccountsError(f"{where}.region: no such region; one of: {known}")
    account = Account(
        name=name,
        base_url=entry.base_url or provider.regions[region],
        api_key=reveal(entry.api_key),
        access_key=reveal(entry.access_key),
        secret_key=reveal(entry.secret_key),
        webhook_secrets=tuple(one.get_secret_value() for one in entry.webhook_secrets),
        max_in_flight=entry.max_in_flight,
        profile=entry.profile,
        dialect=entry.dialect,
        weight=entry.weight,
        finds_external_ids=entry.finds_external_ids,
    )
    for flaw in (*flaws_of_credentials(account), *provider.flaws_of(account)):
        raise AccountsError(f"{where}.{flaw}")
    return account


def flaws_of_credentials(account: Account) -> list[str]:
    """`key: reason` for each way in which the credentials contradict themselves."""
    pair = (account.access_key, account.secret_key)
    if any(pair) and not all(pair):
        missing = "secret_key" if account.access_key else "access_key"
        return [f"{missing}: access_key and secret_key go together; this one is missing"]
    if any(pair) and account.api_key:
        return ["api_key: excludes access_key; set one"]
    return []


def reveal(secret: SecretStr | None) -> str | None:
    """A secret's text."""
    return None if secret is None else secret.get_secret_value()


def _rule(number: int, entry: _RuleEntry, by_name: Mapping[tuple[str, str], Account]) -> Rule:
    for place, name in enumerate(entry.accounts):
        if (entry.provider, name) not in by_name:
            raise AccountsError(f"rules[{number}].accounts[{place}]: no such account: {name!r}")
    return Rule(entry.provider, tuple(entry.accounts), entry.operation, entry.metadata)


def _resolved(value: Any, environ: Mapping[str, str], path: str) -> Any:
    """The same with references to the environment replaced."""
    match value:
        case dict():
            return {
                key: _resolved(item, environ, f"{path}.{key}" if path else key)
                for key, item in value.items()
            }
        case list():
            return [
                _resolved(item, environ, f"{path}[{number}]") for number, item in enumerate(value)
            ]
        case str() if found := _REFERENCE.fullmatch(value):
            if not environ.get(found[1]):
                raise AccountsError(f"{path}: {found[1]} is not set in the environment")
            return environ[found[1]]
        case _:
            return value
