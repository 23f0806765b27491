"""Luma behind a gateway: the protocol of its old web page, served under `/luma`.

Sources: https://github.com/LumaAI-API/Luma-API and the client
https://github.com/Dooy/chatgpt-web-midjourney-proxy (src/api/luma.ts), read 2026-11.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import Field

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import PollOutcome, SubmitOutcome
from tracker.domain.task import Artifact, Task, TaskState
from tracker.providers.kit.empty_results import show_as_running
from tracker.providers.kit.gateways import GatewayAdapter
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.reading import read_json
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending

WEB = "generations/web"
EXTEND = "generations/extend"


class _WebVideo(OpenInputs):
    user_prompt: str | None = None
    aspect_ratio: str | None = None
    expand_prompt: bool | None = None
    image_url: str | None = None
    image_end_url: str | None = None
    loop: bool | None = None


class _Extension(OpenInputs):
    """`id` names the task of ours that is continued."""

    id: str = Field(min_length=1)
    user_prompt: str | None = None


_ONE_OF = ("user_prompt", "image_url", "image_end_url")
_LINKS = ("download_url", "url", "video")


class LumaGateway(GatewayAdapter):
    """Creates, extends and polls; no list, no cancel, and no callback that any source sends."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {
            WEB: CreatePath("generations/", _WebVideo),
            EXTEND: CreatePath("generations/{id}/extend", _Extension),
        }
    )
    poll_path = "generations/{id}"
    url_field = "notify_hook"
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "pending": TaskState.SUBMITTED,
            "queued": TaskState.SUBMITTED,
            "processing": TaskState.RUNNING,
            "completed": TaskState.SUCCEEDED,
            "failed": TaskState.FAILED,
        }
    )
    words_in: ClassVar[Sequence[str]] = ("state", "status")
    """In this order: a gateway's own `status` may contradict Luma's word."""
    messages: ClassVar[Sequence[str]] = (
        *("failure_reason", "detail.reason", "detail", *GatewayAdapter.messages),
    )
    times: ClassVar[Sequence[str]] = ()

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, and find the task that the input continues."""
        request = super().check(operation, input_)
        if operation != EXTEND:
            if not any(request.body.get(name) for name in _ONE_OF):
                raise InvalidRequest(FieldError("user_prompt", "is needed, or image_url"))
            return request
        return replace(request, parent=request.body["id"], parent_field="id")

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create; of an extension with the gateway's id of what it continues.

        Raises Misuse where that id is not known.
        """
        if sending.task.operation == EXTEND:
            theirs = sending.get_parent_task_id()
            sending = replace(sending, body={**sending.body, "id": theirs})
        return super().build_submit(sending)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Read the first document of an answer: an error may be followed by a second one."""
        return super().parse_submit(sending, _keep_first_object(answer))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read the first document of an answer."""
        return super().parse_poll(asking, _keep_first_object(answer))

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a generation. One that is completed and has no link yet still runs."""
        return show_as_running(super().observe(account, task, parsed))

    def build_answer_with_link(self, url: str) -> Mapping[str, Any]:
        """Build a generation with its video."""
        return {"state": "completed", "video": {"download_url": url}}

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read the video: the link without a watermark, else the other one.

        Some show the link alone, or where the official API or Luma's web page has it.
        """
        del account, task
        artifact = parsed.get("artifact")
        inner = artifact.get("video") if isinstance(artifact, dict) else None
        told = (parsed.get("video"), parsed.get("assets"), inner, parsed.get("video_raw"))
        videos = [one if isinstance(one, dict) else {"url": one} for one in told]
        links = (read_web_url(one.get(name)) for one in videos for name in _LINKS)
        url = next((link for link in links if link is not None), None)
        if url is None or self.read_state(parsed) is TaskState.FAILED:
            return []
        thumbnail = read_web_url(videos[0].get("thumbnail"))
        extra = {"thumbnail": thumbnail} if thumbnail else {}
        return [Artifact("video", url, key="video", extra=extra)]


def _keep_first_object(answer: Answer) -> Answer:
    """Return an answer with the first document of its body, of a list the first entry."""
    if not isinstance(answer, HttpResult):
        return answer
    try:
        parsed = read_json(answer.body)
    except ValueError:
        text = answer.body.decode("utf-8", "replace").lstrip()
        try:
            parsed, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return answer
        if not isinstance(parsed, dict | list):
            return answer
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    return replace(answer, body=json.dumps(parsed).encode())
