"""Runway: no ids of ours, no list; a lost create is for a person to settle. Resellers call back.

Sources: https://docs.dev.runwayml.com/api, https://docs.dev.runwayml.com/errors/task-failures/ and
the official SDK (https://github.com/runwayml/sdk-python, 5.24.0); for the dialects of gateways the
client https://github.com/Dooy/chatgpt-web-midjourney-proxy (src/api); read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from math import isfinite
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

from tracker.domain.cost import Cost, Phase
from tracker.domain.errors import FieldError
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import (
    DeferralScope,
    Deferred,
    PollOutcome,
    Refused,
    SubmitOutcome,
)
from tracker.domain.task import Artifact, ArtifactState, Task, TaskError, TaskState
from tracker.providers.kit.callbacks import ObjectCallbacks
from tracker.providers.kit.cancels import PathCancel
from tracker.providers.kit.empty_results import await_result
from tracker.providers.kit.gateways import GatewayAdapter
from tracker.providers.kit.ledger import settle_costs
from tracker.providers.kit.pieces import read_web_url, set_expiry
from tracker.providers.kit.profiles import AdapterByProfile, UpstreamKind
from tracker.providers.kit.proofs import SignedFields
from tracker.providers.kit.reading import find_first_number, find_first_text, read_amount
from tracker.providers.kit.table import TableAdapter
from tracker.providers.kit.table_inputs import CreatePath
from tracker.providers.kit.useless_options import NO_CALLBACKS, UNSIGNED
from tracker.providers.ports.account import Account, AccountOptions
from tracker.providers.ports.adapter import Answer, Asking, Sending
from tracker.providers.ports.callbacks import Scheme
from tracker.providers.ports.provider import Provider
from tracker.providers.runway.feed import RunwayFeed, read_feed
from tracker.providers.runway.front import CREDITS, RunwayFront
from tracker.providers.runway.kie import IDS, RunwayKie, read_callback
from tracker.providers.runway.numbered import RunwayNumbered
from tracker.providers.runway.operations import (
    CREATES,
    IMAGE_TO_VIDEO,
    KINDS,
    VERSION,
    WEB,
    WORKFLOWS,
    WebTask,
    list_model_flaws,
)
from tracker.providers.runway.passing import OBJECTS, RunwayCalls

LINKS_LIVE = timedelta(hours=24)
"""How long a link to a result works at least; a later query brings a fresh one."""
_EMPTY = "SUCCEEDED without a file"
_OF_RUNWAY = ("ratio", "model")
"""Fields that gateways of image_to_video take otherwise."""
_DAILY_PAUSE_S = 3600.0
_NO_CREDITS = "insufficient_credits"
"""Our code for a refusal that speaks of credits; Runway has no codes for refusals."""
_WORDS: Mapping[str, TaskState] = MappingProxyType(
    {
        "PENDING": TaskState.SUBMITTED,
        "THROTTLED": TaskState.SUBMITTED,  # accepted: Runway starts it by itself
        "RUNNING": TaskState.RUNNING,
        "SUCCEEDED": TaskState.SUCCEEDED,
        "FAILED": TaskState.FAILED,
        "CANCELLED": TaskState.CANCELLED,
    }
)


class RunwayOptions(AccountOptions):
    """A key, the profile of the upstream, and for kie.ai the key that signs its callbacks."""


class _RunwayWords(TableAdapter):
    """The words and results that all dialects share."""

    words = _WORDS
    words_in: ClassVar[Sequence[str]] = ("status",)
    messages: ClassVar[Sequence[str]] = (
        *("failure.message", "failure", "error.message", "error", "message"),
    )
    times: ClassVar[Sequence[str]] = ()  # an answer shows when a task was made, not its last change
    least_spacing_s = 5.0

    def parse_poll(self, asking: Asking, answer: Answer) -> Sequence[PollOutcome]:
        """Read how the task stands; its links live for a day from now on."""
        return [
            set_expiry(outcome, asking.now + LINKS_LIVE)
            for outcome in super().parse_poll(asking, answer)
        ]

    def observe(self, account: Account, task: Task | None, parsed: Any) -> Observation | None:
        """Read a task. A success without a file is asked about a few times more."""
        said = super().observe(account, task, parsed)
        return None if said is None else await_result(said, task, _EMPTY)

    def describe_failure(self, parsed: Any, message: str | None) -> TaskError:
        """Describe a failure by Runway's own code."""
        code = find_first_text(parsed, ("failureCode", "failure.code", "error.code"), limit=100)
        error = super().describe_failure(parsed, message)
        return replace(error, code=code or error.code)

    def read_progress(self, parsed: Any) -> float | None:
        """Read the fraction that is done."""
        return _convert_percent(find_first_number(parsed, ("progress",)))

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read `output`: links, or for a workflow links of each of its nodes."""
        del account
        kind = "video" if task is None else KINDS.get(task.operation, "video")
        is_done = self.read_state(parsed) is TaskState.SUCCEEDED
        state = ArtifactState.READY if is_done else ArtifactState.PREVIEW
        return [
            Artifact(kind, url, key=key, state=state, refreshable=True)
            for key, url in _read_links(task, parsed.get("output"))
        ]


class RunwayApi(PathCancel, _RunwayWords):
    """The official API."""

    creates = CREATES
    poll_path = "v1/tasks/{id}"
    probe_path = "v1/organization"
    cancel_method = "DELETE"
    cancel_path = "v1/tasks/{id}"
    erases_ended = True
    hides_cancelled = True
    names_task = True
    costs_may_fall = True  # "tasks that later returned unused prepaid credits" (SDK 5.24.0)
    account_codes = (_NO_CREDITS,)

    def build_headers(self, account: Account) -> dict[str, str]:
        """Add the version of the API, without which it answers 400."""
        return super().build_headers(account) | {"x-runway-version": VERSION}

    def classify_refusal(self, sending: Sending, answer: HttpResult, parsed: Any) -> SubmitOutcome:
        """Tell credits and the daily cap from other refusals: neither has a code."""
        found = super().classify_refusal(sending, answer, parsed)
        if isinstance(found, Refused) and "credit" in (self.read_reason(parsed) or "").lower():
            return replace(found, code=_NO_CREDITS, blames_account=True)
        if isinstance(found, Deferred):
            is_daily = "daily" in found.message.lower()
            pause_s = found.retry_after_s or (_DAILY_PAUSE_S if is_daily else None)
            # The cap is of one model, and the tasks of others are of the same operation.
            scope = DeferralScope.TASK if is_daily else DeferralScope.MODEL
            return replace(found, retry_after_s=pause_s, scope=scope)
        return found

    def build_poll(self, asking: Asking) -> HttpCall | None:
        """Build the query; runs of workflows have a path of their own."""
        call = super().build_poll(asking)
        task = asking.task
        if call is None or task.operation != WORKFLOWS:
            return call
        name = quote(task.provider_task_id or "", safe="")
        return replace(call, url=f"{asking.account.base_url}/v1/workflow_invocations/{name}")

    def build_cancel(self, asking: Asking) -> HttpCall | None:
        """Build the deletion; runs of workflows cannot be deleted."""
        return None if asking.task.operation == WORKFLOWS else super().build_cancel(asking)

    def read_costs(self, account: Account, task: Task | None, parsed: Any) -> Sequence[Cost]:
        """Read the final credits; what has become less since is given back."""
        del account
        return settle_costs(task, _read_credits(parsed, "cost"), unit=CREDITS)

    def estimate_costs(self, parsed: Any) -> Sequence[Cost]:
        """Read the most that it will cost."""
        amount = _read_credits(parsed, "estimatedCost")
        return [Cost("unit", amount, unit=CREDITS, phase=Phase.ESTIMATE)] if amount else []

    def read_balance(self, parsed: Any) -> str | None:
        """Read what is left."""
        left = find_first_number(parsed, ("creditBalance",))
        return None if left is None else f"{left} credits"


class RunwayGateway(_RunwayWords, GatewayAdapter):
    """`/runwayml` of a gateway: the official creates of older models, and no more."""

    messages = ("failure.message", "failure", "failure_reason", *GatewayAdapter.messages)
    words_in = ("status", "state")  # one shows its tasks as Luma's: docs.fineapi.cloud, 2026-11-30
    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType(
        {"image_to_video": CreatePath("v1/image_to_video", IMAGE_TO_VIDEO)}
    )
    poll_path = "v1/tasks/{id}"

    def build_answer_with_link(self, url: str) -> Mapping[str, Any]:
        """Build a task with its output."""
        return {"status": "SUCCEEDED", "output": [url]}


class RunwayWeb(_RunwayWords, GatewayAdapter):
    """`/runway` of older gateways: the protocol of Runway's own web page."""

    creates: ClassVar[Mapping[str, CreatePath]] = MappingProxyType({WEB: CreatePath(WEB, WebTask)})
    poll_path = "tasks/{id}"
    ids: ClassVar[Sequence[str]] = ("task.id", "id")
    words_in = ("task.status", "status")
    messages = (
        "task.error.message",
        "task.error.errorMessage",
        "task.error",
        *GatewayAdapter.messages,
    )

    def build_answer_with_link(self, url: str) -> Mapping[str, Any]:
        """Build a task with its artifact."""
        return {"task": {"status": "SUCCEEDED", "artifacts": [{"url": url}]}}

    def read_progress(self, parsed: Any) -> float | None:
        """Read the fraction, which is a text here."""
        return _convert_percent(find_first_number(parsed, ("task.progressRatio", "progressRatio")))

    def read_artifacts(
        self, account: Account, task: Task | None, parsed: Any
    ) -> Sequence[Artifact]:
        """Read the artifacts of the task."""
        del account, task
        inner = parsed.get("task")
        found = (inner if isinstance(inner, dict) else parsed).get("artifacts")
        is_done = self.read_state(parsed) is TaskState.SUCCEEDED
        state = ArtifactState.READY if is_done else ArtifactState.PREVIEW
        return [
            Artifact(
                "video",
                url,
                id=find_first_text(one, ("id",), limit=200),
                key=str(place),
                state=state,
                refreshable=True,
            )
            for place, one in enumerate(found if isinstance(found, list) else ())
            if (url := read_web_url(find_first_text(one, ("url",)))) is not None
        ]


