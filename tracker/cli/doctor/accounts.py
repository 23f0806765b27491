"""Explain the accounts at providers, and prove each by one harmless query."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from tracker.cli.doctor.finding import Finding
from tracker.clock import SystemClock
from tracker.egress.client import EgressClient
from tracker.providers.base import Account
from tracker.providers.registry import PROVIDERS
from tracker.settings import Settings

Named = tuple[str, str]
"""A provider's name and an account's."""
PROBE_S = 5.0
"""For a provider's whole answer."""


def examine_accounts(settings: Settings, unknown: Collection[Named]) -> list[Finding]:
    """Return what each account's settings say; asks nobody.

    unknown: accounts that cannot be spoken of, because a setting of theirs is wrong.
    """
    found = []
    for (provider, name), account in settings.accounts().by_name.items():
        if (provider, name) in unknown:
            continue
        about = f"{provider}/{name}"
        found.append(_credentials(about, account))
        found.append(_signing(about, account))
        if account.max_in_flight is None:
            text = "no limit of ours (max in flight): the provider's own is what holds tasks back"
            found.append(Finding("note", about, text))
    return found


def _credentials(about: str, account: Account) -> Finding:
    if account.api_key:
        return Finding("ok", about, f"{account.base_url} with a static key")
    if account.access_key:
        text = f"{account.base_url} with JWTs of an access/secret key pair"
        return Finding("ok", about, text)
    text = f"{account.base_url} with no credentials: the provider will refuse every task"
    if account.name == "default":
        names = f"TRACKER_{about.partition('/')[0].upper()}"
        text += f"; set {names}_API_KEY, or {names}_ACCESS_KEY and {names}_SECRET_KEY"
    return Finding("error", about, text)


def _signing(about: str, account: Account) -> Finding:
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
    egress, now = EgressClient(settings.tracker_egress_allow), SystemClock().now()
    asking = [
        _probe_one(egress, named[0], account, now)
        for named, account in settings.accounts().by_name.items()
        if named not in unknown and (account.api_key or account.access_key)
    ]
    try:
        return await asyncio.gather(*asking)
    finally:
        await egress.close()


async def _probe_one(
    egress: EgressClient, provider: str, account: Account, now: datetime
) -> Finding:
    adapter = PROVIDERS[provider]
    call = replace(adapter.build_probe(account, now=now), timeout_s=PROBE_S)
    probed = adapter.parse_probe(await egress.call_provider(call))
    return Finding(probed.level, f"{provider}/{account.name}", probed.text)
