"""Find settings that are right one by one and unwise, weak or contradictory together."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from tracker.accounts import list_unknown_lengths
from tracker.cli.doctor.finding import Finding
from tracker.cli.doctor.reading import Reading
from tracker.domain.signature import decode_key
from tracker.providers.ports.account import Account
from tracker.providers.registry import PROVIDERS
from tracker.settings import Settings

SAFE_KEY_BYTES = 16
"""Below this, a key can be guessed: https://www.standardwebhooks.com/ asks for 24 to 64."""


def examine_values(reading: Reading) -> list[Finding]:
    """Return a note for each value, or pair of values, that is probably not meant so."""
    settings = reading.settings
    return [
        *_check_empty_lists(reading),
        *_examine_kept_secret(reading),
        *_check_contradictions(settings),
        *_check_secret_lengths(settings, reading.environ),
        *_check_idle_rules(settings),
        *_check_idle_prices(settings),
        *_check_unknown_lengths(settings),
    ]


def _check_empty_lists(reading: Reading) -> Iterator[Finding]:
    for field in type(reading.settings).model_fields:
        name = field.upper()
        text = reading.environ.get(name)
        if text and reading.is_known(name) and getattr(reading.settings, field) == ():
            yield Finding("note", name, "is set and holds no entry: it counts as not set")


def _examine_kept_secret(reading: Reading) -> Iterator[Finding]:
    settings, about = reading.settings, "TRACKER_CALLBACK_SECRETS"
    has_callbacks = settings.tracker_public_url is not None
    if has_callbacks and reading.is_known(about) and not settings.tracker_callback_secrets:
        text = (
            f"not set: one is kept in {settings.tracker_data_dir}; set it when several machines "
            "serve one database, or callbacks that reach another machine are refused"
        )
        yield Finding("note", about, text)


def _check_contradictions(settings: Settings) -> Iterator[Finding]:
    for smaller, larger, effect in (
        ("tracker_poll_first_s", "tracker_poll_max_s", "every pause is the latter"),
        ("tracker_poll_confirm_s", "tracker_poll_max_s", "a verdict is asked for late"),
        ("tracker_deadline_s", "tracker_give_up_after_s", "no task is ever shown as overdue"),
        ("tracker_callback_max_bytes", "tracker_max_body_bytes", "the two are probably swapped"),
    ):
        given, limit = getattr(settings, smaller), getattr(settings, larger)
        if given > limit:
            text = f"{given:g} is more than {larger.upper()}={limit:g}: {effect}"
            yield Finding("note", smaller.upper(), text)
    yield from _check_addresses(settings)
    if settings.tracker_auth == "off" and settings.tracker_rate_limit is not None:
        text = "counts requests by key, and TRACKER_AUTH=off asks for none: nothing is limited"
        yield Finding("note", "TRACKER_RATE_LIMIT", text)


def _check_addresses(settings: Settings) -> Iterator[Finding]:
    url = settings.tracker_public_url
    if url is None:
        return
    parts, root = urlsplit(url), settings.tracker_root_path
    if root and not parts.path.endswith(root):
        text = f"is {root}, and TRACKER_PUBLIC_URL does not end with it: callbacks may miss us"
        yield Finding("note", "TRACKER_ROOT_PATH", text)
    if settings.tracker_tls_cert and parts.scheme == "http" and parts.port == settings.port:
        text = "begins with http, and this port speaks HTTPS (TRACKER_TLS_CERT): write https"
        yield Finding("note", "TRACKER_PUBLIC_URL", text)


def _check_secret_lengths(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    given = [
        ("TRACKER_WEBHOOK_SECRETS", one.get_secret_value())
        for one in settings.tracker_webhook_secrets
    ]
    for (provider, name), account in settings.list_accounts().by_name.items():
        about = f"TRACKER_{provider.upper()}_WEBHOOK_SECRET"
        about += "S" if f"{about}S" in environ else ""  # both names are read
        if name != "default":
            about = f"accounts.{provider}.{name}.webhook_secrets"
        given += [(about, secret) for secret in account.webhook_secrets]
    for about, secret in given:
        size = _count_key_bytes(secret)
        if size < SAFE_KEY_BYTES:
            text = (
                f"a secret of {size} bytes is short enough to be guessed: use {SAFE_KEY_BYTES} "
                "random bytes or more"
            )
            yield Finding("note", about, text)


def _count_key_bytes(secret: str) -> int:
    try:
        return len(decode_key(secret))
    except ValueError:  # a provider's secret of another form
        return len(secret.encode())


def _check_idle_rules(settings: Settings) -> Iterator[Finding]:
    accounts = settings.list_accounts()
    for number, rule in enumerate(accounts.rules):
        own = [accounts.by_name[rule.provider, name] for name in rule.accounts]
        if rule.operation is not None and not _has_match(rule.provider, own, rule.operation):
            text = (
                f"rules[{number}].operation: {rule.operation!r} fits no operation that its "
                "accounts can submit: it never applies"
            )
            yield Finding("note", "TRACKER_CONFIG", text)


def _check_idle_prices(settings: Settings) -> Iterator[Finding]:
    accounts = settings.list_accounts()
    for number, price in enumerate(accounts.prices):
        own = [one for name, one in accounts.by_name.items() if name[0] == price.provider]
        is_idle = price.operation is not None and own
        if is_idle and not _has_match(price.provider, own, price.operation or ""):
            text = (
                f"price[{number}].operation: {price.operation!r} fits no operation that the "
                "accounts can submit: no task has its estimate, and budgets count none"
            )
            yield Finding("note", "TRACKER_CONFIG", text)


def _check_unknown_lengths(settings: Settings) -> Iterator[Finding]:
    for text in list_unknown_lengths(settings.list_accounts(), PROVIDERS):
        yield Finding("note", "TRACKER_CONFIG", text)


def _has_match(provider_name: str, accounts: Sequence[Account], pattern: str) -> bool:
    provider = PROVIDERS[provider_name]
    named = {name for name in provider.submits.operations if fnmatchcase(name, pattern)}
    candidates = named | {pattern.replace("*", "x")}  # names of models are open
    return any(
        provider.submits.explain_unserved(account, operation) is None
        for account in accounts
        for operation in candidates
    )