def _convert_percent(fraction: str | None) -> float | None:
    """Return percent of a fraction; a number above 1, and one with its sign, are percent."""
    text = fraction or ""
    try:
        done = float(text.removesuffix("%"))
    except ValueError:
        return None
    if not isfinite(done):
        return None
    is_percent = text.endswith("%") or done > 1
    return round(min(max(done if is_percent else done * 100, 0.0), 100.0), 1)


def _read_credits(parsed: Any, name: str) -> str | None:
    return read_amount(find_first_number(parsed, (f"{name}.credits",)))


def _read_links(task: Task | None, output: Any) -> Sequence[tuple[str, str]]:
    """Return (key, link) of each link, in order; of a workflow's by its nodes."""
    is_workflow = task is not None and task.operation == WORKFLOWS
    nodes = output.items() if is_workflow and isinstance(output, dict) else [("", output)]
    return [
        (f"{node}/{place}" if node else str(place), link)
        for node, links in nodes
        for place, one in enumerate(links if isinstance(links, list) else [links])
        if (link := read_web_url(find_first_text(one, ("url", "uri")) or one)) is not None
    ]


_API = RunwayApi()
KIE = "kie"


class RunwayByProfile(AdapterByProfile, ObjectCallbacks):
    """Every dialect; kie.ai calls back, signed, and gateways that are asked by `feed`."""

    not_a_task = "no id beside data or a status: this is no callback"

    def find_flaws(self, account: Account) -> Sequence[str]:
        """Return `key: reason` for options that contradict each other."""
        found = list(super().find_flaws(account))
        kind = self.find_kind(account)
        if account.webhook_secrets and not kind.is_calling:
            found.append(f"webhook_secrets: {NO_CALLBACKS}")
        if account.webhook_secrets and isinstance(kind.adapter, RunwayFeed):
            found.append(f"webhook_secrets: {UNSIGNED}")
        return found

    def check_limits(
        self, account: Account, operation: str, body: Mapping[str, Any]
    ) -> Sequence[FieldError]:
        """Return what the account's upstream would refuse: gateways take ratios of their own."""
        kind = self.find_kind(account).adapter
        if operation not in CREATES or operation not in kind.creates:
            return ()
        flaws = list_model_flaws(operation, body)
        return flaws if kind is _API else [one for one in flaws if one.path not in _OF_RUNWAY]

    def get_proof_scheme(self, account: Account) -> Scheme | None:
        """Return kie.ai's scheme, which signs id and time; None without its key."""
        secrets = account.webhook_secrets
        return SignedFields(secrets, IDS) if secrets else None

    def read_object(self, parsed: Any) -> Observation | None:
        """Read a callback of either."""
        return (read_callback(parsed) or read_feed(parsed)) if isinstance(parsed, dict) else None


