"""The command: read the settings, look at each thing, print what was found."""

import sys
from collections.abc import Iterator
from dataclasses import asdict, replace

import click

from tracker import environment
from tracker.cli.doctor import accounts, assets, database, processes, reach, retention, service
from tracker.cli.doctor.finding import Finding
from tracker.cli.doctor.placeholders import examine_placeholders
from tracker.cli.doctor.reading import Reading, read
from tracker.cli.doctor.values import examine_values
from tracker.cli.language import translate_text
from tracker.cli.shared import OUTPUT, emit
from tracker.cli.visible import find_room, fold
from tracker.settings import Settings
from tracker.store.probe import find_schema_problem

EXIT_WRONG = 1


@click.command()
@click.option("--offline", is_flag=True, help="Look at the settings and the database alone.")
@OUTPUT
def doctor(*, offline: bool, output: str) -> None:
    """Explain the settings and find what is wrong with them.

    Each account is proved by one harmless query; the public URL is called back to the service; a
    small file is written to the store of assets and to the archive, read and deleted.
    Exit 0: nothing is wrong, whatever the notes say. Exit 1: something will not work.
    """
    reading = read(environment.read())
    findings = [*reading.findings, *examine_reading(reading)]
    if not offline:
        findings += _call_and_examine(reading)
    redactor = reading.settings.log_redactor()
    findings = [replace(one, text=redactor.redact(one.text)) for one in findings]
    emit(output, [asdict(finding) for finding in findings], lambda: _print(findings))
    sys.exit(EXIT_WRONG if any(finding.level == "error" for finding in findings) else 0)


def examine(settings: Settings) -> list[Finding]:
    """Return everything there is to say about settings that are right one by one."""
    return list(examine_reading(Reading(settings, {}, frozenset(), ())))


def examine_reading(reading: Reading) -> Iterator[Finding]:
    """Yield what settings say of themselves; ask nobody but the database."""
    settings, known = reading.settings, reading.is_known
    has_database = known("DATABASE_URL") and (
        bool(settings.database_url) or known("TRACKER_DATA_DIR")
    )
    if has_database:
        problem = find_schema_problem(settings.resolve_database_url())
        yield from service.examine_database(settings, problem)
        if problem is None:
            yield from database.examine_server(settings)
            yield from retention.examine_retention(settings)
            if known("TRACKER_CALLBACK_SECRETS", "TRACKER_DATA_DIR", "TRACKER_LEASE_S"):
                yield from processes.examine_processes(settings)
    if known("TRACKER_PUBLIC_URL"):
        yield from reach.examine_public_url(settings)
    if known("TRACKER_CONFIG") or settings.has_credentials():
        yield from accounts.examine_accounts(settings, _list_unproved(reading))
    if has_database and known("TRACKER_HOST", "TRACKER_AUTH"):
        yield from service.examine_access(settings)
    if known("TRACKER_EGRESS_ALLOW"):
        yield from service.examine_egress(settings)
    if known("TRACKER_WEBHOOK_SECRETS"):
        yield from service.examine_webhooks(settings)
    if known("OTEL_EXPORTER_OTLP_ENDPOINT"):
        yield from service.examine_traces(settings)
    yield from service.examine_certificate(settings)
    yield from examine_values(reading)
    yield from examine_placeholders(settings)
    yield from service.examine_server()


def _call_and_examine(reading: Reading) -> Iterator[Finding]:
    """Call providers, the store of assets, and the service itself."""
    if reading.is_known("TRACKER_PUBLIC_URL", "TRACKER_CALLBACK_SECRETS", "TRACKER_DATA_DIR"):
        yield from reach.call_public_url(reading.settings)
    if reading.is_known("TRACKER_ASSETS", "TRACKER_ASSET_STORE", "TRACKER_DATA_DIR"):
        yield from assets.try_asset_store(reading.settings)
    if reading.is_known("TRACKER_ARCHIVE"):
        yield from assets.try_archive(reading.settings)
    yield from accounts.probe_accounts(reading.settings, _list_unproved(reading))


def _list_unproved(reading: Reading) -> set[tuple[str, str]]:
    """Name the accounts of which a setting is wrong: a default stands for it.

    Asking the default address would show it a key that was meant for another.
    """
    return {
        (provider, name)
        for provider, name in reading.settings.list_accounts().by_name
        if name == "default"
        and any(wrong.startswith(f"TRACKER_{provider.upper()}_") for wrong in reading.wrong)
    }


def _print(findings: list[Finding]) -> None:
    marks = {"ok": "ok   ", "note": "note ", "error": "ERROR"}
    for finding in findings:
        mark = f"{marks[finding.level]}  "
        line = f"{mark}{finding.about}: {translate_text(finding.text)}"
        click.echo(fold(line, find_room(sys.stdout), len(mark)))
