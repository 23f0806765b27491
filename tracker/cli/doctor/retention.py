"""Say what is kept for how long, what goes next, and what keeps it back."""

from collections.abc import Iterator
from datetime import timedelta

from tracker.cli.doctor.finding import Finding
from tracker.domain.errors import Unavailable
from tracker.domain.retention import Keep, KeptClass
from tracker.services.upkeep.retention import MOST_COUNTED
from tracker.services.upkeep.retention_lease import LATEST, NAME
from tracker.settings import Settings
from tracker.store.retention_standing import RetentionStanding, stand


def examine_retention(settings: Settings) -> Iterator[Finding]:
    """Yield retention in words. What has failed or waits is said of the conditions that stand."""
    policy = settings.build_retention()
    kept = {one: _format_keep(policy.defaults.get(one)) for one in KeptClass}
    text = (
        f"kept after a task's end: inputs {kept[KeptClass.INPUTS]}, evidence "
        f"{kept[KeptClass.EVIDENCE]}, deliveries {kept[KeptClass.DELIVERIES]}, the whole task "
        f"{kept[KeptClass.TASKS]}; files {kept[KeptClass.ASSETS]}; "
        f"{len(policy.rules)} rules besides"
    )
    yield Finding("ok", "retention", text)
    try:
        found = stand(settings.resolve_database_url(), policy, chore=NAME)
    except Unavailable as error:
        yield Finding("error", "retention", str(error))
        return
    yield from _check_standing(found)
    yield from _archive(settings, found)


def _check_standing(found: RetentionStanding) -> Iterator[Finding]:
    if found.caught_up_at is None:
        yield Finding("ok", "retention", "no worker has looked for what is to be dropped yet")
    else:
        waiting = f"{found.behind}+" if found.behind >= MOST_COUNTED else found.behind
        text = (
            f"all that was due had gone on {found.caught_up_at:%F %R} UTC; {waiting} tasks "
            "wait since"
        )
        yield Finding("ok", "retention", text)
    if found.next is not None:
        walk, ended_at = found.next
        due_at = ended_at + walk.keep + LATEST
        text = (
            f"next: {walk.kept_class.value} of tasks that ended on {ended_at:%F %R} UTC, from "
            f"{due_at:%F %R} on"
        )
        yield Finding("ok", "retention", text)
    if found.holds:
        text = f"{found.holds} holds keep tasks and files back; see `tracker holds list`"
        yield Finding("ok", "retention", text)


def _archive(settings: Settings, found: RetentionStanding) -> Iterator[Finding]:
    if not settings.tracker_archive:
        text = "not set: what is dropped is gone for good"
    elif found.archived_at is None:
        text = f"{settings.tracker_archive} gets what is dropped; nothing was yet"
    else:
        text = (
            f"{settings.tracker_archive} gets what is dropped; last {found.archived_at:%F %R} UTC"
        )
    yield Finding("ok", "TRACKER_ARCHIVE", text)


def _format_keep(keep: Keep) -> str:
    """Spell a time as settings do."""
    if keep is None:
        return "never dropped"
    for unit, seconds in (("d", 86400), ("h", 3600)):
        if keep % timedelta(seconds=seconds) == timedelta(0):
            return f"{keep // timedelta(seconds=seconds)}{unit}"
    return f"{keep // timedelta(minutes=1)}m"
