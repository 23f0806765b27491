"""OpenAI's own API: pictures, responses in the background, and the events of a project.

Sources: https://github.com/openai/openai-python (3.57.0, resources/, types/webhooks) and
https://platform.openai.com/docs/guides/webhooks, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from tracker.domain.errors import CallbackRejected
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted, Deferred, Refused, SubmitOutcome
from tracker.domain.task import VERDICTS, Task
from tracker.providers.kit.callbacks import ObjectCallbacks, parse_body
from tracker.providers.kit.calls import build_post
from tracker.providers.kit.cancels import PathCancel
from tracker.providers.kit.proofs import StandardWebhooks
from tracker.providers.kit.reading import find_first_text
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.openai.gateway import NewApi
from tracker.providers.openai.images import IMAGES, ImageReader, count_wanted
from tracker.providers.openai.images import LASTS_S as IMAGES_LAST_S
from tracker.providers.openai.operations import CHANGES, CREATES, REMIX, VIDEOS
from tracker.providers.openai.passing import MODELS
from tracker.providers.openai.responses import (
    BEFORE,
    PREFIX,
    RESPONSE_CREATES,
    RESPONSES,
    ask_in_background,
    is_picture_wanted,
    read_response,
)
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Request, Sending
from tracker.providers.ports.callbacks import Hint, Inbound, Scheme

OFFICIAL = "official"
"""The profile of OpenAI's own API."""
_VIDEOS = (VIDEOS, REMIX, *CHANGES)
_TOLD = ("response.", "video.")
"""Beginnings of the types of events that tell of a task."""


class Official(NewApi, PathCancel):
    """Submits, polls, cancels, probes."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {**{name: CREATES[name] for name in _VIDEOS}, **IMAGES, **RESPONSE_CREATES}
    )
    cancel_path = "responses/{id}/cancel"
    probe_path = MODELS

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table, and find the response that another one continues."""
        request = super().check(operation, input_)
        if operation != RESPONSES or not (name := request.body.get(BEFORE)):
            return request
        return replace(request, parent=name.removeprefix(PREFIX), parent_field=BEFORE)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create; a response is made in the background whatever its caller waits for.

        Raises Misuse where OpenAI's id of the response that it continues is not known.
        """
        if sending.task.operation != RESPONSES:
            return super().build_submit(sending)
        body = ask_in_background(sending.body)
        if body.get(BEFORE):
            theirs = sending.get_parent_task_id()
            body[BEFORE] = theirs
        url = f"{sending.account.base_url}/{RESPONSES}"
        return build_post(url, body, self.build_headers(sending.account))

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take a response for acceptance, also one that has ended already."""
        is_response = sending.task.operation == RESPONSES
        if not is_response or isinstance(answer, HttpFailure) or answer.status >= 300:
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        said = read_response(parsed, None)
        if said is None:
            return self.classify_refusal(sending, answer, parsed)
        # What ended at once is looked at anew: whether a picture is wanted is known only then.
        return Accepted(
            said.provider_task_id,
            said.word,
            request_id=answer.headers.get("x-request-id"),
            context={"picture": is_picture_wanted(sending.body)},
            look_now=said.state in VERDICTS,
        )

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Refuse what names a model that there is not: no channel of a gateway's is awaited."""
        found = super().classify_refusal(sending, answer, parsed)
        if answer.status == 404 and isinstance(found, Deferred):
            return Refused(found.code, found.message)
        return found

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query; responses have a path of their own."""
        name = asking.task.provider_task_id
        if asking.task.operation != RESPONSES or name is None:
            return super().build_poll(asking)
        url = f"{asking.account.base_url}/{RESPONSES}/{quote(name, safe='')}"
        return HttpCall("GET", url, self.build_headers(asking.account))

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """Build the cancel of a response; videos and pictures have none."""
        return super().build_cancel(asking) if asking.task.operation == RESPONSES else None

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a response or a video."""
        if task is not None and task.operation == RESPONSES:
            return read_response(parsed, task)
        return super().observe(account, task, parsed)

    def is_denial(self, answer: HttpResult, parsed: Any) -> bool:
        """Take a 404 with an error for a denial."""
        return answer.status == 404 and isinstance(parsed, dict)

    def read_balance(self, parsed: Any) -> str | None:
        """Read nothing: models tell of no money."""
        del parsed
        return None


class ProjectEvents(ObjectCallbacks):
    """Takes the events of a project for hints: they name a task and hold no result.

    They come to one URL of the account, without a token of ours, and are signed.
    """

    per: ClassVar[Literal["task", "project"]] = "project"

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell whether the account is OpenAI's own and has the secret of an endpoint."""
        is_told = operation in (None, RESPONSES, *_VIDEOS)
        return account.profile == OFFICIAL and bool(account.webhook_secrets) and is_told

    def get_proof_scheme(self, account: Account) -> Scheme | None:
        """Return Standard Webhooks, where the account has a secret."""
        secrets = account.webhook_secrets
        return StandardWebhooks.make_scheme(secrets) if secrets else None

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """Return the task that an event names; nothing for an event of another kind."""
        event = parse_body(inbound)
        kind = find_first_text(event, ("type",), limit=100)
        if kind is None:
            raise CallbackRejected("this is no event")
        name = find_first_text(event, ("data.id",), limit=500)
        if name is None or not kind.startswith(_TOLD):
            return ()
        return (Hint(f"the event {kind}", name),)


class ImageStreams:
    """Reads the answers of creates of pictures, whole ones too, while they come."""

    def get_time_limit_s(self, account: Account, operation: str) -> float | None:
        """Return how long a picture may take."""
        del account
        return IMAGES_LAST_S if operation in IMAGES else None

    def make_reader(self, sending: Sending, headers: Mapping[str, str]) -> ImageReader:
        """Read by the body's beginning."""
        return ImageReader(count_wanted(sending.body), headers)
