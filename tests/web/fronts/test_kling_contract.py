"""The front and the emulated provider, asked the same: their answers differ where the page says.

The emulator shares no code with the front; both are written from the vendor's pages.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.service import ROOT
from tests.web.fronts.comparing import Pair, Shape, asked_until, differences, paired, shape
from tracker.providers.kling import front as kling
from tracker.providers.kling.codes import CODES
from tracker.providers.kling.helpers import ACCOUNT, HELPERS
from tracker.providers.kling.operations import OPERATIONS
from tracker.providers.kling.standard import PRODUCTS

PAGE = (ROOT / "docs" / "reference" / "kling-front.md").read_text()
IMAGE, FILM = "https://example.com/a.png", "https://example.com/a.mp4"
LEGACY: Mapping[str, dict[str, Any]] = {
    "videos/text2video": {"prompt": "a"},
    "videos/image2video": {"image": IMAGE, "prompt": "a"},
    "videos/multi-image2video": {"image_list": [{"image": IMAGE}], "prompt": "a"},
    "videos/multi-elements": {"session_id": "1", "edit_mode": "addition", "prompt": "a"},
    "videos/video-extend": {"video_id": "1", "prompt": "a"},
    "videos/lip-sync": {"input": {"mode": "text2video", "video_id": "1", "text": "hi"}},
    "videos/advanced-lip-sync": {
        "session_id": "1",
        "face_choose": [{"face_id": "0", "audio_id": "1"}],
    },
    "videos/avatar/image2video": {"image": IMAGE, "audio_id": "1"},
    "videos/effects": {"effect_scene": "hug", "input": {"images": [IMAGE, IMAGE]}},
    "videos/motion-control": {
        "image_url": IMAGE,
        "video_url": FILM,
        "character_orientation": "image",
        "mode": "std",
    },
    "videos/omni-video": {"prompt": "a"},
    "images/generations": {"prompt": "a", "n": 2},
    "images/multi-image2image": {"subject_image_list": [{"subject_image": IMAGE}]},
    "images/omni-image": {"prompt": "a", "result_type": "series"},
    "images/editing/expand": {
        "image": IMAGE,
        "up_expansion_ratio": 0.1,
        "down_expansion_ratio": 0.1,
        "left_expansion_ratio": 0,
        "right_expansion_ratio": 0,
    },
    "images/kolors-virtual-try-on": {"human_image": IMAGE, "cloth_image": IMAGE},
    "audio/text-to-audio": {"prompt": "rain", "duration": 5.0},
    "audio/video-to-audio": {"video_url": FILM},
    "general/ai-multi-shot": {"element_frontal_image": IMAGE},
    "general/custom-voices": {"voice_name": "v", "voice_url": FILM},
    "general/advanced-custom-elements": {"element_name": "e"},
    "general/custom-elements": {"element_name": "e"},
}
NEW = (
    *("text-to-video/kling-3.0", "image-to-video/kling-3.0-turbo", "omni-video/kling-o1"),
    *("motion-control/kling-3.0", "solutions/drama-subtitle"),
)
NEW_BODY: dict[str, Any] = {"prompt": "a", "contents": [{"type": "prompt", "text": "a"}]}


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Clients of the front, which has a provider of its own, and of the provider itself."""
    with paired(sqlite_template, tmp_path_factory.mktemp("contract"), {}) as found:
        yield found


def task_shape(answer: Any) -> Shape:
    """Return the shape from the task object on, whether it is alone or in lists."""
    found = shape(answer)
    return {(re.sub(r"^\.data(\.result)?(\[\])?\.?", "", path), kind) for path, kind in found}


def task_differences(front: Any, provider: Any) -> set[str]:
    """Return the paths of tasks that only one of two answers has, or of which they differ."""
    return differences(front, provider, task_shape)


def documented() -> set[str]:
    """The first column of the page's table of differences."""
    table = PAGE.partition("## Differences from Kling")[2]
    return set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE))


@pytest.mark.parametrize("change", ["none", "external id", "failure"])
def test_answers_differ_from_the_providers_only_where_the_page_says(
    pair: Pair, change: str
) -> None:
    made: list[tuple[str, list[str]]] = []
    for operation, body in LEGACY.items():
        sent = _changed(body, change, operation)
        answers = [_post(http, f"/v1/{operation}", sent) for http in pair]
        assert task_differences(*answers) <= documented()
        made.append((f"/v1/{operation}/", [answer["data"]["task_id"] for answer in answers]))
    for path in NEW:
        name = {"options": _changed({}, change, path)} if change == "external id" else {}
        answers = [_post(http, f"/{path}", _changed(NEW_BODY, change, "") | name) for http in pair]
        assert task_differences(*answers) == set()
        shelf = "solutions" if path.startswith("solutions") else "tasks"
        made.append((f"/{shelf}?task_ids=", [answer["data"]["id"] for answer in answers]))
    for place, ids in made:
        ended = [_ended(http, place + id_) for http, id_ in zip(pair, ids, strict=True)]
        assert task_differences(*ended) <= (documented() if place.startswith("/v1") else set())


