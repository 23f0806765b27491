"""Clients that cannot run here: the requests that they make, put to our front and to the provider.

Both answer alike: the same paths with values of the same types, the same word at the end.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.service import environment, listen, serving
from tests.support.waiting import wait_until
from tests.web.fronts.comparing import Pair, differences
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

PICTURE = "https://pictures.example/a.png"


@dataclass(frozen=True)
class Spoken:
    """A dialect as its clients speak it.

    provider, account: whose account stands behind our front.
    theirs, ours: bases at the provider and at our front.
    create, body: of the request that makes a task.
    id_in, one:   field of the id in its answer, and the path that shows the task.
    word_in:      field of the status, and the words after which clients stop.
    may_differ:   topmost paths that only one of the two answers has.
    options:      of the account, besides its address and key.
    is_form:      whether the create is a urlencoded form.
    keeps_v1:     whether the address of the account has the version in it.
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
    options: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    is_form: bool = False
    keeps_v1: bool = False


RUNWAY_ENDS = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
RUNWAY_BODY = {
    "model": "gen4_turbo",
    "promptImage": PICTURE,
    "promptText": "a cat",
    "ratio": "1280:720",
    "duration": 5,
}
SPOKEN: Mapping[str, Spoken] = {
    "cogvideox": Spoken(
        "cogvideox",
        "official",
        theirs="/cogvideox/api/paas/v4",
        ours="/api/paas/v4",
        create="/videos/generations",
        body={"model": "cogvideox-3", "prompt": "a cat", "style": None},
        one="/async-result/",
        ends=frozenset({"SUCCESS", "FAIL"}),
        word_in="task_status",
    ),
    "cogvideox at a gateway": Spoken(
        "cogvideox",
        "gateway",
        theirs="/cogvideox/v4",
        ours="/cogvideox/v4",
        create="/videos/generations",
        body={"model": "cogvideox-3", "prompt": "a cat"},
        one="/async-result/",
        ends=frozenset({"SUCCESS", "FAIL"}),
        word_in="task_status",
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
    "openai videos": Spoken(
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
    ),
    "openai rows": Spoken(
        "openai",
        "new-api",
        theirs="/openai/v1",
        ours="/openai/v1",
        create="/video/generations",
        body={"model": "sora-2", "prompt": "a cat", "seconds": "4", "size": "1280x720"},
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
        keeps_v1=True,
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
    "runway": Spoken(
        "runway",
        "official",
        theirs="/runway/official/v1",
        ours="/runwayml/v1",
        create="/image_to_video",
        body=RUNWAY_BODY,
        one="/tasks/",
        ends=RUNWAY_ENDS,
        headers={"x-runway-version": "2024-11-06"},
    ),
    "runway in comfy": Spoken(
        "runway",
        "official",
        theirs="/runway/official/v1",
        ours="/proxy/runway",
        create="/image_to_video",
        body=RUNWAY_BODY,
        one="/tasks/",
        ends=RUNWAY_ENDS,
        headers={"x-runway-version": "2024-11-06"},
    ),
    "runway at a gateway": Spoken(
        "runway",
        "gateway",
        theirs="/runwayml/v1",
        ours="/runwayml/v1",
        create="/image_to_video",
        body=RUNWAY_BODY,
        one="/tasks/",
        ends=RUNWAY_ENDS,
        may_differ=frozenset({".cost", ".estimatedCost"}),
    ),
    "runway of the web": Spoken(
        "runway",
        "web",
        theirs="/runway",
        ours="/runway",
        create="/tasks",
        body={"taskType": "gen3a_turbo", "options": {"name": "cat", "text_prompt": "a cat"}},
        one="/tasks/",
        ends=RUNWAY_ENDS,
        id_in="task.id",
        word_in="task.status",
    ),
}
WEIGHTS = {("runway", "gateway"): 0, ("cogvideox", "gateway"): 0}
"""Of the accounts: a front names none, so that operations of one kind alone tell them apart."""


def accounts_file() -> str:
    """Return the accounts, as TOML, with `HOST` for the address of the emulator."""
    lines: list[str] = []
    for one in {(one.provider, one.account): one for one in SPOKEN.values()}.values():
        lines += [
            f"[accounts.{one.provider}.{one.account}]",
            f'base_url = "HOST{one.theirs if one.keeps_v1 else one.theirs.removesuffix("/v1")}"',
            f'api_key = "{DEFAULT_KEY}"',
            "poll_spacing_s = 0.05",
            f"weight = {WEIGHTS.get((one.provider, one.account), 1)}",
            *(f'{name} = "{value}"' for name, value in one.options.items()),
        ]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Clients of the fronts, with providers of their own, and of the providers themselves."""
    folder: Path = tmp_path_factory.mktemp("spoken")
    config = EmulatorConfig(step_seconds=0.05)
    with ExitStack() as stack:
        behind, beside = (stack.enter_context(Emulator(config)) for _ in range(2))
        accounts = folder / "accounts.toml"
        accounts.write_text(accounts_file().replace("HOST", behind.url))
        door = listen()
        env = environment(
            sqlite_template.copy(folder),
            folder,
            provider_url=behind.url,
            public_url=f"http://127.0.0.1:{door.getsockname()[1]}",
            TRACKER_CONFIG=str(accounts),
            TRACKER_POLL_FIRST_S="0.05",
        )
        url = stack.enter_context(serving(env, door=door, workers=True))
        key = {"authorization": f"Bearer {DEFAULT_KEY}"}
        front = httpx.Client(base_url=url, trust_env=False, timeout=20)
        provider = httpx.Client(base_url=beside.url, headers=key, trust_env=False, timeout=20)
        yield stack.enter_context(front), stack.enter_context(provider)


def within(answer: Any, name: str) -> Any:
    """Return a field, `a.b` for one within another."""
    for part in name.split("."):
        answer = answer[int(part)] if isinstance(answer, list) else answer[part]
    return answer


def made(http: httpx.Client, base: str, spoken: Spoken, **more: Any) -> Any:
    """Return the answer to a create that must be accepted."""
    body = dict(spoken.body) | more
    sent: dict[str, Any] = {"data" if spoken.is_form else "json": body}
    answer = http.post(base + spoken.create, headers=dict(spoken.headers), **sent)
    assert answer.status_code == spoken.status, answer.text
    return answer.json()


def shown(http: httpx.Client, base: str, spoken: Spoken, id_: str) -> Any:
    """Return the answer to a look that must find the task."""
    answer = http.get(f"{base}{spoken.one}{id_}", headers=dict(spoken.headers))
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(http: httpx.Client, base: str, spoken: Spoken, id_: str) -> Any:
    """Return the answer once its word is one after which clients stop."""
    seen: list[Any] = []

    def is_over() -> bool:
        seen.append(shown(http, base, spoken, id_))
        return within(seen[-1], spoken.word_in) in spoken.ends

    wait_until(is_over)
    return seen[-1]


def unexplained(spoken: Spoken, front: Any, provider: Any) -> set[str]:
    """Return the differences of two answers that the dialect does not allow."""
    return {
        path
        for path in differences(front, provider)
        if not any(path == one or path.startswith(f"{one}.") for one in spoken.may_differ)
    }


@pytest.mark.parametrize("name", SPOKEN)
@pytest.mark.parametrize("scenario", ["ok", "failed"])
def test_a_task_is_shown_as_its_provider_shows_it(pair: Pair, name: str, scenario: str) -> None:
    spoken = SPOKEN[name]
    answers = []
    for http, base in zip(pair, (spoken.ours, spoken.theirs), strict=True):
        first = made(http, base, spoken, emulator_scenario=scenario)
        last = ended(http, base, spoken, within(first, spoken.id_in))
        answers.append((first, last))
    for front, provider in zip(*answers, strict=True):
        assert unexplained(spoken, front, provider) == set()
    words = [within(last, spoken.word_in) for _, last in answers]
    assert words[0] == words[1]


@pytest.mark.parametrize("name", SPOKEN)
def test_a_refusal_can_be_read_and_is_not_repeated(pair: Pair, name: str) -> None:
    spoken, http = SPOKEN[name], pair[0]
    answer = http.post(spoken.ours + spoken.create, json={}, headers=dict(spoken.headers))
    assert 400 <= answer.status_code < 500
    if spoken.provider not in ("domo", "pika"):  # whose clients do not heed it
        assert answer.headers["x-should-retry"] == "false"
    assert answer.json()
    missing = http.get(f"{spoken.ours}{spoken.one}nobody", headers=dict(spoken.headers))
    assert 400 <= missing.status_code < 500


def test_runway_shows_costs_whatever_is_known_of_them(pair: Pair) -> None:
    """The official SDK takes an answer without them for one of another class."""
    spoken = SPOKEN["runway at a gateway"]
    first = made(pair[0], spoken.ours, spoken, emulator_scenario="slow=1")
    assert isinstance(first["estimatedCost"]["credits"], int)
    young = shown(pair[0], spoken.ours, spoken, first["id"])
    assert (young["status"], young["estimatedCost"]) == ("PENDING", first["estimatedCost"])
    assert isinstance(ended(pair[0], spoken.ours, spoken, first["id"])["cost"]["credits"], int)


def test_runway_deletes_an_open_task_and_keeps_the_history_of_one_that_has_ended(
    pair: Pair,
) -> None:
    spoken = SPOKEN["runway"]
    for scenario, word in (("hold", "CANCELLED"), ("ok", "SUCCEEDED")):
        id_ = made(pair[0], spoken.ours, spoken, emulator_scenario=scenario)["id"]
        url = f"{spoken.ours}/tasks/{id_}"
        if scenario == "ok":
            ended(pair[0], spoken.ours, spoken, id_)
        assert pair[0].delete(url).status_code == 204
        assert ended(pair[0], spoken.ours, spoken, id_)["status"] == word


def test_runway_tells_the_organization_and_takes_no_uploads(pair: Pair) -> None:
    answer = pair[0].get("/runwayml/v1/organization")
    assert answer.status_code == 200, answer.text
    assert answer.json()["creditBalance"] > 0
    assert pair[0].post("/runwayml/v1/uploads", json={}).status_code == 501


@pytest.mark.parametrize(
    ("headers", "prefix", "kind"),
    [
        ({}, "/runwayml/v1", dict),
        ({"x-runway-version": "2024-11-06"}, "/runwayml/v1", str),
        ({}, "/proxy/runway", str),
        ({}, "/runway", dict),
    ],
)
def test_runway_words_an_error_as_the_caller_reads_it(
    pair: Pair, headers: Mapping[str, str], prefix: str, kind: type[str] | type[dict[str, Any]]
) -> None:
    answer = pair[0].get(f"{prefix}/tasks/nobody", headers=dict(headers))
    error = answer.json()["error"]
    assert isinstance(error, kind)
    message = error["message"] if isinstance(error, dict) else error
    assert isinstance(message, str)


def test_cogvideox_joins_creates_of_one_request_id_and_refuses_another_body(pair: Pair) -> None:
    """zai-sdk sends a failing create four times, each with the caller's request_id."""
    spoken = SPOKEN["cogvideox"]
    first = made(pair[0], spoken.ours, spoken, request_id="order-42")
    assert first["request_id"] == "order-42"
    for _ in range(3):
        again = made(pair[0], spoken.ours, spoken, request_id="order-42")
        assert again["id"] == first["id"]
    body = {"model": "cogvideox-3", "prompt": "a dog", "request_id": "order-42"}
    refused = pair[0].post(spoken.ours + spoken.create, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "1231")
    assert refused.headers["x-should-retry"] == "false"
    done = ended(pair[0], spoken.ours, spoken, first["id"])
    assert shown(pair[0], spoken.ours, spoken, "order-42") == done


def test_cogvideox_holds_pictures_that_are_wanted_at_once(pair: Pair) -> None:
    body = {"model": "cogview-4", "prompt": "a cat"}
    answers = [
        http.post(f"{base}/images/generations", json=body)
        for http, base in zip(pair, ("/api/paas/v4", "/cogvideox/api/paas/v4"), strict=True)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert differences(*(answer.json() for answer in answers)) == set()


def test_luma_ends_with_a_link_for_clients_of_gateways(pair: Pair) -> None:
    """They ask on until `completed` has `video.download_url`."""
    spoken = SPOKEN["luma at a gateway"]
    id_ = made(pair[0], spoken.ours, spoken, emulator_scenario="completed_no_link=2")["id"]
    url = f"{spoken.ours}/generations/{id_}"
    assert pair[0].get(f"{url}/download_video_url").status_code == 404
    done = ended(pair[0], spoken.ours, spoken, id_)
    assert done["video"]["download_url"]
    link = pair[0].get(f"{url}/download_video_url").json()
    assert link == {"url": done["video"]["download_url"]}
    listed = pair[0].get("/pro/luma/generations").json()
    assert id_ in [one["id"] for one in listed]


def test_luma_holds_the_blocking_create_and_extends_through_the_gateway(pair: Pair) -> None:
    body = {"user_prompt": "a cat"}
    done = pair[0].post("/luma/generations_sync", json=body).json()
    assert (done["state"], bool(done["video"]["download_url"])) == ("completed", True)
    more = {"user_prompt": "it purrs"}
    child = pair[0].post(f"/luma/generations/{done['id']}/extend", json=more)
    assert child.status_code == 201, child.text
    missing = pair[0].get("/luma/generations/nobody")
    assert (missing.status_code, bool(missing.json()["error"]["message"])) == (404, True)
    assert pair[0].post("/luma/generations/file_upload", json={}).status_code == 501


def test_pika_always_shows_a_video(pair: Pair) -> None:
    """A client of gateways asks again without a pause while there is none."""
    spoken = SPOKEN["pika at a gateway"]
    first = made(pair[0], spoken.ours, spoken, emulator_scenario="empty_first=3,slow=1")
    for path in (f"/pika/feed/{first['id']}", f"/pro/pika/feed/?id={first['id']}"):
        (video,) = pair[0].get(path).json()["videos"]
        assert (video["status"], video["resultUrl"], video["error"]) == ("queued", "", "")
    done = ended(pair[0], spoken.ours, spoken, first["id"])
    assert done["videos"][0]["resultUrl"]


def test_pika_shows_the_video_that_was_made_first(pair: Pair) -> None:
    spoken = SPOKEN["pika at a gateway"]
    id_ = made(pair[0], spoken.ours, spoken, emulator_scenario="videos_split")["id"]
    done = ended(pair[0], spoken.ours, spoken, id_)
    assert [one["status"] for one in done["videos"]] == ["finished", "error"]


@pytest.mark.parametrize(
    ("path", "fields", "files"),
    [
        ("2.2/i2v", {"promptText": "a cat", "duration": "5"}, ["image"]),
        ("2.2/pikaframes", {"promptText": "a cat"}, ["keyFrames", "keyFrames"]),
        ("2.2/pikascenes", {"ingredientsMode": "creative"}, ["images", "images", "images"]),
        ("pikadditions", {"promptText": "a hat"}, ["video", "image"]),
        ("pikadditions", {"promptText": "a hat"}, ["video", "image", "modifyRegionMask"]),
        ("pikaswaps", {"modifyRegionRoi": "the cat"}, ["video", "image"]),
        ("pikaffects", {"pikaffect": "Melt"}, ["image"]),
    ],
)
def test_pika_takes_the_files_of_comfys_nodes(
    pair: Pair, path: str, fields: Mapping[str, str], files: list[str]
) -> None:
    content = b"\x89PNG\r\n\x1a\n\x00\xff"
    sent = [(name, (f"{name}.png", content, "image/png")) for name in files]
    url = f"/proxy/pika/generate/{path}"
    answer = pair[0].post(url, data=dict(fields), files=sent)
    assert answer.status_code == 200, answer.text
    spoken = SPOKEN["pika in comfy"]
    assert ended(pair[0], spoken.ours, spoken, answer.json()["video_id"])["url"]
    task = pair[0].get(f"/v1/tasks/{answer.json()['video_id']}").json()
    is_swap = "modifyRegionMask" in files or path == "pikaswaps"
    assert task["operation"] == ("pikaswaps" if is_swap else path)


def test_domo_passes_uploads_on_and_takes_their_uris(pair: Pair) -> None:
    made_ = pair[0].post("/domo/v1/upload/file", json={"filename": "cat.png"}).json()
    assert made_["code"] == 0
    body = {
        "model": "animate-2.4-faster",
        "image": {"domoai_uri": made_["data"]["domoai_uri"]},
        "seconds": 5,
    }
    answer = pair[0].post("/domo/v1/video/image2video", json=body)
    assert (answer.status_code, answer.json()["code"]) == (200, 0), answer.text


def test_domo_names_wrong_fields_in_detail(pair: Pair) -> None:
    for http, base in zip(pair, ("/domo/v1", "/domo/v1"), strict=True):
        answer = http.post(f"{base}/video/text2video", json={"prompt": "a cat"})
        assert answer.status_code == 422
        (flaw,) = answer.json()["detail"]
        assert flaw["loc"] == ["body", "seconds"]
        assert isinstance(answer.json()["code"], int)
