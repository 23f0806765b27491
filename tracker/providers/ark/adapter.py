"""Ark: up to 500 tasks in one look, cancels of queued tasks alone, a seed as the mark of a create.

Sources: https://www.volcengine.com/docs/82379/1520757 (create), /1521309 (query), /1521675 (list),
/1521720 (cancel or delete), /1299023 (error codes) and the official SDK
(https://pypi.org/project/volcengine-ark-runtime, 5.0.54), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import urlencode

from tracker.domain.cost import Cost
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    Absence,
    Absent,
    DeferralScope,
    Deferred,
    Observed,
    PollOutcome,
    Refused,
    SubmitOutcome,
    Unanswered,
)
from tracker.domain.task import VERDICTS, Artifact, Task, TaskError, TaskState
from tracker.providers.ark.front import ArkFront
from tracker.providers.ark.inputs import (
    CREATES,
    EXPIRES_AFTER_S,
    OBJECTS,
    TASKS,
    index_draft_fields,
    insert_draft,
    is_seed_open,
    list_flaws,
    read_seconds,
)
from tracker.providers.ark.pictures import (
    LAST_S,
    PICTURES,
    SeedreamInput,
    SeedreamReader,
    read_pictures,
)
from tracker.providers.ark.words import DETAILS, EXPIRED, TOKENS, USAGE
from tracker.providers.kit.callbacks import ObjectCallbacks
from tracker.providers.kit.cancels import QueuedCancel
from tracker.providers.kit.empty_results import await_result, doubt_error
from tracker.providers.kit.pieces import guess_kind, read_web_url
from tracker.providers.kit.reading import (
    find_first_instant,
    find_first_number,
    find_first_text,
    read_amount,
    replace_infinite,
)
from tracker.providers.kit.scan import CLOCK_MARGIN, ListScan
from tracker.providers.kit.status_words import normalise_word
from tracker.providers.kit.table import parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import UNSIGNED, OneKindOptions
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Asking, Finds, Request, Sending
from tracker.providers.ports.listing import ListRequest
from tracker.providers.ports.provider import Provider, ResultHosting

TASKS_LIVE = timedelta(days=7)
"""How far back queries reach."""
RESULTS_LIVE = timedelta(hours=24)
MOST_TOGETHER = 500
PAGE = 100
"""Entries on a page of the list that is searched for a lost create."""
_OF_ACCOUNT = frozenset(
    {"AuthenticationError", "AccessDenied", "AccountOverdueError", "SetLimitExceeded"}
)
"""Codes that speak of the key, the rights, the money, the operator's own limit of it."""
_NO_LISTS = frozenset({400, 404, 405, 413, 414, 422, 431, 501})
"""Answers of an upstream that does not list so many tasks, or none."""
_EMPTY = "succeeded without content"
_FRAME = "last_frame_url"
_FILES: Mapping[str, str] = MappingProxyType(
    {"video_url": "video", _FRAME: "image", "file_url": "model"}
)
"""Kinds of the pieces of a result, by the field of each; another one where its URL tells."""


class ArkOptions(OneKindOptions):
    """A key of the API, not the pair that signs.

    seeds: whether creates that leave the seed to chance are sent one, by which Ark's list shows a
           create whose answer was lost.
    """

    why_no_secrets = UNSIGNED

    seeds: bool = True


