"""Domo: callbacks to a URL of each task, unsigned; a code beside the HTTP status.

Source: https://docs.domoai.app (enterprise API), read 2026-11.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from tracker.domain.cost import Cost
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Refused, SubmitOutcome, Unknown
from tracker.domain.task import Artifact, Task, TaskError, TaskState
from tracker.providers.domo.discord import DomoDiscord
from tracker.providers.domo.front import CREDITS, DomoFront
from tracker.providers.domo.inputs import AVATAR, INPUTS
from tracker.providers.domo.passing import OBJECTS, DomoCalls
from tracker.providers.kit.callbacks import ObjectCallbacks, parse_body
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.ledger import settle_costs
from tracker.providers.kit.pieces import read_web_url
from tracker.providers.kit.profiles import AdapterByProfile, UpstreamKind
from tracker.providers.kit.reading import find_first_number, find_first_text, read_amount
from tracker.providers.kit.table import TableAdapter, parse_answer
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import UNSIGNED, SecretlessOptions
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import Answer, Request, Sending
from tracker.providers.ports.callbacks import Hint, Inbound
from tracker.providers.ports.provider import Provider

_OF_ACCOUNT = frozenset({"2001", "4002"})
"""Out of credits; the organization is banned."""
_EMPTY = "SUCCESS without a video"
DISCORD = "discord"


class DomoOptions(SecretlessOptions):
    """A key, and the profile of the upstream; the wrapper of the bot may want no key."""

    why_no_secrets = UNSIGNED

    def has_credentials(self) -> bool:
        """Tell whether anything could be submitted: the wrapper may do without a key."""
        return super().has_credentials() or self.profile == DISCORD


class DomoApi(TableAdapter):
    """The enterprise API."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {name: CreatePath(name, inputs) for name, (_, inputs) in INPUTS.items()}
    )
    poll_path = "tasks/{id}"
    url_field = "callback_url"
    most_url_chars = 2083
    ids: ClassVar[Sequence[str]] = ("data.task_id", "data.id", "task_id", "id")
    words_in: ClassVar[Sequence[str]] = ("data.status", "status")
    words: ClassVar[Mapping[str, TaskState]] = MappingProxyType(
        {
            "PENDING": TaskState.SUBMITTED,
            "QUEUING": TaskState.SUBMITTED,
            "PROCESSING": TaskState.RUNNING,
            "SUCCESS": TaskState.SUCCEEDED,
            "SUCCEEDED": TaskState.SUCCEEDED,
            "COMPLETED": TaskState.SUCCEEDED,
            "FAILED": TaskState.FAILED,
            "CANCELED": TaskState.CANCELLED,
            "CANCELLED": TaskState.CANCELLED,
        }
    )
    messages: ClassVar[Sequence[str]] = ("message", "msg", "error", "detail", "data.message")
    names_task = True
    times: ClassVar[Sequence[str]] = ()  # a task shows when it was made, not its last change
    account_codes = _OF_ACCOUNT

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the table; an avatar is made of a picture or of a video."""
        request = super().check(operation, input_)
        if operation == AVATAR and not {"image", "video"} & request.body.keys():
            raise InvalidRequest(FieldError("image", "is needed, or video"))
        return request

    def parse_submit(self, sending: Sending, answer: Answer) -> SubmitOutcome:
        """Take no answer for acceptance whose code says something else."""
        if isinstance(answer, HttpResult) and answer.status < 300:
            parsed = parse_answer(answer)
            code = find_first_text(parsed, ("code",), limit=100)
            if code not in (None, "0"):
                return self.classify_refusal(sending, answer, parsed)
        return super().parse_submit(sending, answer)

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Look the code up: it counts also where the status says that all is well."""
        code, words = (
            find_first_text(parsed, ("code",), limit=100),
            self.describe_answer(answer, parsed),
        )
        if code in _OF_ACCOUNT:
            return Refused(code, words, blames_account=True)
        if answer.status < 300:
            return Unknown(words, code)
        return super().classify_refusal(sending, answer, parsed)

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task. A success without a video is asked about a few times more."""
        said = super().observe(account, task, parsed)
        return None if said is None else await_result(said, task, _EMPTY)

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Describe a failure; Domo gives neither reason nor code, and `code` is the answer's."""
        del parsed
        return TaskError("provider", None, message or "the provider gave no reason")

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read `output_videos`."""
        del account, task
        inner = parsed.get("data")
        videos = (inner if isinstance(inner, dict) else parsed).get("output_videos")
        return [
            Artifact("video", url, key=str(place))
            for place, one in enumerate(videos if isinstance(videos, list) else [videos])
            if (url := read_web_url(find_first_text(one, ("url",)) or one))
        ]

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Read the credits."""
        del account
        amount = read_amount(find_first_number(parsed, ("data.credits", "credits")))
        return settle_costs(task, amount, unit=CREDITS)


_NO_ACCOUNT = Account("", "", DomoOptions())
_API = DomoApi()


class DomoByProfile(AdapterByProfile, ObjectCallbacks):
    """The enterprise API, and the wrapper of the bot; the API alone calls back."""

    not_a_task = "no task_id and status: this is not a task"

    def parse_callback(self, inbound: Inbound) -> Sequence[Observation | Hint]:
        """Read a task, or an event of the wrapper, which anybody could send: only a hint.

        Raises CallbackRejected for what is neither.
        """
        parsed = parse_body(inbound)
        if isinstance(parsed, dict) and "event" in parsed:
            task_id = find_first_text(parsed, ("task_id",), limit=200)
            if task_id is not None:
                return (Hint("the wrapper of the bot says that a task is done", task_id),)
        return super().parse_callback(inbound)

    def read_object(self, parsed: Any) -> Observation | None:
        """Read the task that a callback is."""
        return _API.observe(_NO_ACCOUNT, None, parsed)


_ADAPTER = DomoByProfile(
    {
        "official": UpstreamKind(
            adapter=_API, is_calling=True, needs_address=False, hosts=("domoai.com",)
        ),
        DISCORD: UpstreamKind(adapter=DomoDiscord()),
    }
)
REVISION = 6
PROVIDER = Provider(
    name="domo",
    revision=REVISION,
    regions={"global": "https://api.domoai.com/v1"},
    options=DomoOptions,
    check_account=_ADAPTER.find_flaws,
    objects=OBJECTS,
    submits=_ADAPTER,
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    probes=_ADAPTER,
    front=DomoFront(),
    passes_on=DomoCalls(),
    tells_costs=True,
    examples={
        "a video from text": {
            "operation": "video/text2video",
            "input": {"prompt": "a cat in the rain", "seconds": 5},
        }
    },
)
