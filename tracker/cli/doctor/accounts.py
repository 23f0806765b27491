"""Explain the accounts at providers, and prove each by one harmless query."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from tracker.cli.doctor.finding import Finding
from tracker.clock import SystemClock
from tracker.config.provider_settings import ENVIRONMENT_ACCOUNT, get_setting_prefix
from tracker.domain.exchange import HttpFailure
from tracker.egress.client import EgressClient
from tracker.providers.ports.account import Account
from tracker.providers.registry import PROVIDERS
from tracker.services.provider_calls import ProviderCalls
from tracker.services.tokens import report_to_nobody
from tracker.settings import Settings

Named = tuple[str, str]
"""A provider's name and an account's."""
PROBE_S = 5.0
"""For a provider's whole answer."""


def examine_accounts(settings: Settings, unknown: Collection[Named]) -> list[Finding]:
    """Return what each account's settings say; asks nobody.

    unknown: accounts that cannot be spoken of, because a setting of theirs is wrong.
    """
    if not settings.list_accounts().by_name:
        text = "none is set, so that every task is refused: set TRACKER_{PROVIDER}_API_KEY, e.g. "
        text += (
            f"{get_setting_prefix(next(iter(PROVIDERS)))}API_KEY, or name a file in TRACKER_CONFIG"
        )
        return [Finding("error", "accounts", text)]
    found = []
    for (provider, name), account in settings.list_accounts().by_name.items():
        if (provider, name) in unknown:
            continue
        about = f"{provider}/{name}"
        found.append(_check_credentials(about, account))
        found.append(_check_signing(about, account))
        if account.max_in_flight is None:
            text = "no limit of ours (max in flight): the provider's own is what holds tasks back"
            found.append(Finding("note", about, text))
    return found


def _check_credentials(about: str, account: Account) -> Finding:
    keys = _list_secret_keys(account)
    if account.options.has_credentials():
        given = [key for key in keys if getattr(account.options, key) is not None]
        way = f", through the proxy {account.proxy_address}" if account.proxy_address else ""
        return Finding("ok", about, f"{account.base_url} is called with {' and '.join(given)}{way}")
    text = f"{account.base_url} with no credentials: the provider will refuse every task"
    if account.name == ENVIRONMENT_ACCOUNT:
        prefix = get_setting_prefix(about.partition("/")[0])
        text += f"; set {' or '.join(prefix + key.upper() for key in keys)}"
    return Finding("error", about, text)


def _list_secret_keys(account: Account) -> list[str]:
    """Name the options that hold one secret: with one of them, or a pair, calls are made."""
    fields = type(account.options).model_fields
    return [
        name
        for name, field in fields.items()
        if "SecretStr" in str(field.annotation) and name not in ("webhook_secrets", "proxy")
    ]


def _check_signing(about: str, account: Account) -> Finding:
    secrets = account.webhook_secrets
    if not secrets:
        text = "no webhook secret: callbacks are believed for the token in their URL"
        return Finding("note", about, text)
    text = "callbacks must be signed"
    if len(secrets) > 1:
        text += f" with one of {len(secrets)} secrets; drop the old one when its rotation is over"
    return Finding("ok", about, text)


def probe_accounts(settings: Settings, unknown: Collection[Named]) -> list[Finding]:
    """Ask each account's provider for a task that nobody has: one query, which costs nothing.

    unknown: accounts that are not asked.
    """
    return asyncio.run(_probe_all(settings, unknown))


async def _probe_all(settings: Settings, unknown: Collection[Named]) -> list[Finding]:
    egress = EgressClient(settings.tracker_egress_allow, redactor=settings.make_redactor())
    clock = SystemClock()
    calls = ProviderCalls(egress, PROVIDERS, clock, report_to_nobody)
    asking = [
        _probe_one(calls, named[0], account, clock.now())
        for named, account in settings.list_accounts().by_name.items()
        if named not in unknown and account.options.has_credentials()
    ]
    try:
        return await asyncio.gather(*asking)
    finally:
        await egress.close()


async def _probe_one(
    calls: ProviderCalls, provider: str, account: Account, now: datetime
) -> Finding:
    probes = PROVIDERS[provider].probes
    if probes is None:
        text = "offers no query that costs nothing: the first task shows whether it takes the key"
        return Finding("note", f"{provider}/{account.name}", text)
    call = replace(probes.build_probe(account, now=now), timeout_s=PROBE_S)
    answer = await calls.call(provider, account, call)
    probed = probes.parse_probe(account, answer)
    text = probed.text
    if isinstance(answer, HttpFailure):
        text = (
            f"could not be reached: {answer.reason}. Its tasks wait until it can be: see why "
            f"`{_build_trial(account, call.url)}` gets no answer on this machine "
            "(DNS, firewall, proxy)"
        )
    elif probed.level == "error":
        text = (
            f"{probed.text}. Its tasks fail: mend its key, rights, balance or address, and try "
            "again by `tracker doctor`"
        )
    return Finding(probed.level, f"{provider}/{account.name}", text)


def _build_trial(account: Account, url: str) -> str:
    """Spell a command that reaches for a provider as its calls do, without any of their secrets."""
    host = urlsplit(url)._replace(path="/", query="", fragment="")
    address = host._replace(netloc=host.netloc.rpartition("@")[2]).geturl()
    proxy = account.proxy_address
    return f"curl -I {address}" if proxy is None else f"curl -I --proxy {proxy} {address}"