class ArkAdapter(ListScan, QueuedCancel, ObjectCallbacks):
    """Submits, polls up to 500 at once, scans for seeds, cancels, reads callbacks, probes.

    Ark refuses to delete what runs, and erases what has ended.
    """

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {**CREATES, PICTURES: CreatePath(PICTURES, SeedreamInput)}
    )
    poll_path = f"{TASKS}/{{id}}"
    cancel_method = "DELETE"
    cancel_path = f"{TASKS}/{{id}}"
    erases_ended = True
    probe_path = f"{TASKS}?page_num=1&page_size=1"
    together = MOST_TOGETHER
    url_field = "callback_url"
    words_in: ClassVar[Sequence[str]] = ("status",)
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "queued": TaskState.SUBMITTED,
            "pending": TaskState.SUBMITTED,  # of gateways, as `processing` is
            "running": TaskState.RUNNING,
            "processing": TaskState.RUNNING,
            "succeeded": TaskState.SUCCEEDED,
            "failed": TaskState.FAILED,
            "cancelled": TaskState.CANCELLED,
            EXPIRED: TaskState.FAILED,
        }
    )
    messages: ClassVar[Sequence[str]] = ("error.message", "error", "message")
    times: ClassVar[Sequence[str]] = ("updated_at",)
    omits_ids = True
    entries_in = "items"
    not_a_task = "no id and status: this is not a task"
    account_codes = _OF_ACCOUNT

    def get_lookup_kind(self, account: Account) -> Finds:
        """Say that the list shows our seed where creates carry one, and proves no absence."""
        return Finds.BY_SCAN if account.get_options(ArkOptions).seeds else Finds.NEVER

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table and by the limits of the model, and find the draft."""
        request = super().check(operation, input_)
        if operation == PICTURES:
            return request
        body = request.body
        if flaws := list_flaws(body):
            raise InvalidRequest(*flaws)
        lasts_s = body.get("execution_expires_after")
        if lasts_s is None and body.get("service_tier") == "flex":
            lasts_s = EXPIRES_AFTER_S
        request = replace(request, patience_s=None if lasts_s is None else float(lasts_s))
        for field, name in index_draft_fields(body).items():
            return replace(request, parent=name, parent_field=field)
        return request

    def build_submit(self, sending: Sending) -> HttpCall:
        """Post the create, with a seed of ours where chance is asked for.

        Raises Misuse where it continues a draft whose id at Ark is not known.
        """
        body = sending.body
        if sending.task.operation == PICTURES:
            call = super().build_submit(replace(sending, callback_url=None))
            return replace(call, lasts_s=LAST_S)
        if index_draft_fields(body):
            theirs = sending.get_parent_task_id()
            body = insert_draft(body, theirs)
        if sending.account.get_options(ArkOptions).seeds and is_seed_open(body):
            body = {**body, "seed": derive_seed(sending.task)}
        return super().build_submit(replace(sending, body=body))

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Read pictures, where they are what was asked for."""
        if sending.task.operation != PICTURES or not isinstance(answer, HttpResult):
            return super().parse_submit(sending, answer)
        parsed = parse_answer(answer)
        found = read_pictures(parsed) if answer.status < 300 else None
        return found or self.classify_refusal(sending, answer, parsed)

    def has_callbacks(self, account: Account, operation: str | None = None) -> bool:
        """Tell that tasks are called back, and pictures are not."""
        del account
        return operation != PICTURES

    def build_lookup(self, asking: Asking) -> HttpCall | None:
        """Look for tasks alone: no list shows pictures."""
        return None if asking.task.operation == PICTURES else super().build_lookup(asking)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Look the code up: a limit that the operator has set comes with 429 as all others."""
        found = super().classify_refusal(sending, answer, parsed)
        code = find_first_text(parsed, ("error.code",), limit=100)
        if code in _OF_ACCOUNT and isinstance(found, Refused | Deferred):
            return Refused(code, found.message, blames_account=True)
        if isinstance(found, Deferred):
            return replace(found, scope=DeferralScope.MODEL)
        return found

    def get_poll_group(self, account: Account, task: Task) -> str | None:
        """Ask in one call for all that have an id."""
        del account
        return "list" if task.provider_task_id else None

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Ask for one task by its path, for several by the list, filtered by their ids."""
        if len(asking.tasks) == 1:
            return super().build_poll(asking)
        query = [("page_num", "1"), ("page_size", str(MOST_TOGETHER))]
        query += [("filter.task_ids", one.provider_task_id or "") for one in asking.tasks]
        url = f"{asking.account.base_url}/{TASKS}?{urlencode(query)}"
        return HttpCall("GET", url, self.build_headers(asking.account))

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read one task, or a list; one that it leaves out is asked for by itself."""
        if len(asking.tasks) == 1:
            return [
                self._read_single(asking, outcome) for outcome in super().parse_poll(asking, answer)
            ]
        if isinstance(answer, HttpFailure):
            return [Unanswered(answer.reason)] * len(asking.tasks)
        parsed = parse_answer(answer)
        items = parsed.get("items") if isinstance(parsed, dict) and answer.status < 300 else None
        if not isinstance(items, list):
            silent = Unanswered(
                self.describe_answer(answer, parsed),
                self.pause_s(answer, parsed),
                slow_down=answer.status == 429,
                alone=answer.status in _NO_LISTS,
            )
            return [silent] * len(asking.tasks)
        found: dict[str | None, Any] = {}
        for one in items:
            name = find_first_text(one, ("id",))
            # Two rows of one task that differ tell nothing of it.
            found[name] = one if found.get(name, one) == one else None
        return [
            self._read_listed(asking.account, task, found.get(task.provider_task_id))
            for task in asking.tasks
        ]

    def _read_listed(self, account: Account, task: Task, entry: Any) -> PollOutcome:
        said = None if entry is None else self.observe(account, task, entry)
        if said is None:
            return Unanswered("the list leaves it out", alone=True)
        return Observed(said)

    def _read_single(self, asking: Asking, outcome: PollOutcome) -> PollOutcome:
        if not isinstance(outcome, Absent):
            return outcome
        age = asking.now - (asking.task.submitted_at or asking.task.created_at)
        # Whoever has the key may delete a task, and after a week nobody can query it.
        if age >= TASKS_LIVE:
            return replace(outcome, kind=Absence.PURGED)
        return replace(outcome, weak=True)

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task, and of its end the fields that the front shows."""
        said = super().observe(account, task, parsed)
        if said is None:
            return None
        if said.state in VERDICTS:
            kept = {name: replace_infinite(parsed[name]) for name in DETAILS if name in parsed}
            said = replace(said, detail=kept)
        code = find_first_text(parsed, ("error.code",), limit=100)
        return await_result(doubt_error(said, code, said.message), task, _EMPTY)

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Describe a failure by its code; a task that has expired has no error."""
        code = find_first_text(parsed, ("error.code",), limit=100)
        if (
            code is None
            and normalise_word(find_first_text(parsed, self.words_in, limit=20) or "") == EXPIRED
        ):
            words = "it was not made before execution_expires_after had passed"
            return TaskError("provider", EXPIRED, message or words)
        return TaskError("provider", code, message or "the provider gave no reason")

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read `content`: the video, its last frame, a file of another kind."""
        del account, task
        content = parsed.get("content")
        found = content if isinstance(content, dict) else {}
        links = {field: url for field in _FILES if (url := read_web_url(found.get(field)))}
        if links.keys() == {_FRAME}:  # without the video whose frame it is
            return []
        return [
            Artifact(
                guess_kind(url) or _FILES[field],
                url,
                key=field.removesuffix("_url"),
                duration_s=find_first_number(parsed, ("duration",))
                if field == "video_url"
                else None,
            )
            for field, url in links.items()
        ]

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Read the tokens of a success: failures have none."""
        del account, task
        amount = read_amount(find_first_number(parsed, (f"usage.{USAGE}",)))
        return [] if amount is None else [Cost("unit", amount, unit=TOKENS)]

    def read_object(self, parsed: Any) -> Observation | None:
        """Read the task that a callback is."""
        return self.observe(_NO_ACCOUNT, None, parsed)

    def is_url_needed(self, account: Account) -> bool:
        """Tell that a scan can do without our URL: the mark is the seed."""
        del account
        return False

    def is_marked(self, asking: Asking, entry: Any) -> bool:
        """Tell whether an entry has our seed and is not older than the submit."""
        if find_first_number(entry, ("seed",)) != str(derive_seed(asking.task)):
            return False
        made = find_first_instant(entry, (self.made_in,))
        return made is None or asking.since is None or made >= asking.since - CLOCK_MARGIN

    def list_url(self, account: Account, page: Mapping[str, Any] | None) -> str:
        """Build the URL of a page by its number."""
        number = 1 if page is None else int(page["number"])
        return f"{account.base_url}/{TASKS}?page_num={number}&page_size={PAGE}"

    def read_next_page(
        self, asking: Asking | ListRequest, parsed: Mapping[str, Any], entries: Sequence[Any]
    ) -> Mapping[str, Any] | None:
        """Go on until a page is empty: `total` may change meanwhile."""
        del parsed
        number = 1 if asking.page is None else int(asking.page["number"])
        return {"number": number + 1} if entries else None


def derive_seed(task: Task) -> int:
    """Return the seed of a task's create: 32 bits of its id, the same at every try."""
    return int.from_bytes(sha256(task.id.bytes).digest()[:4])


