"""MiniMax Hailuo: the callback URL is tested during the create, errors come with HTTP 200.

Source: https://platform.minimax.io/docs (video generation, v1 and v2, error codes), read 2026-11.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from tracker.domain.cost import Cost
from tracker.domain.errors import CallbackRejected, InvalidRequest
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    DeferralScope,
    Deferred,
    Follow,
    Observed,
    PollOutcome,
    Refused,
    SubmitOutcome,
    Unanswered,
    Unknown,
)
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.hailuo.front import HailuoFront
from tracker.providers.hailuo.inputs import AGAIN_2, CREATES, OBJECTS, VIDEO, list_flaws
from tracker.providers.kit.callbacks import ObjectCallbacks
from tracker.providers.kit.default_seconds import build_default_seconds
from tracker.providers.kit.empty_results import await_result, doubt_error
from tracker.providers.kit.pieces import build_text_url, read_web_url
from tracker.providers.kit.reading import find_first_number, find_first_text, read_amount, read_json
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import UNSIGNED, OneKindOptions
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Probed, Request, Sending
from tracker.providers.ports.callbacks import Hint, Inbound
from tracker.providers.ports.provider import Provider, ResultHosting

RESULTS_LIVE = timedelta(hours=9)
_CODE = "base_resp.status_code"
_CODE_IN_WORDS = re.compile(r"\((\d{4})\)\s*$", re.ASCII)
_OF_ACCOUNT = frozenset({"1004", "1008", "1028", "1030", "2049"})
"""The key, the balance, the quota twice, the key again."""
_OF_REQUEST = frozenset({"1026", "1027", "1042", "2013", "2061"})
"""The prompt, the result, invisible characters, the parameters, a model outside of the plan.

