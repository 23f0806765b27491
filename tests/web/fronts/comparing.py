"""A front and the emulated provider, asked the same: what their answers have in common."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.databases import SqliteTemplate
from tests.support.service import build_environment, listen, read_url, serve_service
from tests.support.waiting import wait_until
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

Shape = set[tuple[str, str]]
Pair = tuple[httpx.Client, httpx.Client]
CONFIG = EmulatorConfig(step_seconds=0.05, max_slots=1000)


@contextmanager
def paired(
    database: SqliteTemplate | str,
    folder: Path,
    bases: Mapping[str, str],
    accounts: str = "",
    **settings: str,
) -> Iterator[Pair]:
    """Yield clients of the fronts, with a provider of their own, and of the provider itself.

    database: the template of the service's database, or the URL of one.
    bases: the path of each provider's API at the emulator, besides Kling's.
    accounts: further accounts as TOML, with `HOST` for the address of the emulator.
    settings: further ones of the service.
    """
    with ExitStack() as stack:
        behind, beside = (stack.enter_context(Emulator(CONFIG)) for _ in range(2))
        listener = listen()
        given = {
            f"TRACKER_{name.upper()}_{key}": value
            for name, base in bases.items()
            for key, value in (("BASE_URL", behind.url + base), ("API_KEY", DEFAULT_KEY))
        }
        if accounts:
            config = folder / "accounts.toml"
            config.write_text(accounts.replace("HOST", behind.url))
            settings["TRACKER_CONFIG"] = str(config)
        env = build_environment(
            database if isinstance(database, str) else database.copy(folder),
            folder,
            provider_url=behind.url,
            public_url=read_url(listener),
            **given,
            **settings,
        )
        url = stack.enter_context(serve_service(env, listener=listener, workers=True))
        key = {"authorization": f"Bearer {DEFAULT_KEY}"}
        front = httpx.Client(base_url=url, trust_env=False, timeout=60)
        provider = httpx.Client(base_url=beside.url, headers=key, trust_env=False, timeout=60)
        yield stack.enter_context(front), stack.enter_context(provider)


def shape(value: Any, path: str = "") -> Shape:
    """Return every path in a JSON value, with the type that stands there."""
    if isinstance(value, dict):
        below = [shape(item, f"{path}.{name}") for name, item in value.items()]
        return {(path, "object")}.union(*below)
    if isinstance(value, list):
        return {(path, "array")}.union(*(shape(item, f"{path}[]") for item in value))
    return {(path, type(value).__name__)}


def differences(front: Any, provider: Any, shape_of: Callable[[Any], Shape] = shape) -> set[str]:
    """Return the topmost paths that only one of two answers has, or with another type."""
    paths = {path for path, _ in shape_of(front) ^ shape_of(provider)}
    return {path for path in paths if path.rpartition(".")[0] not in paths}


def asked_until(
    http: httpx.Client, url: str, is_over: Callable[[Any], bool], **headers: str
) -> Any:
    """Ask again and again; return the first answer that is the end."""
    last: dict[str, Any] = {}

    def has_ended() -> bool:
        last.clear()
        last.update(http.get(url, headers=headers).raise_for_status().json())
        return is_over(last)

    wait_until(has_ended)
    return last


def field_of(answer: Any, path: str) -> Any:
    """Return what stands at a path such as `data.task_id` or `videos.0.status`."""
    for name in path.split("."):
        answer = answer[int(name)] if isinstance(answer, list) else answer[name]
    return answer