_ADAPTER = RunwayByProfile(
    {
        "official": UpstreamKind(
            adapter=_API, cancels=_API, needs_address=False, hosts=("dev.runwayml.com",)
        ),
        "runwayml": UpstreamKind(adapter=RunwayGateway(), path_ends=("/runwayml",)),
        "runway": UpstreamKind(adapter=RunwayWeb(), path_ends=("/runway",)),
        KIE: UpstreamKind(
            adapter=RunwayKie(), is_calling=True, needs_address=False, hosts=("kie.ai",)
        ),
        "feed": UpstreamKind(adapter=RunwayFeed(), is_calling=True),
        "numbered": UpstreamKind(
            adapter=RunwayNumbered(), path_ends=("/uniapp-service/api/runway",)
        ),
    }
)
REVISION = 13
PROVIDER = Provider(
    name="runway",
    revision=REVISION,
    regions={"global": "https://api.dev.runwayml.com", KIE: "https://api.kie.ai/api/v1"},
    options=RunwayOptions,
    check_account=_ADAPTER.find_flaws,
    check_limits=_ADAPTER.check_limits,
    objects=OBJECTS,
    submits=_ADAPTER,
    polls=_ADAPTER,
    calls_back=_ADAPTER,
    cancels=_ADAPTER,
    probes=_ADAPTER,
    front=RunwayFront(),
    passes_on=RunwayCalls(),
    tells_costs=True,
    examples={
        "a video from a picture": {
            "operation": "image_to_video",
            "input": {
                "model": "gen4_turbo",
                "promptImage": "https://pictures.example/a.png",
                "promptText": "a cat in the rain",
                "ratio": "1280:720",
                "duration": 5,
            },
        }
    },
)
