"""Read settings although some are wrong: each wrong one is a finding, the rest can be looked at."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tracker.cli.doctor.finding import Finding
from tracker.config.setting_errors import look_alikes
from tracker.settings import Settings, SettingsError, list_setting_names

_NAMES = re.compile(r"\b(?:TRACKER_[A-Z_]+|DATABASE_URL|PORT|WEB_CONCURRENCY)\b")


@dataclass(frozen=True, slots=True)
class Reading:
    """The readable part of an environment.

    settings: of everything that is right; defaults stand for what is wrong.
    environ:  texts by name, as they came.
    wrong:    names of what was left out, about which nothing else can be said.
    findings: an error for each of these, a note for each name that was probably meant otherwise.
    """

    settings: Settings
    environ: Mapping[str, str]
    wrong: frozenset[str]
    findings: tuple[Finding, ...]

    def is_known(self, *names: str) -> bool:
        """Tell whether none of these settings is wrong."""
        return self.wrong.isdisjoint(names)


def read(environ: Mapping[str, str]) -> Reading:
    """Read the environment; leave out what is wrong, again and again, until the rest can be read.

    Settings that contradict each other are found only once each is right by itself.
    """
    left, errors = dict(environ), dict[str, Finding]()
    while True:
        try:
            settings = Settings.read_environment(left)
        except SettingsError as error:
            named = set[str]()
            for problem in error.problems:
                name, _, reason = problem.partition(": ")
                errors.setdefault(problem, Finding("error", name, reason))
                named |= {name, *_NAMES.findall(problem)}
            # What is named may be missing: then whatever asks for it is left out.
            for one in named & left.keys() or _list_neighbours(named, left) or set(left):
                del left[one]
        else:
            wrong = frozenset(environ) - frozenset(left)
            notes = _list_misnamed(environ, settings)
            return Reading(settings, environ, wrong, (*errors.values(), *notes))


def _list_neighbours(names: Collection[str], environ: Mapping[str, str]) -> set[str]:
    """Name the variables of the same providers."""
    groups = tuple("_".join(name.split("_")[:2]) + "_" for name in names)
    return {name for name in environ if name.startswith(groups)}


def _list_misnamed(environ: Mapping[str, str], settings: Settings) -> list[Finding]:
    used = ""
    if settings.tracker_config is not None and settings.tracker_config.is_file():
        used = settings.tracker_config.read_text(errors="replace")
    return [
        Finding("note", name, f"nothing reads this name; did you mean {meant}?")
        for name, meant in look_alikes(environ, list_setting_names()).items()
        if f"${{{name}}}" not in used
    ]