class SeedreamStreams:
    """Reads the answers of creates of pictures, whole ones too, while they come."""

    def get_time_limit_s(self, account: Account, operation: str) -> float | None:
        """Return how long pictures may take."""
        del account
        return LAST_S if operation == PICTURES else None

    def make_reader(self, sending: Sending, headers: Mapping[str, str]) -> SeedreamReader:
        """Read by the body's beginning."""

        def judge(parsed: Any) -> SubmitOutcome:
            answer = HttpResult(200, headers, b"")
            return read_pictures(parsed) or _ADAPTER.classify_refusal(sending, answer, parsed)

        return SeedreamReader(judge)


_NO_ACCOUNT = Account("", "", ArkOptions())
_ADAPTER = ArkAdapter()
REVISION = 8
PROVIDER = Provider(
    name="ark",
    revision=REVISION,
    regions={
        "china": "https://ark.cn-beijing.volces.com/api/v3",
        "byteplus": "https://ark.ap-southeast.bytepluses.com/api/v3",
    },
    options=ArkOptions,
    objects=OBJECTS,
    submits=_ADAPTER,
    streams=SeedreamStreams(),
    looks=_ADAPTER,
    lists=_ADAPTER,
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    cancels=_ADAPTER,
    probes=_ADAPTER,
    front=ArkFront(),
    results=ResultHosting(
        answers_with_files=lambda operation: operation == PICTURES, lifetime=RESULTS_LIVE
    ),
    tells_costs=True,
    default_seconds=read_seconds,
    examples={
        "a video from text": {
            "operation": "contents/generations/tasks",
            "input": {
                "model": "doubao-seedance-1-5-pro-251215",
                "content": [{"type": "text", "text": "a cat in the rain"}],
                "resolution": "720p",
                "duration": 5,
            },
        }
    },
)
