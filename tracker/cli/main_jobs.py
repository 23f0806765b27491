"""The main job of any provider: its settings against the emulator, its submission."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.config import provider_settings
from tracker.emulator import DEFAULT_KEY, EmulatorConfig, create_app
from tracker.emulator.core.provider import MainJob

_FILES = "/media/"


@dataclass(frozen=True)
class JobCreate:
    """A call to the service that submits a job.

    path:  of the POST; below it the task is shown by its id.
    id_at: the keys that lead to the task's id in the answer.
    """

    path: str
    body: Mapping[str, Any]
    id_at: Sequence[str]


def main_jobs() -> Mapping[str, MainJob]:
    """Return the job of each emulated provider that has one."""
    emulated = create_app(EmulatorConfig()).state.emulator.providers
    return {one.name: one.main_job for one in emulated if one.main_job is not None}


def choose_default(jobs: Mapping[str, MainJob]) -> str:
    """Return the provider whose job is shown where none is named."""
    return next(name for name, job in jobs.items() if job.protocol_job is not None)


def create_of(provider: str, job: MainJob, emulator: str, *, in_protocol: bool) -> JobCreate:
    """Return the call that submits a provider's job: through the API, or its own protocol."""
    own = job.protocol_job
    if not in_protocol or own is None:
        return JobCreate("/v1/tasks", build_submission(provider, job, emulator), ("id",))
    return JobCreate(f"/{provider}{own.path}", _locate_files(own.input, emulator), own.id_at)


def build_account_settings(provider: str, job: MainJob, emulator: str) -> dict[str, str]:
    """Return the settings of an account at the emulator; emulator: its address."""
    given = {"base_url": emulator + job.address, "api_key": DEFAULT_KEY, **job.options}
    prefix = provider_settings.get_setting_prefix(provider)
    return {prefix + name.upper(): value for name, value in given.items()}


def build_submission(provider: str, job: MainJob, emulator: str) -> dict[str, Any]:
    """Return the body of `POST /v1/tasks`."""
    return {
        "provider": provider,
        "operation": job.operation,
        "input": _locate_files(job.input, emulator),
    }


def _locate_files(value: Any, emulator: str) -> Any:
    """Return a value in which files of the emulator have their whole address."""
    match value:
        case str() if value.startswith(_FILES):
            return emulator + value
        case Mapping():
            return {name: _locate_files(one, emulator) for name, one in value.items()}
        case list():
            return [_locate_files(one, emulator) for one in value]
        case _:
            return value
