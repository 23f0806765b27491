"""Explain the database, who may call the service, and how it serves."""

import contextlib
import os
import shutil
import ssl
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tracker.cli.doctor.finding import Finding
from tracker.cli.shared import name_database
from tracker.clock import SystemClock
from tracker.domain.errors import Unavailable
from tracker.open_access import advise_on_first_key, refuse_open_access
from tracker.settings import Settings, SettingsError
from tracker.store.driver.engine import find_sqlite_file, mask_passwords
from tracker.store.probe import find_pooler, has_keys

LITTLE_DISK_BYTES = 1024**3
"""Of free space; receipts with bodies of a megabyte fill that in minutes."""
SOON = timedelta(days=14)
"""Before a certificate ends, it is said."""


def examine_database(settings: Settings, problem: str | None) -> list[Finding]:
    """Return whether the database answers and has the right schema, and what else it lacks.

    problem: why this code cannot work on it, as `find_schema_problem` says it; None when it can.
    """
    shown = mask_passwords(settings.resolve_database_url())
    found = [
        Finding("error", "database", name_database(settings, problem))
        if problem
        else Finding("ok", "database", f"{shown} answers and has the right schema")
    ]
    if not problem:
        found += _check_pooler(settings)
    if find_sqlite_file(settings.resolve_database_url()) and settings.web_concurrency > 1:
        text = "several processes write one SQLite file in turn: correct, but slower than one"
        found.append(Finding("note", "WEB_CONCURRENCY", text))
    found += _check_disk(settings.tracker_data_dir)
    found += _check_modes(
        settings.tracker_data_dir, find_sqlite_file(settings.resolve_database_url())
    )
    return found


def _check_pooler(settings: Settings) -> list[Finding]:
    """Name what stands between this machine and the server."""
    try:
        named = find_pooler(settings.resolve_database_url())
    except Unavailable as error:
        return [Finding("error", "database", str(error))]
    if named is None:
        return []
    text = f"{named} stands before the server; settings travel with each transaction"
    return [Finding("ok", "pooler", text)]


def _check_disk(folder: Path) -> list[Finding]:
    """Look at the nearest folder that exists: the data directory is made at the first start."""
    place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    if free >= LITTLE_DISK_BYTES:
        return []
    text = f"{free // 1024**2} MB are free in {folder}: make room before it is full"
    return [Finding("note", "TRACKER_DATA_DIR", text)]


def _check_modes(folder: Path, file: Path | None) -> list[Finding]:
    """Return what other users of this machine may read: prompts, receipts, sealed secrets."""
    looked_at = [("TRACKER_DATA_DIR", folder, "700")]
    if file is not None and file.parent.absolute() != folder.absolute():
        looked_at += [("DATABASE_URL", Path(f"{file}{end}"), "600") for end in ("", "-wal", "-shm")]
    return [
        Finding("note", about, f"other users may read {path}: run `chmod {mode} {path}`")
        for about, path, mode in looked_at
        if os.access(path, os.F_OK) and path.stat().st_mode & 0o077
    ]


def examine_access(settings: Settings) -> list[Finding]:
    """Return who may call the service, and whether it would start like this."""
    try:
        refuse_open_access(settings)
    except SettingsError as error:
        return [Finding("error", "TRACKER_AUTH", str(error).removeprefix("TRACKER_AUTH: "))]
    where = f"{settings.tracker_host}:{settings.port}"
    if settings.tracker_auth == "off":
        whose = "of this machine" if settings.is_loopback() else "who reaches it"
        text = f"off: {where} takes requests from anybody {whose}; a gateway must stand in front"
        return [Finding("note", "TRACKER_AUTH", text)]
    if settings.tracker_auth == "on" or has_keys(settings.resolve_database_url()):
        return [Finding("ok", "TRACKER_AUTH", f"{where} asks everybody for a key")]
    text = (
        f"{where}: without a key only programs on this machine are answered, until the first key "
        "is made"
    )
    advice = advise_on_first_key(settings)
    found = [Finding("ok", "TRACKER_HOST", text)]
    return [*found, Finding("note", "TRACKER_PUBLIC_URL", advice)] if advice else found


def examine_egress(settings: Settings) -> list[Finding]:
    """Return what callers' own URLs may reach."""
    allowed = settings.tracker_egress_allow
    if not allowed:
        return [Finding("ok", "TRACKER_EGRESS_ALLOW", "callers' URLs reach public addresses only")]
    text = f"callers' URLs may also reach {', '.join(allowed)}"
    return [Finding("note", "TRACKER_EGRESS_ALLOW", text)]


def examine_webhooks(settings: Settings) -> list[Finding]:
    """Return what signs deliveries to URLs that came with a task."""
    about, count = "TRACKER_WEBHOOK_SECRETS", len(settings.tracker_webhook_secrets)
    if not count:
        text = "not set: what goes to a task's own webhook_url or callback_url is not signed"
        return [Finding("note", about, text)]
    text = f"{count} sign what goes to a task's webhook_url or callback_url"
    return [Finding("ok", about, text)]


def examine_server() -> list[Finding]:
    """Return whether the optional packages that read requests faster are installed."""
    about, wanted = "callback-tracker[fast]", ["httptools"] + ["uvloop"] * (sys.platform != "win32")
    missing = [name for name in wanted if find_spec(name) is None]
    if missing:
        text = f"without {' and '.join(missing)} each request takes more of the processor"
        return [Finding("note", about, text)]
    return [Finding("ok", about, "requests are read the fast way")]


def examine_traces(settings: Settings) -> list[Finding]:
    """Return whether spans go where the settings say."""
    about, endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        return []
    try:
        import_module("tracker.telemetry.otel")
    except ImportError as error:
        text = (
            f"no traces are sent, as {error.name} is not installed: run "
            "`pip install 'callback-tracker[otel]'`"
        )
        return [Finding("error", about, text)]
    return [Finding("ok", about, "traces are sent there")]


def examine_certificate(settings: Settings) -> list[Finding]:
    """Return whether the certificate and key fit each other, and when the certificate ends."""
    cert, key = settings.tracker_tls_cert, settings.tracker_tls_key
    if cert is None or key is None:
        return []
    try:
        ends = _end_of(cert, key)
    except (ssl.SSLError, OSError) as error:
        text = f"cannot be used with TRACKER_TLS_KEY: {getattr(error, 'reason', None) or error}"
        return [Finding("error", "TRACKER_TLS_CERT", text)]
    left = ends - SystemClock().now()
    level: Literal["ok", "note"] = "note" if left < SOON else "ok"
    text = f"is valid until {ends:%Y-%m-%d}" + (": renew it" if left < SOON else "")
    return [Finding(level, "TRACKER_TLS_CERT", text)]


def _end_of(cert: Path, key: Path) -> datetime:
    """Read a certificate's last moment. Raises ssl.SSLError for one that is over, or not PEM.

    The standard library reads certificates only in a handshake: one is made in memory.
    """
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(cert, key, password=_refuse_password)
    theirs = ssl.create_default_context(cafile=str(cert))
    theirs.check_hostname = False
    theirs.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    to_us, to_them = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = ours.wrap_bio(to_us, to_them, server_side=True)
    client = theirs.wrap_bio(to_them, to_us)
    for _ in range(4):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    shown = client.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)


def _refuse_password() -> str:
    """Stand for the answer that OpenSSL would otherwise ask of the terminal."""
    return ""
