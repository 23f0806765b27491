"""Problems in the reader's language: catalogues that are whole, and answers that follow them."""

import re
from typing import Any

import httpx
import pytest

from docs import draw
from tracker.locale import ENGLISH, LANGUAGES, SIMPLIFIED_CHINESE, load_explanations, translate
from tracker.locale.texts import SLOT
from tracker.locale.zh_cn import fields, texts
from tracker.web.edge import problems

SLUGS = {kind.slug for kind in (*problems.KINDS.values(), problems.MALFORMED)} | {
    "method-not-allowed"  # starlette's own
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_type_is_explained(language: Any) -> None:
    explained = load_explanations(language)
    assert SLUGS - set(explained) == set(), "add it to tracker/locale/*/problems.py"
    assert list(explained) == list(load_explanations(ENGLISH))
    assert all(all(part.strip() for part in one) for one in explained.values())


def test_a_translation_keeps_what_varies() -> None:
    for template, wording in [*fields.TEXTS.items(), *texts.TEXTS.items()]:
        used = {int(number) for number in re.findall(r"\{(\d)(?::t)?\}", wording)}
        assert used == set(range(template.count(SLOT))), template
        values = [f"<{number}>" for number in range(template.count(SLOT))]
        text = template
        for value in values:
            text = text.replace(SLOT, value, 1)
        said = translate(text, SIMPLIFIED_CHINESE)
        assert all(value in said for value in values), template
        assert said != template


def test_the_committed_pages_are_what_the_catalogues_say() -> None:
    for language, page in draw.PROBLEMS.items():
        drawn = draw.drawn(page.read_text(), draw.problem_types(language))
        assert drawn == page.read_text(), "run `make docs`"


def _problem(http: httpx.Client, accept: str, **request: Any) -> tuple[httpx.Response, Any]:
    headers = {"accept-language": accept, **request.pop("headers", {})}
    answer = http.request(**request, headers=headers)
    return answer, answer.json()


def test_a_problem_follows_accept_language_and_points_to_its_explanation(
    http: httpx.Client,
) -> None:
    task = {"method": "GET", "url": "/v1/tasks/0199aaaa-0000-7000-8000-000000000000"}
    answer, body = _problem(http, "zh-CN,zh;q=0.9,en;q=0.8", **task)
    assert (body["title"], body["detail"]) == ("未找到", "没有这个任务")
    assert body["type"] == "urn:tracker:problem:not-found"
    assert answer.headers["content-language"] == "zh-CN"
    assert answer.headers["vary"] == "Accept-Language"
    assert answer.headers["link"] == '</docs/problems#not-found>; rel="help"'
    answer, body = _problem(http, "de", **task)
    assert (body["title"], body["detail"]) == ("Not found", "there is no such task")
    assert answer.headers["content-language"] == "en"


def test_every_wrong_field_is_translated_with_its_path(http: httpx.Client) -> None:
    request = {"provider": "kling", "operation": "videos/multi-image2video", "promt": 1}
    _, body = _problem(http, "zh", method="POST", url="/v1/tasks", json=request)
    wrong = {e["path"]: e["reason"] for e in body["errors"]}
    assert wrong["promt"].startswith("没有这个字段；此处可用：account, deadline_s, ")
    assert "promt：没有这个字段" in body["detail"]
    _, body = _problem(http, "zh", method="GET", url="/v1/tasks?limit=9999")
    assert body["errors"][0]["reason"] == "必须是 1 到 500 之间的整数"
    answer, body = _problem(http, "zh", method="PUT", url="/v1/tasks")
    assert (body["title"], answer.headers["allow"]) == ("此处不支持该方法", "GET, HEAD, POST")
    _, body = _problem(http, "zh", method="GET", url="/nowhere")
    assert body["detail"] == "服务没有这个地址"


def test_a_method_that_is_not_allowed_is_answered_with_one_list(http: httpx.Client) -> None:
    answer = http.get("/callbacks/kling/shared/token")
    assert answer.status_code == 405
    assert answer.headers.get_list("allow") == ["POST"]


def test_the_pages_of_the_service_are_in_the_readers_language(http: httpx.Client) -> None:
    for accept, words in (("en", "What to do"), ("zh-CN", "处理办法")):
        page = http.get("/docs/problems", headers={"accept-language": accept})
        assert words in page.text
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        for slug in SLUGS:
            assert f'id="{slug}"' in page.text
