"""Results and reasons, wherever gateways put them; and never an input or a cover taken for one."""

import json
from typing import Any

import pytest

from tracker.domain.task import Artifact, TaskState
from tracker.providers.kling.parsing import observe

URL = "https://cdn.example.com/v.mp4"
OTHER = "https://cdn.example.com/w.mp4"
IMAGE = "https://cdn.example.com/i.jpg"


def _succeeded(**fields: Any) -> tuple[Artifact, ...]:
    said = observe({"task_id": "1", "task_status": "succeed"} | fields)
    assert said is not None
    assert said.state is TaskState.SUCCEEDED
    return said.artifacts


def _pieces(found: tuple[Artifact, ...]) -> list[tuple[str, str | None]]:
    return [(piece.kind, piece.url) for piece in found]


@pytest.mark.parametrize(
    "fields",
    [
        {"resultJson": json.dumps({"resultUrls": [URL]})},
        {"result_json": json.dumps([URL])},
        {"task_result": json.dumps({"videos": [{"url": URL}]})},
        {"task_result": {"url": URL}},
        {"task_result": {"video_url": URL}},
        {"task_result": [{"url": URL}]},
        {"result": {"url": URL}},
        {"result": {"videoUrl": URL}},
        {"result": json.dumps({"video": {"url": URL}})},
        {"response": {"resultUrls": [URL], "originUrls": None}},
        {"info": {"result_urls": [URL]}},
        {"videoInfo": {"videoUrl": URL, "imageUrl": IMAGE}},
        {"works": [{"url": URL, "cover_url": IMAGE}]},
        {"works": [{"resource": {"resource": URL, "height": 960}, "cover": {"resource": IMAGE}}]},
        {"works": [{"video": {"resource_without_watermark": URL}}]},
        {"output": [URL]},
        {"output": {"results": [{"url": URL}]}},
        {"outputs": [URL]},
        {"output_videos": [URL]},
        {"video": {"url": URL}},
        {"videoUrl": URL},
        {"videos": [URL]},
        {"downloadUrl": URL},
        {"content": {"video_url": URL}},
        {"creations": [{"id": "c", "url": URL, "cover_url": IMAGE}]},
        {"FileInfos": [{"FileUrl": URL, "FileType": "mp4"}]},
        {"fail_reason": URL},
        {"task_result": {"videos": [{"id": "9", "url": ""}]}, "video_url": URL},
        {"url": "null", "video_url": URL},
        {"url": f" {URL} "},
        {"output": f" {URL}"},
        {"videos": [f"\n{URL}"]},
        {"outputs": [f" {URL}"]},
        {"url": URL.replace("/", "\\/")},
        {"task_result": {"videos": [{"url": URL}, {"url": URL.replace("cdn", "CDN")}]}},
        {"output": {"video_url": f"{URL}#t=0", "works": [{"video": {"resource": URL}}]}},
        {"task_result": URL},
        {"task_result": {"videos": URL}},
        {"task_result": {"videos": {"0": {"url": URL}}}},
        {"task_result": {"videos": [[{"url": URL}]]}},
        {"task_result": {"videos": [{"uri": URL}]}},
        {"task_result": {"videos": [{"url": "N/A"}, {"url": "/v.mp4"}]}, "video_url": URL},
        {"taskResult": {"videos": [{"url": URL}]}},
        {"result": URL},
        {"video": URL, "image": IMAGE},
        {"output_video": URL},
        {"video_result": [{"url": URL}]},
        {"generated_videos": [{"video": {"uri": URL}}]},
        {"assets": [{"url": URL}]},
        {"artifacts": [{"mp4_url": URL}]},
    ],
)
def test_a_result_is_found_where_gateways_put_it(fields: dict[str, Any]) -> None:
    assert _pieces(_succeeded(**fields)) == [("video", URL)]


@pytest.mark.parametrize(
    "fields",
    [
        {"output_images": [IMAGE]},
        {"resultJson": json.dumps({"resultUrls": [IMAGE]})},
        {"images": [{"url": IMAGE}]},
        {"result": {"images": [{"imageUrl": IMAGE}]}},
    ],
)
def test_an_image_is_named_one(fields: dict[str, Any]) -> None:
    assert _pieces(_succeeded(**fields)) == [("image", IMAGE)]


@pytest.mark.parametrize(
    "fields",
    [
        {"input": {"image_url": IMAGE, "video": URL}},
        {"param": json.dumps({"image": IMAGE})},
        {"callback_url": "https://me.example/hook", "callBackUrl": "https://me.example/hook"},
        {"cover": {"resource": IMAGE}, "cover_url": IMAGE, "thumbnail": IMAGE},
        {"task_info": {"url": URL}},
        {"resultJson": "{not JSON", "result": "ok", "works": None, "videos": [None, 1, ""]},
        {"image": IMAGE, "file": IMAGE, "audio": IMAGE, "video": "v.mp4"},
    ],
)
def test_what_is_no_result_is_not_taken_for_one(fields: dict[str, Any]) -> None:
    assert _succeeded(**fields) == ()


