"""Start the web service: everything that can be refused is refused before it listens."""

import ssl
from typing import Any

import uvicorn

from tracker.app import build_server_options, make_app, tune_interpreter
from tracker.cli.containers import refuse_forgetting
from tracker.cli.listeners import bind, multiply
from tracker.cli.processes import serve_in_processes
from tracker.cli.shared import fail, load_settings, print_note
from tracker.cli.starting import DatabaseWait
from tracker.open_access import refuse_open_access
from tracker.settings import Settings, SettingsError
from tracker.store.probe import find_schema_problem, start_problem
from tracker.telemetry.log_stream import guard_stderr
from tracker.telemetry.logs import ProcessRole, configure_logging

GRACEFUL_SHUTDOWN_S = 20


def run(host: str | None, port: int | None, *, worker: bool) -> None:
    """Serve until told to end. host, port: in place of the settings'."""
    guard_stderr()
    settings = load_settings()
    changes = {"tracker_host": host, "port": port}
    settings = settings.model_copy(update={k: v for k, v in changes.items() if v is not None})
    refuse_forgetting(settings)
    waiting = DatabaseWait(settings)
    waiting.wait()
    try:
        refuse_open_access(settings)
        settings.list_callback_secrets()
    except SettingsError as error:
        fail(str(error))
    _check_certificate(settings)
    find = find_schema_problem if settings.tracker_read_only else start_problem
    if problem := waiting.find_problem(find):
        waiting.refuse(problem)
    redactor = settings.log_redactor()
    _note_accounts(settings)
    role: ProcessRole = "web+worker" if worker and not settings.tracker_read_only else "web"
    configure_logging(settings.tracker_log_level, settings.tracker_log_format, redactor, role=role)
    _serve(settings, worker=worker)


def _serve(settings: Settings, *, worker: bool) -> None:
    listeners = bind(settings.tracker_host, settings.port, "--port or PORT")
    port = listeners[0].getsockname()[1]
    scheme = "https" if settings.tracker_tls_cert else "http"
    host = f"[{settings.tracker_host}]" if ":" in settings.tracker_host else settings.tracker_host
    url = f"{scheme}://{host}:{port}{settings.tracker_root_path}"
    options: dict[str, Any] = {
        "host": settings.tracker_host,
        "port": port,
        **build_server_options(settings),
        "timeout_graceful_shutdown": GRACEFUL_SHUTDOWN_S,
        "server_header": False,
        "ssl_certfile": settings.tracker_tls_cert,
        "ssl_keyfile": settings.tracker_tls_key,
    }
    if settings.web_concurrency == 1:
        tune_interpreter(settings)
        app = make_app(settings, workers=worker)
        sockets = [one for listener in listeners for one in multiply(listener)]
        _Server(uvicorn.Config(app, **options), f"tracker on {url}").run(sockets=sockets)
        return
    # Each process reads the environment again: uvicorn starts them afresh.
    factory = "tracker.app:create_app_with_workers" if worker else "tracker.app:create_app"
    processes = settings.web_concurrency
    print_note(f"starting {processes} web processes for {url}")
    config = uvicorn.Config(factory, factory=True, workers=processes, **options)
    serve_in_processes(config, listeners[0])


class _Server(uvicorn.Server):
    """Says where it is once it listens."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: Any = None) -> None:
        """Start, then greet."""
        await super().startup(sockets)
        if self.started:
            print_note(self._greeting)


def _check_certificate(settings: Settings) -> None:
    """Refuse files that TLS could not be spoken with."""
    cert, key = settings.tracker_tls_cert, settings.tracker_tls_key
    if cert is None or key is None:
        return
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_verify_locations(cert)
    except (OSError, ssl.SSLError) as error:
        fail(f"TRACKER_TLS_CERT: {cert}: {_explain_tls_error(error, 'certificate')}")
    try:
        context.load_cert_chain(cert, key, password=lambda: "")  # else OpenSSL asks the terminal
    except (OSError, ssl.SSLError) as error:
        reason = _explain_tls_error(error, "private key")
        if "KEY_VALUES_MISMATCH" in str(error):
            reason = "is not the key of TRACKER_TLS_CERT"
        fail(f"TRACKER_TLS_KEY: {key}: {reason}")


def _explain_tls_error(error: OSError, what: str) -> str:
    # An SSLError is an OSError, too: of a file that is there.
    if isinstance(error, ssl.SSLError):
        return f"holds no {what} in PEM form that is not encrypted"
    return str(error.strerror)


def _note_accounts(settings: Settings) -> None:
    """Say which accounts will be refused by their provider."""
    for (provider, name), account in sorted(settings.list_accounts().by_name.items()):
        if not account.options.has_credentials():
            print_note(
                f"note: account {provider}/{name} has no credentials, so its tasks will fail: "
                "`tracker doctor` says which setting they go into"
            )
