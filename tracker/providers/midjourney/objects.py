"""Ids in inputs for Midjourney proxies: of Midjourney's own jobs, beside our tasks' names.

Source: https://github.com/trueai-org/midjourney-proxy (11.10.3), read 2026-11.
"""

import re
from collections.abc import Iterable

from tracker.domain.task import Task
from tracker.providers.ports.objects import NamedObject, NamingText, ObjectIds

_JOB = "job"
_BUTTON = re.compile(r"MJ::.*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}).*", re.IGNORECASE)
"""The `customId` of a button, which holds the id of the job that it works on."""


def _iterate_jobs(task: Task) -> Iterable[str | None]:
    """Return the job of a task, and the jobs that its buttons name."""
    detail = task.detail or {}
    buttons = [str(one.get("customId")) for one in detail.get("buttons") or ()]
    named = [found[1] for one in buttons if (found := _BUTTON.fullmatch(one))]
    return [detail.get("jobId"), *named]


OBJECTS = ObjectIds(
    fields={"jobId": NamedObject(_JOB)},
    # A button may be one that our record of its task lacks.
    texts=(
        NamingText(
            _BUTTON,
            NamedObject(_JOB, may_be_public=True),
            "MJ::JOB::upsample::1::0e5c9d1e-1f6e-4b1a-9d59-0f8a5b1c2d3e",
        ),
    ),
    results={_JOB: _iterate_jobs},
    continued=(_JOB,),
    tasks=("taskId",),
    others=("customId",),  # read by its text
)
