"""The file that TRACKER_CONFIG names: TOML → accounts, rules and prices.

Reads no environment and no file itself: `settings` hands both in.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from tracker.config.paths import is_file
from tracker.domain.choosing import Rule, find_sole_provider
from tracker.domain.cost import is_miswritten_currency
from tracker.domain.errors import InvalidRequest
from tracker.domain.policy import KEEP_IDEMPOTENCY_KEYS
from tracker.domain.prices import SECONDS, ListPrice, PricedUnit
from tracker.domain.retention import TOO_SHORT, Keep, KeptClass, RetentionRule, parse_duration
from tracker.domain.task import TaskState
from tracker.domain.validation import list_field_errors
from tracker.providers.ports.account import Account
from tracker.providers.ports.provider import Provider

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class AccountsError(Exception):
    """The file is wrong. The message is one line that names the key; it holds no value."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Every account, and who chooses among them.

    by_name: (provider, account name) → account.
    prices:  the operator's list, in its order.
    """

    by_name: Mapping[tuple[str, str], Account] = field(default_factory=dict)
    rules: Sequence[Rule] = ()
    prices: Sequence[ListPrice] = ()
    retention: Sequence[RetentionRule] = ()


def list_unknown_lengths(accounts: Accounts, providers: Mapping[str, Provider]) -> Sequence[str]:
    """Return, in words, each price by the second that covers tasks whose length may be unknown.

    Such a task has no estimate where its input names no length.
    """
    found = []
    for number, price in enumerate(accounts.prices):
        submits = providers[price.provider].submits
        unknown = [
            operation
            for operation in sorted(submits.operations)
            if price.unit is PricedUnit.SECOND
            and fnmatchcase(operation, price.operation or "*")
            and price.read_seconds(operation, {}) is None
            and _may_lack_length(submits.get_input_model(operation))
        ]
        if unknown:
            more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
            found.append(
                f"price[{number}]: {price.provider} names no usual length of "
                f"{', '.join(unknown[:3])}{more}: where an input has none there is no estimate, "
                "and budgets count nothing; give `usual`"
            )
    return found


def _may_lack_length(model: type[BaseModel] | None) -> bool:
    """Tell whether an input may come without a length."""
    fields = {} if model is None else model.model_fields
    return not any(fields[name].is_required() for name in SECONDS if name in fields)


def _read_decimal(value: Any) -> Any:
    """Return the number that stands in the file, exactly."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError('must be a number, like 0.35 or "0.35"')  # noqa: TRY004 - for pydantic
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError('must be a number, like 0.35 or "0.35"') from None