def test_every_difference_that_the_page_names_is_there(pair: Pair) -> None:
    found: set[str] = set()
    for operation in ("videos/text2video", "videos/video-extend"):
        answers = [_post(http, f"/v1/{operation}", LEGACY[operation]) for http in pair]
        found |= task_differences(*answers)
        ids = [answer["data"]["task_id"] for answer in answers]
        ended = [
            _ended(http, f"/v1/{operation}/{id_}") for http, id_ in zip(pair, ids, strict=True)
        ]
        found |= task_differences(*ended)
    assert found == documented()


def test_lists_differ_no_more_than_tasks_do(pair: Pair) -> None:
    for http in pair:
        made = {o: _post(http, f"/v1/{o}", body)["data"]["task_id"] for o, body in LEGACY.items()}
        for operation, id_ in made.items():
            _ended(http, f"/v1/{operation}/{id_}")
        for path in NEW:
            shelf = "solutions" if path.startswith("solutions") else "tasks"
            _ended(http, f"/{shelf}?task_ids={_post(http, f'/{path}', NEW_BODY)['data']['id']}")
    for operation in LEGACY:
        answers = [http.get(f"/v1/{operation}").json() for http in pair]
        assert task_differences(*answers) <= documented()
    for shelf in ("tasks", "solutions"):
        answers = [_post(http, f"/{shelf}", {"limit": 500}) for http in pair]
        assert task_differences(*answers) == set()


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/videos/text2video/nobody", None),
        ("GET", "/v1/videos/text2video?pageNum=0", None),
        ("GET", "/v1/videos/text2video?pageNum=1001", None),
        ("GET", "/v1/videos/text2video?pageSize=501", None),
        ("DELETE", "/v1/videos/text2video/x", None),
        ("POST", "/v1/videos/nothing", {}),
        ("POST", "/v1/videos/text2video", {}),
        ("POST", "/v1/videos/multi-image2video", {"image_list": []}),
        ("POST", "/v1/videos/multi-image2video", {"image_list": [{"image": "data:,x"}]}),
        ("POST", "/v1/images/generations", {"prompt": "a", "n": 10}),
        ("POST", "/text-to-video/kling-3.0", {"prompt": ""}),
        ("POST", "/text-to-video/kling-3.0", {"prompt": "a", "settings": {"duration": "5"}}),
        ("GET", "/text-to-video/kling-3.0", None),
        ("GET", "/tasks", None),
        ("GET", "/tasks?task_ids=1&external_task_ids=2", None),
        ("GET", f"/tasks?task_ids={','.join('1' * 21)}", None),
        ("POST", "/tasks", {"limit": 501}),
        ("POST", "/tasks", {"cursor": "x"}),
        ("DELETE", "/tasks", None),
        ("GET", "/account/costs", None),
        ("POST", "/account/costs", {}),
        ("POST", "/v1/audio/tts", {}),
        ("GET", "/v1/audio/tts", None),
    ],
)
def test_a_mistake_is_told_with_the_providers_code_and_status(
    pair: Pair, method: str, path: str, body: object
) -> None:
    front, provider = (http.request(method, path, json=body) for http in pair)
    assert shape(front.json()) == shape(provider.json())
    assert (front.status_code, front.json()["code"]) == (
        provider.status_code,
        provider.json()["code"],
    )


def test_nobodys_task_is_an_empty_list_on_both(pair: Pair) -> None:
    front, provider = (http.get("/tasks?task_ids=nobody") for http in pair)
    assert front.status_code == provider.status_code == 200
    assert front.json()["data"] == provider.json()["data"] == []


@pytest.mark.parametrize("path", sorted([*OPERATIONS, *HELPERS, *ACCOUNT, *PRODUCTS]))
def test_everything_that_is_served_is_on_the_page(path: str) -> None:
    assert re.search(rf"`(GET )?{re.escape(path)}`", PAGE)


def test_everything_on_the_page_is_served() -> None:
    listed = re.findall(r"`(?:GET )?((?:videos|images|audio|general|account)/[a-z0-9/-]+)`", PAGE)
    assert set(listed) == {*OPERATIONS, *HELPERS, *ACCOUNT}
    assert set(LEGACY) == set(OPERATIONS)
    assert all(f"`{prefix}`" in PAGE for prefix in kling.PREFIXES if prefix)


def test_the_pages_codes_are_those_of_the_table() -> None:
    rows = re.findall(r"^\| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)
    assert {int(code): int(status) for code, status in rows if code != "0"} == {
        code: CODES[code].http_status for code in kling.SAID
    }


def _changed(body: dict[str, Any], change: str, name: str) -> dict[str, Any]:
    """A body with an external id of its own, or with a prompt that makes it fail."""
    if change == "external id" and name:
        return body | {"external_task_id": name.replace("/", "-")}
    if change == "failure" and "prompt" in body:
        return body | {"prompt": "[scenario:failed]"}
    return body


def _post(http: httpx.Client, path: str, body: object) -> Any:
    answer = http.post(path, json=body)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


def _ended(http: httpx.Client, path: str) -> Any:
    """Return the answer once the task has its verdict."""

    def is_over(answer: Any) -> bool:
        task = answer["data"][0] if isinstance(answer["data"], list) else answer["data"]
        return (task.get("task_status") or task["status"]) in {"succeed", "succeeded", "failed"}

    return asked_until(http, path, is_over)
