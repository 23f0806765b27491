"""`tracker doctor`: what is set, what it means, and what is unwise."""

import asyncio
import sys
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib.util import find_spec
from typing import Literal

import click

from tracker.app import advice_for_first_key, refuse_open_access
from tracker.cli.shared import OUTPUT, emit, load_settings
from tracker.clock import SystemClock
from tracker.egress.client import EgressClient
from tracker.providers.base import Account
from tracker.providers.registry import PROVIDERS
from tracker.settings import Settings, SettingsError
from tracker.store.driver.engine import normalise_url
from tracker.store.probe import has_keys, schema_problem

PROBE_S = 5.0
"""For a provider's whole answer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing worth knowing.

    level: `ok`, `note` (works, but know this) or `error` (will not work).
    """

    level: Literal["ok", "note", "error"]
    about: str
    text: str


@click.command()
@click.option("--offline", is_flag=True, help="Ask no provider whether its account works.")
@OUTPUT
def doctor(*, offline: bool, output: str) -> None:
    """Explain the settings, and prove each account by one harmless query.

    Exit 1 when something will not work.
    """
    settings = load_settings()
    findings = examine(settings)
    if not offline:
        findings += probe(settings)
    emit(output, [asdict(finding) for finding in findings], lambda: _print(findings))
    sys.exit(1 if any(finding.level == "error" for finding in findings) else 0)


def examine(settings: Settings) -> list[Finding]:
    """Everything there is to say about these settings."""
    return [
        *_database(settings),
        *_callbacks(settings),
        *_accounts(settings),
        *_access(settings),
        *_egress(settings),
        _webhooks(settings),
        _server(),
    ]


def _database(settings: Settings) -> list[Finding]:
    url = normalise_url(settings.resolved_database_url())
    shown = url.render_as_string(hide_password=True)
    problem = schema_problem(settings.resolved_database_url())
    found = [
        Finding("error", "database", problem)
        if problem
        else Finding("ok", "database", f"{shown} answers and has the right schema")
    ]
    if url.get_backend_name() == "sqlite" and settings.web_concurrency > 1:
        text = "several processes write one SQLite file in turn: correct, but slower than one"
        found.append(Finding("note", "WEB_CONCURRENCY", text))
    return found


def _callbacks(settings: Settings) -> list[Finding]:
    about, url = "TRACKER_PUBLIC_URL", settings.tracker_public_url
    if url is None:
        text = "not set: providers cannot call back, every task is polled for"
        return [Finding("note", about, text)]
    found = [Finding("ok", about, f"providers call back to {url}/callbacks/…")]
    if url.startswith("http://"):
        text = "plain http: the tokens in callback URLs can be read on the way"
        found.append(Finding("note", about, text))
    if not settings.tracker_callback_secrets:
        text = (
            f"not set: one is kept in {settings.tracker_data_dir}; set it when several machines "
            "serve one database, or callbacks that reach another machine are refused"
        )
        found.append(Finding("note", "TRACKER_CALLBACK_SECRETS", text))
    return found


def _accounts(settings: Settings) -> list[Finding]:
    if settings.tracker_config is None and not settings.has_kling_credentials():
        text = (
            "no TRACKER_KLING_API_KEY and no access/secret key pair: Kling will refuse every task"
        )
        return [Finding("error", "kling", text)]
    found = []
    for (provider, name), account in settings.accounts().by_name.items():
        about = f"{provider}/{name}"
        found.append(Finding("ok", about, f"{account.base_url} with {_credentials(account)}"))
        found.append(_signing(about, account))
        if account.max_in_flight is None:
            text = "no limit of ours (max in flight): the provider's own is what holds tasks back"
            found.append(Finding("note", about, text))
    return found


def _credentials(account: Account) -> str:
    if account.api_key:
        return "a static key"
    return "JWTs of an access/secret key pair" if account.access_key else "no credentials"


def _signing(about: str, account: Account) -> Finding:
    secrets = account.webhook_secrets
    if not secrets:
        text = "no webhook secret: callbacks are believed for the token in their URL"
        return Finding("note", about, text)
    text = "callbacks must be signed"
    if len(secrets) > 1:
        text += f" with one of {len(secrets)} secrets; drop the old one when its rotation is over"
    return Finding("ok", about, text)


def probe(settings: Settings) -> list[Finding]:
    """Ask each account's provider for a task that nobody has: one query, which costs nothing."""
    return asyncio.run(_probe_all(settings))


async def _probe_all(settings: Settings) -> list[Finding]:
    egress, now = EgressClient(settings.tracker_egress_allow), SystemClock().now()
    try:
        return [
            await _probe_one(egress, provider, account, now)
            for (provider, _), account in settings.accounts().by_name.items()
            if account.api_key or account.access_key
        ]
    finally:
        await egress.close()


async def _probe_one(
    egress: EgressClient, provider: str, account: Account, now: datetime
) -> Finding:
    adapter = PROVIDERS[provider]
    call = replace(adapter.build_probe(account, now=now), timeout_s=PROBE_S)
    probed = adapter.parse_probe(await egress.call_provider(call))
    return Finding(probed.level, f"{provider}/{account.name}", probed.text)


def _access(settings: Settings) -> list[Finding]:
    try:
        refuse_open_access(settings)
    except SettingsError as error:
        return [Finding("error", "TRACKER_AUTH", str(error).removeprefix("TRACKER_AUTH: "))]
    where = f"{settings.tracker_host}:{settings.port}"
    if settings.tracker_auth == "off":
        whose = "of this machine" if settings.is_loopback() else "who reaches it"
        text = f"off: {where} takes requests from anybody {whose}; a gateway must stand in front"
        return [Finding("note", "TRACKER_AUTH", text)]
    if settings.tracker_auth == "on" or has_keys(settings.resolved_database_url()):
        return [Finding("ok", "TRACKER_AUTH", f"{where} asks everybody for a key")]
    text = (
        f"{where}: without a key only programs on this machine are answered, until the first key "
        "is made"
    )
    advice = advice_for_first_key(settings)
    found = [Finding("ok", "TRACKER_HOST", text)]
    return [*found, Finding("note", "TRACKER_PUBLIC_URL", advice)] if advice else found


def _egress(settings: Settings) -> list[Finding]:
    allowed = settings.tracker_egress_allow
    if not allowed:
        return [Finding("ok", "TRACKER_EGRESS_ALLOW", "callers' URLs reach public addresses only")]
    text = f"callers' URLs may also reach {', '.join(allowed)}"
    return [Finding("note", "TRACKER_EGRESS_ALLOW", text)]


def _webhooks(settings: Settings) -> Finding:
    about, count = "TRACKER_WEBHOOK_SECRETS", len(settings.tracker_webhook_secrets)
    if not count:
        text = "not set: what goes to a task's own webhook_url or callback_url is not signed"
        return Finding("note", about, text)
    return Finding("ok", about, f"{count} sign what goes to a task's webhook_url or callback_url")


def _server() -> Finding:
    about, wanted = "callback-tracker[fast]", ["httptools"] + ["uvloop"] * (sys.platform != "win32")
    missing = [name for name in wanted if find_spec(name) is None]
    if missing:
        text = f"without {' and '.join(missing)} each request takes more of the processor"
        return Finding("note", about, text)
    return Finding("ok", about, "requests are read the fast way")


def _print(findings: list[Finding]) -> None:
    marks = {"ok": "ok   ", "note": "note ", "error": "ERROR"}
    for finding in findings:
        click.echo(f"{marks[finding.level]}  {finding.about}: {finding.text}")
