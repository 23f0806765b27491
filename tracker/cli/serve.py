"""`tracker serve`: the web service, and the workers beside it."""

import click
import uvicorn

from tracker.app import make_app, refuse_open_access, server_options, tune_interpreter
from tracker.cli.processes import serve_in_processes
from tracker.cli.shared import fail, load_settings, say
from tracker.settings import Settings, SettingsError
from tracker.store.probe import schema_problem
from tracker.telemetry import configure_logging

GRACEFUL_SHUTDOWN_S = 20


@click.command()
@click.option("--host", help="Address to bind; TRACKER_HOST, else 127.0.0.1.")
@click.option("--port", type=int, help="Port to bind; PORT, else 8000.")
@click.option("--worker/--no-worker", default=True, help="Do the background work here too.")
def serve(host: str | None, port: int | None, *, worker: bool) -> None:
    """Serve the API, the callback receiver and the Kling-compatible front."""
    settings = load_settings()
    changes = {"tracker_host": host, "port": port}
    settings = settings.model_copy(update={k: v for k, v in changes.items() if v is not None})
    try:
        refuse_open_access(settings)
        settings.callback_secrets()
    except SettingsError as error:
        fail(str(error))
    problem = schema_problem(settings.resolved_database_url())
    redactor = settings.log_redactor()
    if problem:
        fail(redactor.redact(problem), code=1)
    configure_logging(settings.tracker_log_level, settings.tracker_log_format, redactor)
    scheme = "https" if settings.tracker_tls_cert else "http"
    say(f"tracker on {scheme}://{settings.tracker_host}:{settings.port}")
    _run(settings, worker=worker)


def _run(settings: Settings, *, worker: bool) -> None:
    options = {
        "host": settings.tracker_host,
        "port": settings.port,
        **server_options(settings),
        "timeout_graceful_shutdown": GRACEFUL_SHUTDOWN_S,
        "server_header": False,
        "ssl_certfile": settings.tracker_tls_cert,
        "ssl_keyfile": settings.tracker_tls_key,
    }
    if settings.web_concurrency == 1:
        tune_interpreter()
        uvicorn.run(make_app(settings, workers=worker), **options)
        return
    # Each process reads the environment again: uvicorn starts them afresh.
    factory = "tracker.app:create_app_with_workers" if worker else "tracker.app:create_app"
    processes = settings.web_concurrency
    serve_in_processes(uvicorn.Config(factory, factory=True, workers=processes, **options))