def test_one_url_is_one_artifact_with_its_fullest_description() -> None:
    full = {"id": "9", "url": URL, "duration": "5.041", "watermark_url": OTHER}
    bare = {"url": URL}
    for fields in (
        {"task_result": {"videos": [bare, full]}},
        {"task_result": {"videos": [full, bare]}},
        {"task_result": {"videos": [bare]}, "works": [full]},
        {"video_url": URL, "outputs": [{"type": "video"} | full]},
    ):
        (piece,) = _succeeded(**fields)
        assert (piece.url, piece.id, piece.duration_s) == (URL, "9", "5.041")
        assert piece.extra["watermark_url"] == OTHER


def test_a_wrapped_answer_describes_what_the_record_around_it_only_names() -> None:
    inner = {"task_id": "2", "status": "", "task_result": {"videos": [{"id": "9", "url": URL}]}}
    said = observe({"data": {"task_id": "1", "status": "SUCCESS", "video_url": URL, "data": inner}})
    assert said is not None
    assert [(piece.url, piece.id) for piece in said.artifacts] == [(URL, "9")]


def test_different_pieces_stay_apart_and_in_order() -> None:
    found = _succeeded(task_result={"videos": [{"url": OTHER}, {"url": URL}, {"url": OTHER}]})
    assert [piece.url for piece in found] == [OTHER, URL]


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"failMsg": "blocked", "failCode": "422"}, "422", "blocked"),
        ({"error_message": "blocked", "error_code": 7}, "7", "blocked"),
        ({"errorMsg": "blocked"}, None, "blocked"),
        ({"error": {"code": "c", "detail": "blocked"}}, "c", "blocked"),
        ({"failure": {"reason": "blocked", "code": "c"}}, "c", "blocked"),
        ({"detail": "blocked"}, None, "blocked"),
        ({"reason": "blocked", "message": "success"}, None, "blocked"),
        ({"task_status_msg": "", "failure_reason": "blocked"}, None, "blocked"),
        ({"error": 0, "statusReason": "blocked"}, None, "blocked"),
        ({"taskStatusMsg": "blocked", "message": "ok"}, None, "blocked"),
    ],
)
def test_the_reason_of_a_failure_is_found(
    fields: dict[str, Any], code: str | None, reason: str
) -> None:
    said = observe({"task_id": "1", "status": "failed"} | fields)
    assert said is not None
    assert said.error is not None
    assert (said.error.code, said.error.message) == (code, reason)


def test_without_a_known_field_the_other_short_texts_are_given_and_the_receipts_named() -> None:
    said = observe(
        {
            "task_id": "1",
            "status": "failed",
            "model": "kling-v3",
            "input": {"prompt": "a secret plan"},
            "notes": [{"hint": "faces are not allowed"}],
            "video_url": URL,
        }
    )
    assert said is not None
    assert said.error is not None
    assert "hint: faces are not allowed" in said.error.message
    assert "receipts" in said.error.message
    assert "secret plan" not in said.error.message


@pytest.mark.parametrize(
    "fields", [{"moderation": {"labels": ["faces"]}, "code": "x"}, {"code": "faces", "ratio": "x"}]
)
def test_a_word_that_names_no_setting_may_be_the_reason(fields: dict[str, Any]) -> None:
    said = observe({"code": 0, "data": {"task_id": "1", "status": "failed"} | fields})
    assert said is not None
    assert said.error is not None
    assert ": faces (" in said.error.message


_MADE_UP = [
    *("task_not_exist", "Task not found by id/external id", "任务不存在"),
    *("upstream returned 524", "task timeout"),
]


@pytest.mark.parametrize("reason", [*_MADE_UP, "Failure to pass the risk control system", ""])
def test_a_failure_that_a_gateway_made_up_itself_is_doubted(reason: str) -> None:
    said = observe({"task_id": "1", "status": "FAILURE", "fail_reason": reason})
    assert said is not None
    assert said.error is not None
    assert said.error.doubtful is (reason in _MADE_UP)


def test_a_url_that_names_no_host_leaves_a_piece_without_one() -> None:
    for url in (
        "N/A",
        "https://",
        "/files/v.mp4",
        "null",
        "https://null",
        "http://undefined/v.mp4",
    ):
        assert _pieces(_succeeded(task_result={"videos": [{"url": url}]})) == [("video", None)]
    for url in ("https://cdn.example.com/v.mp4", "data:video/mp4;base64,AAAA"):
        given = url.removeprefix("https:")
        assert _pieces(_succeeded(task_result={"videos": [{"url": given}]})) == [("video", url)]


def test_a_failure_without_a_word_names_the_receipts() -> None:
    said = observe({"task_id": "1", "status": "failed", "created_at": "2026-11-28"})
    assert said is not None
    assert said.error is not None
    assert said.error.message.startswith("the provider gave no reason")
    assert "receipts" in said.error.message


def test_every_piece_is_kept() -> None:
    many = [{"id": str(n), "url": f"{URL}?{n}", "duration": "5"} for n in range(300)]
    assert len(_succeeded(task_result={"videos": many})) == 300