All but the last stand in the page of codes (https://platform.minimax.io/docs, errorcode, read whole
2026-11-30, as a copy has it); 2061 is what public code saw, with HTTP 200 and 500.
"""
_OF_CONTENT = frozenset({"1026", "1027"})
_NOT_NOW = frozenset({"1002", "1039", "1041", "2045", "2056"})
"""The rate, the limit of tokens, of connections, of growth, and of a plan for some hours."""
_PARAMETERS = "2013"
_UNREACHABLE = (
    "the provider tests the callback URL while the task is created, and did not reach it: check "
    "TRACKER_PUBLIC_URL, or do without callbacks (option `callbacks` of the account) ({})"
)
_NO_FILE = "Success, and its file is not there yet"
_STATES: Mapping[str, TaskState] = {
    "preparing": TaskState.SUBMITTED,
    "queueing": TaskState.SUBMITTED,
    "queued": TaskState.SUBMITTED,
    "processing": TaskState.RUNNING,
    "running": TaskState.RUNNING,
    "success": TaskState.SUCCEEDED,
    "succeeded": TaskState.SUCCEEDED,
    "fail": TaskState.FAILED,
    "failed": TaskState.FAILED,
    "cancelled": TaskState.CANCELLED,
    "expired": TaskState.FAILED,
}


class HailuoOptions(OneKindOptions):
    """A key, and what some accounts need.

    callbacks: whether creates carry a callback URL; without it tasks are asked about.
    group_id:  that the files of old accounts are asked for with.
    """

    why_no_secrets = UNSIGNED

    callbacks: bool = True
    group_id: str | None = None


class HailuoAdapter(TableAdapter, ObjectCallbacks):
    """Submits, polls in two steps, answers challenges, takes callbacks for hints, probes."""

    creates: ClassVar[Mapping[str, CreatePath]] = CREATES
    url_field = "callback_url"
    ids: ClassVar[Sequence[str]] = ("task_id", "task.id", "task.task_id", "id")
    words_in: ClassVar[Sequence[str]] = ("status", "task.status")
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(_STATES)
    messages: ClassVar[Sequence[str]] = (
        *("task.error.message", "error.message", "base_resp.status_msg", "message"),
    )
    times: ClassVar[Sequence[str]] = ()
    probe_path = "v1/query/video_generation?task_id=0"
    omits_ids = True
    forgets = True
    has_handshake = True
    not_a_task = "no task_id and status: this is not a task"
    account_codes = _OF_ACCOUNT

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table and the model's limits, and find the task that is made again."""
        request = super().check(operation, input_)
        flaws = list_flaws(operation, request.body)
        if flaws:
            raise InvalidRequest(*flaws)
        if operation != AGAIN_2:
            return request
        field = "source_task_id"
        return replace(request, parent=request.body[field], parent_field=field)

    def build_submit(self, sending: Sending) -> HttpCall:
        """Build the create, with MiniMax's id of the task that is made again.

        Raises Misuse where that is not known.
        """
        if not sending.account.get_options(HailuoOptions).callbacks:
            sending = replace(sending, callback_url=None)
        if sending.task.operation == AGAIN_2:
            theirs = sending.get_parent_task_id()
            sending = replace(sending, body={**sending.body, "source_task_id": theirs})
        return super().build_submit(sending)

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take no answer for acceptance whose code says something else."""
        if isinstance(answer, HttpResult):
            parsed = parse_answer(answer)
            if _read_code(parsed) is not None:
                return self.classify_refusal(sending, answer, parsed)
        return super().parse_submit(sending, answer)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Look the code up: it comes with HTTP 200. A code that nobody knows proves nothing."""
        code, words = _read_code(parsed), self.describe_answer(answer, parsed)
        if code is None:
            return super().classify_refusal(sending, answer, parsed)
        if code == _PARAMETERS and "callback" in words.lower():
            return Deferred(code, _UNREACHABLE.format(words), spends_attempt=True)
        if code in _OF_ACCOUNT:
            return Refused(code, words, blames_account=True)
        if code in _OF_REQUEST:
            return Refused(code, words)
        if code in _NOT_NOW:
            # Tasks at once and calls a minute have the same code, so that it may last long.
            pause_s, scope = self.pause_s(answer, parsed), DeferralScope.ACCOUNT
            return Deferred(code, words, pause_s, scope=scope)
        if answer.status == 429:
            return super().classify_refusal(
                sending, answer, parsed
            )  # of a rate limiter in front of it
        return Unknown(words, code)

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Ask the generation of the API that made the task; None while its id is not known."""
        task_id = asking.task.provider_task_id
        if task_id is None:
            return None
        name, is_second = quote(task_id, safe=""), asking.task.operation.startswith("v2/")
        path = f"v2/query/video_generation/{name}" if is_second else f"{_QUERY}{name}"
        return HttpCall(
            "GET", f"{asking.account.base_url}/{path}", self.build_headers(asking.account)
        )

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read how the task stands; of a success of v1, ask for its file as well."""
        parsed = parse_answer(answer) if isinstance(answer, HttpResult) else None
        if isinstance(answer, HttpResult) and _read_code(parsed) in _NOT_NOW:
            pause_s = self.pause_s(answer, parsed)
            return [Unanswered(self.describe_answer(answer, parsed), pause_s, slow_down=True)]
        if asking.page is not None:
            return [self._read_file(asking, answer, asking.page)]
        (outcome,) = super().parse_poll(asking, answer)
        if isinstance(answer, HttpResult) and isinstance(outcome, Unanswered):
            return [self._read_refused_content(asking, answer, parsed) or outcome]
        said = outcome.observation if isinstance(outcome, Observed) else None
        if said is None or said.state is not TaskState.SUCCEEDED:
            return [outcome]
        if asking.task.operation.startswith("v2/"):
            return [Observed(await_result(said, asking.task, "succeeded without content"))]
        return [self._ask_for_file(asking, said, parsed)]

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Describe a failure; the text of a code that says success is no reason."""
        code = find_first_text(parsed, ("task.error.code", "error.code"), limit=100) or _read_code(
            parsed
        )
        if code is None and find_first_text(parsed, self.words_in, limit=20) in (
            "expired",
            "EXPIRED",
        ):
            return TaskError("provider", "expired", "the provider let the task expire")
        is_said = code is not None or message not in (None, "success")
        return TaskError("provider", code, message if is_said and message else _NO_REASON)

    def read_reason(self, parsed: Any) -> str | None:
        """Return the provider's words about the task or the call; not those of a good answer."""
        words = super().read_reason(parsed)
        return None if words == "success" else words

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read the content of a task of v2: a video, or the text of a prompt."""
        del account, task
        inner = parsed.get("task")
        content = inner.get("content") if isinstance(inner, dict) else None
        first = content[0] if isinstance(content, list) and content else content
        if not isinstance(first, dict):
            return []
        if url := read_web_url(first.get("url") or first.get("video_url")):
            return [Artifact("video", url, key="video", refreshable=True)]
        text = find_first_text(first, ("text", "prompt"), limit=100_000)
        return [Artifact("text", build_text_url(text), key="text")] if text else []

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Read the usage of a task of v2; v1 tells none."""
        del account, task
        told = (
            (unit, read_amount(find_first_number(parsed, (f"task.usage.{name}",))))
            for name, unit in _USAGE.items()
        )
        return [Cost("unit", amount, unit=unit) for unit, amount in told if amount is not None]

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell whether the account's creates carry a callback URL."""
        del operation
        return account.get_options(HailuoOptions).callbacks

    def answer_challenge(self, inbound: Inbound) -> bytes | None:
        """Repeat the challenge of a test of our URL, which comes while the create is open."""
        word, has_news = _read_challenge(inbound.body)
        return None if word is None or has_news else _build_echo(word)

    def acknowledge(self, inbound: Inbound) -> tuple[int, bytes] | None:
        """Repeat a challenge that comes with news, which are kept all the same."""
        word, _ = _read_challenge(inbound.body)
        return None if word is None else (200, _build_echo(word))

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """Take a callback for a hint: nothing proves it, and an end names no address.

        Raises CallbackRejected when it is no task object.
        """
        (said,) = super().parse_callback(inbound)
        if isinstance(said, Hint):
            raise CallbackRejected(self.not_a_task)
        return [Hint(f"the provider says {said.word}", said.provider_task_id)]

    def read_object(self, parsed: Any) -> Observation | None:
        """Read the object that a callback is: of v1 flat, of v2 below `task`."""
        return self.observe(_NO_ACCOUNT, None, parsed)

    def parse_probe(self, account: Account, answer: Answer) -> Probed:
        """Look the code up, which comes with HTTP 200."""
        if isinstance(answer, HttpResult):
            parsed = parse_answer(answer)
            code, words = _read_code(parsed), self.describe_answer(answer, parsed)
            if code in _OF_ACCOUNT:
                return Probed("error", f"refuses this account: {words}")
            if code in _NOT_NOW:
                return Probed("note", f"answers, but cannot tell now: {words}")
        return super().parse_probe(account, answer)

    def _read_refused_content(
        self, asking: Asking, answer: HttpResult, parsed: Any
    ) -> PollOutcome | None:
        """Read a failure that is told by its code alone; doubtful, as no word of the task is."""
        code = _read_code(parsed)
        if code not in _OF_CONTENT or answer.status >= 300:
            return None
        error = replace(self.describe_failure(parsed, self.read_reason(parsed)), doubtful=True)
        theirs = asking.task.provider_task_id
        return Observed(Observation(TaskState.FAILED, code, theirs, error=error))

    def _ask_for_file(self, asking: Asking, said: Observation, parsed: Any) -> PollOutcome:
        file_id = find_first_text(parsed, ("file_id",), limit=200)
        if file_id is None:
            if plain := read_web_url(
                find_first_text(parsed, ("video_url", "download_url"))
            ):  # of gateways
                return Observed(replace(said, artifacts=(Artifact("video", plain, key="video"),)))
            code = _read_code(parsed)
            if code in _OF_CONTENT:
                return Observed(doubt_error(said, code, self.read_reason(parsed)))
            return Observed(replace(said, state=TaskState.RUNNING, stage=_NO_FILE))
        group = asking.account.get_options(HailuoOptions).group_id
        query = {"file_id": file_id} | ({"GroupId": group} if group else {})
        url = f"{asking.account.base_url}/v1/files/retrieve?{urlencode(query)}"
        sizes = {name: find_first_text(parsed, (name,)) for name in ("video_width", "video_height")}
        page = {"file_id": file_id, "word": said.word, "sizes": sizes}
        return Follow(HttpCall("GET", url, self.build_headers(asking.account)), page)

    def _read_file(self, asking: Asking, answer: Answer, page: Mapping[str, Any]) -> PollOutcome:
        """Read the file's address; without one the task counts as running."""
        if isinstance(answer, HttpFailure):
            return Unanswered(answer.reason)
        parsed = parse_answer(answer)
        url = read_web_url(find_first_text(parsed, ("file.download_url",)))
        theirs, word = asking.task.provider_task_id, str(page["word"])
        if url is None or answer.status >= 300:
            message = self.describe_answer(answer, parsed)
            said = Observation(TaskState.RUNNING, word, theirs, message=message, stage=_NO_FILE)
            return Observed(said)
        sizes = {name: size for name, size in dict(page["sizes"]).items() if size}
        piece = Artifact(
            "video", url, id=str(page["file_id"]), extra=sizes, key="video", refreshable=True
        )
        return Observed(Observation(TaskState.SUCCEEDED, word, theirs, artifacts=(piece,)))


