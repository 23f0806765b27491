"""Runway's calls that make no task: the credits, the limits of the models, and uploads."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar

from tracker.domain.task import Task
from tracker.providers.kit.calls import build_bearer_header
from tracker.providers.kit.passed_calls import PlainCalls
from tracker.providers.ports.account import Account
from tracker.providers.ports.objects import NamedObject, NamingText, ObjectIds
from tracker.providers.ports.passing import PassedCall
from tracker.providers.runway.front import ORGANIZATION, UPLOADS
from tracker.providers.runway.operations import VERSION, WEB

_UPLOAD, _TASK = "upload", "task"


class RunwayCalls(PlainCalls):
    """See providers/ports/passing.py."""

    calls: ClassVar[Mapping[str, PassedCall]] = MappingProxyType(
        {
            ORGANIZATION: PassedCall("GET", is_account=True),
            UPLOADS: PassedCall("POST", makes=_UPLOAD, field="runwayUri"),
        }
    )

    def build_headers(self, account: Account) -> dict[str, str]:
        """Add the version of the API to the key."""
        return build_bearer_header(account.api_key) | {"x-runway-version": VERSION}

    def explain_refusal(self, account: Account, path: str) -> str | None:
        """Say that gateways know no organization."""
        del path
        ends = (*("/runway", "/runwayml"), "kie.ai/api/v1")
        if account.profile in (None, "official") and not account.base_url.endswith(ends):
            return None
        return f"the upstream of account {account.name!r} serves tasks only"


def _iterate_web_tasks(task: Task) -> Iterable[str | None]:
    return [task.provider_task_id] if task.operation == WEB else []


OBJECTS = ObjectIds(
    # Of the older web dialect, in `options`; kie.ai's `taskId` is the name of a task of ours.
    fields={"extended_from_task_id": NamedObject(_TASK)},
    # One may have been uploaded to the account past this service.
    texts=(
        NamingText(
            re.compile("(runway://.+)"), NamedObject(_UPLOAD, may_be_public=True), "runway://a"
        ),
    ),
    results={_TASK: _iterate_web_tasks},
    continued=(_TASK,),
    tasks=("taskId",),
    # Configurations of the router and workflows, which the account's owner publishes.
    others=("configId", "id"),
)
