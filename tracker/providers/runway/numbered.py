"""Runway behind a gateway that tells the status as a number.

Sources: https://qimuinfo.top/apidocs/operations/addusingpost_4 and
https://apifox.com/apidoc/shared/c060f0ae-ed4a-41e6-94e9-e00418dda36b/242010875e0, read 2026-11-29.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.observation import Observation
from tracker.domain.task import Artifact, Task, TaskState
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.table import TableAdapter
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Request

ADD = "add"
CALLBACK_URL = "callbackUrl"
_UNTOLD = "is not sent on: what this gateway calls back with is unknown; give webhook_url instead"
_EMPTY = "SUCCESS without a video"


def _check_pictures(value: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for one in value:
        if not isinstance(one.get("image"), str) or not one["image"]:
            raise ValueError("must have an image in each object")
    return value


class _Task(OpenInputs):
    taskType: Literal["gen3a_turbo", "gen3a", "gen2"]  # noqa: N815 - their name
    images: Annotated[list[dict[str, Any]], Field(max_length=2), AfterValidator(_check_pictures)]
    ratio: Literal["16:9", "9:16"]
    seconds: Literal[5, 10]
    textPrompt: str | None = None  # noqa: N815 - their name


class RunwayNumbered(TableAdapter):
    """Creates and polls. What its callback tells is documented nowhere: none is asked for."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType({ADD: CreatePath(ADD, _Task)})
    poll_path = "getTask?taskId={id}"
    url_field = CALLBACK_URL
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "0": TaskState.SUBMITTED,
            "1": TaskState.SUBMITTED,
            "2": TaskState.RUNNING,
            "3": TaskState.SUCCEEDED,
            "4": TaskState.FAILED,
        }
    )
    words_in: ClassVar[Sequence[str]] = ("taskStatusCode",)
    messages: ClassVar[Sequence[str]] = ("error", "message")
    times: ClassVar[Sequence[str]] = ()  # they have no zone
    forgets = True
    least_spacing_s = 5.0

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table. Its callback would bypass the service, and name its own ids."""
        request = super().check(operation, input_)
        if request.callback_url is not None:
            raise InvalidRequest(FieldError(CALLBACK_URL, _UNTOLD))
        return request

    def build_headers(self, account: Account) -> dict[str, str]:
        """Send the key as it is: the page shows no word before it."""
        return {} if account.api_key is None else {"authorization": account.api_key}

    def open_envelope(self, parsed: Any) -> Any:
        """Return the task out of its envelope, where that says that all is well."""
        if not isinstance(parsed, dict) or parsed.get("success") is False:
            return parsed
        held = parsed.get("result")
        is_good = find_first_text(parsed, ("code",), limit=40) in (None, "0")
        return held if is_good and isinstance(held, dict) else parsed

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task. A success without a video is asked about a few times more."""
        said = super().observe(account, task, parsed)
        return None if said is None else await_result(said, task, _EMPTY)

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read `videoUrl`."""
        del account, task
        is_done = self.read_state(parsed) is TaskState.SUCCEEDED
        url = read_web_url(parsed.get("videoUrl"))
        return [Artifact("video", url, key="0")] if url is not None and is_done else []