def _read_challenge(body: bytes) -> tuple[str | None, bool]:
    """Return the challenge of a test of our URL, and whether the body tells of a task as well."""
    if b'"challenge"' not in body:  # most callbacks are none
        return None, False
    try:
        parsed = read_json(body)
    except ValueError:
        return None, False
    word = parsed.get("challenge") if isinstance(parsed, dict) else None
    if not isinstance(word, str):
        return None, False
    return word, bool({"task_id", "task"} & parsed.keys())


def _build_echo(word: str) -> bytes:
    return json.dumps({"challenge": word}).encode()


def _read_code(parsed: Any) -> str | None:
    """Return the code of an answer; None for none, and for 0, which says that all is well.

    Refusals of v2 have it at the end of their words: "insufficient balance (1008)"
    (https://platform.minimaxi.com/docs/api-reference/video-generation-v2-regeneration, read
    2026-11-30).
    """
    code = find_first_text(parsed, (_CODE,), limit=100)
    if code is None and find_first_text(parsed, ("type",)) == "error":
        found = _CODE_IN_WORDS.search(find_first_text(parsed, ("error.message",)) or "")
        return found and found[1]
    return None if code == "0" else code


_QUERY = "v1/query/video_generation?task_id="
_NO_REASON = "the provider gave no reason"
_USAGE = {
    "total_tokens": "tokens",
    "input_seconds": "input_seconds",
    "output_seconds": "output_seconds",
}
_NO_ACCOUNT = Account("", "", HailuoOptions())
_ADAPTER = HailuoAdapter()
REVISION = 7
PROVIDER = Provider(
    name="hailuo",
    revision=REVISION,
    regions={"global": "https://api.minimax.io", "china": "https://api.minimaxi.com"},
    options=HailuoOptions,
    objects=OBJECTS,
    submits=_ADAPTER,
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    probes=_ADAPTER,
    front=HailuoFront(),
    results=ResultHosting(lifetime=RESULTS_LIVE),
    tells_costs=True,
    default_seconds=build_default_seconds({VIDEO: 6}),
    examples={
        "a video from text": {
            "operation": "v1/video_generation",
            "input": {"model": "MiniMax-Hailuo-2.3", "prompt": "a cat in the rain", "duration": 6},
        }
    },
)