def _check_currency(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", value):
        raise ValueError("must be letters and digits, like CNY")
    if is_miswritten_currency(value):
        raise ValueError(f"must be written in capitals: {value.upper()}")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class _RuleEntry(_Strict):
    """`[[rules]]`. provider: None for the only one in the file."""

    provider: str | None = None
    accounts: list[str] = Field(min_length=1)
    operation: str | None = Field(None, min_length=1)
    metadata: dict[str, str | int | float | bool] = Field(default_factory=dict)


class _PriceEntry(_Strict):
    """`[[price]]`. Amounts are text, or numbers, which are read as they are written."""

    provider: str
    amount: Annotated[Decimal, BeforeValidator(_read_decimal), Field(ge=0, le=1_000_000)]
    currency: Annotated[str, Field(min_length=1, max_length=10), AfterValidator(_check_currency)]
    unit: Literal["task", "second", "piece"] = "task"
    operation: str | None = Field(None, min_length=1)
    model: str | None = Field(None, min_length=1)
    usual: Annotated[Decimal, BeforeValidator(_read_decimal), Field(gt=0, le=10_000)] | None = None


class _RetentionEntry(_Strict):
    """`[[retention]]`: an exception from the settings `TRACKER_KEEP_…`."""

    tenant: str | None = Field(None, min_length=1)
    provider: str | None = None
    state: Literal["succeeded", "failed", "cancelled", "expired"] | None = None
    inputs: str | None = None
    evidence: str | None = None
    deliveries: str | None = None
    tasks: str | None = None
    assets: str | None = None


class _File(_Strict):
    accounts: dict[str, dict[str, dict[str, Any]]] = Field(default_factory=dict)
    price: list[_PriceEntry] = Field(default_factory=list)
    rules: list[_RuleEntry] = Field(default_factory=list)
    retention: list[_RetentionEntry] = Field(default_factory=list)


def read_configuration(
    path: Path, environ: Mapping[str, str], providers: Mapping[str, Provider]
) -> Accounts:
    """Return the accounts of a file. Raises AccountsError, which begins with its path.

    Of a file that is not there the path is said only where it looks like one: a secret, or all of
    the file, may have been put in its place.
    """
    try:
        return parse(path.read_text(), environ, providers)
    except AccountsError as error:
        raise AccountsError(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise AccountsError(f"{path}: not UTF-8 text") from None
    except (OSError, ValueError) as error:
        shown = f"{path}: " if path.suffix == ".toml" or is_file(path) else ""
        reason = error.strerror if isinstance(error, OSError) else "no file has such a name"
        raise AccountsError(f"{shown}{reason}") from None


def parse(text: str, environ: Mapping[str, str], providers: Mapping[str, Provider]) -> Accounts:
    """Return the accounts of a file's text. `"${NAME}"` stands for a variable of the environment.

    Raises AccountsError.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AccountsError(f"not TOML: {error}") from None
    except RecursionError:
        raise AccountsError("not TOML: nested too deep") from None
    try:
        file = _File.model_validate(_resolve_references(raw, environ, ""))
    except ValidationError as error:
        raise AccountsError(str(list_field_errors(error)[0])) from None
    by_name = {
        (owner, name): _build_account(owner, name, entry, providers)
        for owner, entries in file.accounts.items()
        for name, entry in entries.items()
    }
    rules = tuple(_make_rule(number, entry, by_name) for number, entry in enumerate(file.rules))
    retention = tuple(
        _read_retention_rule(n, entry, providers) for n, entry in enumerate(file.retention)
    )
    if not by_name and not file.price and not retention:
        raise AccountsError("accounts: is required, or at least one [[price]] or [[retention]]")
    prices = tuple(
        _build_price(number, entry, providers) for number, entry in enumerate(file.price)
    )
    return Accounts(MappingProxyType(by_name), rules, prices, retention)


def _build_account(
    owner: str, name: str, entry: Mapping[str, Any], providers: Mapping[str, Provider]
) -> Account:
    where = f"accounts.{owner}.{name}"
    if owner not in providers:
        known = ", ".join(sorted(providers))
        raise AccountsError(f"accounts.{owner}: no such provider; one of: {known}")
    if not _NAME.fullmatch(name):
        raise AccountsError(f"{where}: a name is letters, digits, dots, dashes and underscores")
    try:
        return _make_account(providers[owner], name, entry)
    except AccountsError as error:
        raise AccountsError(f"{where}.{error}") from None


def _make_account(provider: Provider, name: str, entry: Mapping[str, Any]) -> Account:
    """Make an account of options by key. Raises AccountsError `key: reason`, without values."""
    try:
        return provider.make_account(name, provider.options.model_validate(entry))
    except ValidationError as error:
        raise AccountsError(str(list_field_errors(error)[0])) from None
    except ValueError as error:
        raise AccountsError(str(error)) from None


def _make_rule(number: int, entry: _RuleEntry, by_name: Mapping[tuple[str, str], Account]) -> Rule:
    try:
        provider = entry.provider or find_sole_provider(by_name)
    except InvalidRequest as error:
        raise AccountsError(f"rules[{number}].{error}") from None
    for place, name in enumerate(entry.accounts):
        if (provider, name) not in by_name:
            raise AccountsError(f"rules[{number}].accounts[{place}]: no such account")
    return Rule(provider, tuple(entry.accounts), entry.operation, entry.metadata)


def _build_price(number: int, entry: _PriceEntry, providers: Mapping[str, Provider]) -> ListPrice:
    if entry.provider not in providers:
        known = ", ".join(sorted(providers))
        raise AccountsError(f"price[{number}].provider: no such provider; one of: {known}")
    if entry.usual is not None and PricedUnit(entry.unit) is PricedUnit.TASK:
        raise AccountsError(f"price[{number}].usual: goes with the units second and piece")
    return ListPrice(
        provider=entry.provider,
        unit=PricedUnit(entry.unit),
        amount=entry.amount,
        currency=entry.currency,
        operation=entry.operation,
        model=entry.model,
        usual=entry.usual,
        default_seconds=providers[entry.provider].default_seconds,
    )


def _read_retention_rule(
    number: int, entry: _RetentionEntry, providers: Mapping[str, Provider]
) -> RetentionRule:
    where = f"retention[{number}]"
    if entry.provider is not None and entry.provider not in providers:
        known = ", ".join(sorted(providers))
        raise AccountsError(f"{where}.provider: no such provider; one of: {known}")
    keep: dict[KeptClass, Keep] = {}
    for one in KeptClass:
        text = getattr(entry, one.value)
        if text is None:
            continue
        try:
            keep[one] = parse_duration(text)
        except ValueError as error:
            raise AccountsError(f"{where}.{one.value}: {error}") from None
    tasks = keep.get(KeptClass.TASKS)
    if tasks is not None and tasks < KEEP_IDEMPOTENCY_KEYS:
        raise AccountsError(f"{where}.tasks: {TOO_SHORT}")
    state = None if entry.state is None else TaskState(entry.state)
    return RetentionRule(keep, entry.tenant, entry.provider, state)


def _resolve_references(value: Any, environ: Mapping[str, str], path: str) -> Any:
    """Return the value with references to the environment replaced."""
    match value:
        case dict():
            return {
                key: _resolve_references(item, environ, f"{path}.{key}" if path else key)
                for key, item in value.items()
            }
        case list():
            return [
                _resolve_references(item, environ, f"{path}[{number}]")
                for number, item in enumerate(value)
            ]
        case str() if found := _REFERENCE.fullmatch(value):
            if not environ.get(found[1]):
                raise AccountsError(f"{path}: {found[1]} is not set in the environment")
            return environ[found[1]]
        case _:
            return value
