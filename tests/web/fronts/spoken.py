"""Dialects as their clients speak them: the requests that clients make that cannot run here."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from tests.support.databases import SqliteTemplate
from tests.web.fronts.comparing import Pair, asked_until, differences, field_of, paired
from tracker.emulator import DEFAULT_KEY


@dataclass(frozen=True)
class Spoken:
    """A dialect as its clients speak it.

    provider, account: whose account stands behind our front.
    theirs, ours: bases at the provider and at our front.
    create, body: of the request that makes a task.
    id_in, one:   field of the id in its answer, and the path that shows the task, up to its id.
    one_ends:     of that path, behind the id.
    word_in:      field of the status, and the words after which clients stop.
    may_differ:   topmost paths that only one of the two answers has.
    is_form:      whether the create is a urlencoded form.
    keeps_v1:     whether the address of the account has the version in it.
    bad_headers:  of a create that is refused, where an empty body alone is not.
    """

    provider: str
    account: str
    theirs: str
    ours: str
    create: str
    body: Mapping[str, Any]
    one: str
    ends: frozenset[str]
    id_in: str = "id"
    word_in: str = "status"
    headers: Mapping[str, str] = field(default_factory=dict)
    may_differ: frozenset[str] = frozenset()
    status: int = 200
    is_form: bool = False
    keeps_v1: bool = False
    one_ends: str = ""
    bad_headers: Mapping[str, str] = field(default_factory=dict)


PICTURE = "https://pictures.example/a.png"
_COGVIDEOX = Spoken(
    "cogvideox",
    "official",
    theirs="/cogvideox/api/paas/v4",
    ours="/api/paas/v4",
    create="/videos/generations",
    body={"model": "cogvideox-3", "prompt": "a cat", "style": None},
    one="/async-result/",
    ends=frozenset({"SUCCESS", "FAIL"}),
    word_in="task_status",
)
_OPENAI = Spoken(
    "openai",
    "new-api",
    theirs="/openai/v1",
    ours="/openai/v1",
    create="/videos",
    body={"model": "sora-2", "prompt": "a cat", "seconds": "4", "size": "1280x720"},
    one="/videos/",
    ends=frozenset({"completed", "failed"}),
    may_differ=frozenset({".error", ".completed_at"}),
    keeps_v1=True,
)
_RUNWAY = Spoken(
    "runway",
    "official",
    theirs="/runway/official/v1",
    ours="/runwayml/v1",
    create="/image_to_video",
    body={
        "model": "gen4_turbo",
        "promptImage": PICTURE,
        "promptText": "a cat",
        "ratio": "1280:720",
        "duration": 5,
    },
    one="/tasks/",
    ends=frozenset({"SUCCEEDED", "FAILED", "CANCELLED"}),
    headers={"x-runway-version": "2024-11-06"},
)
SPOKEN: Mapping[str, Spoken] = {
    "cogvideox": _COGVIDEOX,
    "cogvideox at a gateway": replace(
        _COGVIDEOX,
        account="gateway",
        theirs="/cogvideox/v4",
        ours="/cogvideox/v4",
        body={"model": "cogvideox-3", "prompt": "a cat"},
    ),
    "domo": Spoken(
        "domo",
        "official",
        theirs="/domo/v1",
        ours="/domo/v1",
        create="/video/text2video",
        body={"prompt": "a cat", "seconds": 5, "callback_url": "http://caller.example/hook"},
        one="/tasks/",
        ends=frozenset({"SUCCESS", "FAILED", "CANCELED"}),
        id_in="data.task_id",
        word_in="data.status",
        keeps_v1=True,
    ),
    "fal": Spoken(
        "fal",
        "official",
        theirs="/fal",
        ours="/fal",
        create="/fal-ai/flux/dev",
        body={"prompt": "a cat", "seed": 7},
        one="/fal-ai/flux/requests/",
        ends=frozenset({"COMPLETED"}),
        id_in="request_id",
        headers={"authorization": f"Key {DEFAULT_KEY}"},
        may_differ=frozenset({".metrics"}),
        one_ends="/status",
        bad_headers={"x-fal-queue-priority": "high"},
    ),
    "flux": Spoken(
        "flux",
        "official",
        theirs="/bfl-eu/v1",
        ours="/flux/v1",
        create="/flux-2-pro",
        body={"prompt": "a cat", "seed": 7},
        one="/get_result?id=",
        ends=frozenset({"Ready", "Error"}),
        headers={"x-key": DEFAULT_KEY},
        may_differ=frozenset({".cost", ".input_mp", ".output_mp", ".details"}),
        keeps_v1=True,
    ),
    "luma at a gateway": Spoken(
        "luma",
        "gateway",
        theirs="/luma",
        ours="/luma",
        create="/generations/",
        body={"user_prompt": "a cat", "aspect_ratio": "16:9", "expand_prompt": True},
        one="/generations/",
        ends=frozenset({"completed", "failed"}),
        word_in="state",
        may_differ=frozenset({".failure_reason"}),
        status=201,
    ),
    "openai videos": _OPENAI,
    "openai rows": replace(
        _OPENAI,
        create="/video/generations",
        one="/video/generations/",
        ends=frozenset({"SUCCESS", "FAILURE"}),
        word_in="data.status",
        may_differ=frozenset(
            {
                *(".error", ".data.id", ".data.properties", ".data.data"),
                *(".data.taskId", ".data.failReason", ".data.submitTime", ".data.startTime"),
                ".data.finishTime",
            }
        ),
    ),
    "openai unified": replace(
        _OPENAI,
        create="/video/create",
        one="/video/query?id=",
        may_differ=frozenset({".error"}),
    ),
    "ark": Spoken(
        "ark",
        "official",
        theirs="/ark/api/v3",
        ours="/doubao/api/v3",
        create="/contents/generations/tasks",
        body={
            "model": "doubao-seedance-1-5-pro-251215",
            "content": [{"type": "text", "text": "a cat"}],
            "callback_url": "http://caller.example/hook",
            "seed": None,
            "return_last_frame": True,
        },
        one="/contents/generations/tasks/",
        ends=frozenset({"succeeded", "failed"}),
    ),
    "hailuo": Spoken(
        "hailuo",
        "official",
        theirs="/hailuo",
        ours="/hailuo",
        create="/v1/video_generation",
        body={"model": "MiniMax-Hailuo-2.3", "prompt": "a cat", "duration": 6},
        one="/v1/query/video_generation?task_id=",
        ends=frozenset({"Success", "Fail"}),
        id_in="task_id",
    ),
    "hailuo v2": Spoken(
        "hailuo",
        "official",
        theirs="/hailuo",
        ours="/minimax",
        create="/v2/video_generation",
        body={
            "model": "MiniMax-H3",
            "content": [{"type": "text", "text": "a cat"}],
            "duration": 5,
            "resolution": "768P",
        },
        one="/v2/query/video_generation/",
        ends=frozenset({"succeeded", "failed", "cancelled", "expired"}),
        id_in="task_id",
        word_in="task.status",
    ),
    "wan": Spoken(
        "wan",
        "official",
        theirs="/wan/api/v1",
        ours="/dashscope/api/v1",
        create="/services/aigc/video-generation/video-synthesis",
        body={"model": "wan2.6-t2v", "input": {"prompt": "a cat"}, "function": "generation"},
        one="/tasks/",
        ends=frozenset({"SUCCEEDED", "FAILED", "CANCELED"}),
        id_in="output.task_id",
        word_in="output.task_status",
        headers={"x-dashscope-async": "enable"},
        keeps_v1=True,
    ),
    "wan pictures": Spoken(
        "wan",
        "official",
        theirs="/wan/api/v1",
        ours="/wan/api/v1",
        create="/services/aigc/text2image/image-synthesis",
        body={"model": "wan2.5-t2i", "input": {"prompt": "a cat"}, "parameters": {"n": 2}},
        one="/tasks/",
        ends=frozenset({"SUCCEEDED", "FAILED", "CANCELED"}),
        id_in="output.task_id",
        word_in="output.task_status",
        headers={"x-dashscope-async": "enable"},
        keeps_v1=True,
    ),
    "vidu": Spoken(
        "vidu",
        "official",
        theirs="/vidu",
        ours="/vidu",
        create="/ent/v2/text2video",
        body={
            "model": "viduq2-pro",
            "prompt": "a cat",
            "duration": 5,
            "payload": "theirs",
            "callback_url": "http://caller.example/hook",
        },
        one="/ent/v2/tasks/",
        ends=frozenset({"success", "failed"}),
        id_in="task_id",
        word_in="state",
        one_ends="/creations",
    ),
    "pika at a gateway": Spoken(
        "pika",
        "gateway",
        theirs="/pika",
        ours="/pika",
        create="/generate",
        body={
            "pikaffect": "",
            "promptText": "a cat",
            "model": "2.0",
            "options": {"frameRate": 24, "extend": False},
        },
        one="/feed/",
        ends=frozenset({"finished", "error"}),
        word_in="videos.0.status",
    ),
    "pika in comfy": Spoken(
        "pika",
        "comfy",
        theirs="/proxy/pika",
        ours="/proxy/pika",
        create="/generate/2.2/t2v",
        body={"promptText": "a cat", "seed": "7", "resolution": "1080p", "duration": "5"},
        one="/videos/",
        ends=frozenset({"finished", "failed"}),
        id_in="video_id",
        is_form=True,
    ),
    "runway": _RUNWAY,
    "runway in comfy": replace(_RUNWAY, ours="/proxy/runway"),
    "runway at a gateway": replace(
        _RUNWAY,
        account="gateway",
        theirs="/runwayml/v1",
        headers={},
        may_differ=frozenset({".cost", ".estimatedCost"}),
    ),
    "runway of the web": replace(
        _RUNWAY,
        account="web",
        theirs="/runway",
        ours="/runway",
        create="/tasks",
        body={"taskType": "gen3a_turbo", "options": {"name": "cat", "text_prompt": "a cat"}},
        id_in="task.id",
        word_in="task.status",
        headers={},
    ),
}
WEIGHTS = {("runway", "gateway"): 0, ("cogvideox", "gateway"): 0}
"""Of the accounts: a front names none, so that operations of one kind alone tell them apart."""


def spoken_accounts() -> str:
    """Return the accounts, as TOML, with `HOST` for the address of the emulator."""
    lines: list[str] = []
    for one in {(one.provider, one.account): one for one in SPOKEN.values()}.values():
        lines += [
            f"[accounts.{one.provider}.{one.account}]",
            f'base_url = "HOST{one.theirs if one.keeps_v1 else one.theirs.removesuffix("/v1")}"',
            f'api_key = "{DEFAULT_KEY}"',
            "poll_spacing_s = 0.05",
            f"weight = {WEIGHTS.get((one.provider, one.account), 1)}",
        ]
    return "\n".join(lines)


@contextmanager
def spoken_pair(template: SqliteTemplate, folder: Path) -> Iterator[Pair]:
    """Yield clients of the fronts and of the providers, with every account of SPOKEN."""
    with paired(template, folder, {}, spoken_accounts(), TRACKER_POLL_FIRST_S="0.05") as pair:
        yield pair


def made(http: httpx.Client, base: str, spoken: Spoken, **more: Any) -> Any:
    """Return the answer to a create that must be accepted."""
    body = dict(spoken.body) | more
    sent: dict[str, Any] = {"data" if spoken.is_form else "json": body}
    answer = http.post(base + spoken.create, headers=dict(spoken.headers), **sent)
    assert answer.status_code == spoken.status, answer.text
    return answer.json()


def shown(http: httpx.Client, base: str, spoken: Spoken, id_: str) -> Any:
    """Return the answer to a look that must find the task."""
    answer = http.get(f"{base}{spoken.one}{id_}{spoken.one_ends}", headers=dict(spoken.headers))
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(http: httpx.Client, base: str, spoken: Spoken, id_: str) -> Any:
    """Return the answer once its word is one after which clients stop."""
    return asked_until(
        http,
        f"{base}{spoken.one}{id_}{spoken.one_ends}",
        lambda answer: field_of(answer, spoken.word_in) in spoken.ends,
        **spoken.headers,
    )


def unexplained(spoken: Spoken, front: Any, provider: Any) -> set[str]:
    """Return the differences of two answers that the dialect does not allow."""
    return {
        path
        for path in differences(front, provider)
        if not any(path == one or path.startswith(f"{one}.") for one in spoken.may_differ)
    }
