"""The list of tasks without a browser: filters, paging, chips, files."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.dashboard import build_cookie_header
from tests.support.requests import build_kling_callback, find_callback_path, submit
from tests.support.waiting import wait_until
from tests.web.conftest import Shared

ROW = re.compile(r'<tr id="t-([0-9a-f-]{36})">')
OLDER = re.compile(r'<a rel="next" href="([^"]+)"')
HOSTILE = '=cmd|"/c calc"!A0'


@pytest.fixture(scope="module")
def http(shared_idle: Shared) -> Iterator[httpx.Client]:
    """A client for the file's one tenant, which has 60 tasks."""
    with shared_idle.client() as client:
        for number in range(60):
            operation = "images/generations" if number % 7 == 0 else "videos/multi-image2video"
            more: dict[str, Any] = {}
            if number % 7 == 0:
                more = {"input": {"prompt": "a cat"}, "operation": operation}
            made = submit(
                client,
                external_task_id=f"{HOSTILE}-{number}" if number < 2 else f"job-{number}",
                metadata={"order": str(number % 5), "who": "王芳 &=#?"},
                **more,
            )
            if number in (3, 4):
                done = client.post(
                    find_callback_path(made["id"]),
                    content=build_kling_callback("succeed", task_id=f"8812045{number}"),
                )
                assert done.status_code == 200, done.text
        yield client


def ids(page: str) -> list[str]:
    """Return the ids of a page's rows."""
    return ROW.findall(page)


def api_ids(http: httpx.Client, asked: str) -> list[str]:
    """Return the ids that the API lists."""
    return [task["id"] for task in http.get(f"/v1/tasks?limit=500&{asked}").json()["tasks"]]


FILTERS = [
    "",
    "state=queued",
    "state=succeeded&state=failed",
    "provider=kling",
    "provider=luma",
    "account=default",
    "account=other&state=queued",
    "operation=images/generations",
    "external_task_id=job-9",
    "created_after=2020-01-01T00:00:00Z",
    "created_before=2020-01-01T00:00:00Z",
    "updated_after=2020-01-01T00:00:00%2B08:00",
    "overdue=true",
    "overdue=false",
    "metadata.order=3",
    "metadata.order=3&metadata.who=%E7%8E%8B%E8%8A%B3%20%26%3D%23%3F",
    "order=asc&metadata.order=1&state=queued",
]


@pytest.mark.parametrize("asked", FILTERS)
def test_a_filter_gives_what_the_api_gives(http: httpx.Client, asked: str) -> None:
    answer = http.get(f"/ui/tasks?limit=200&{asked}".rstrip("&"))
    assert answer.status_code == 200
    assert ids(answer.text) == api_ids(http, asked)


def test_older_to_the_end_meets_every_task_once(http: httpx.Client) -> None:
    found: list[str] = []
    path = "/ui/tasks?limit=50&metadata.who=%E7%8E%8B%E8%8A%B3%20%26%3D%23%3F"
    for _ in range(10):
        page = http.get(path).text
        found += ids(page)
        onward = OLDER.search(page)
        if onward is None:
            break
        path = onward[1].replace("&amp;", "&")
    assert found == api_ids(http, "")
    assert len(found) == len(set(found)) == 60


@pytest.mark.parametrize(
    ("sent", "led_to"),
    [
        ("provider=&operation=&state=queued", "state=queued"),
        ("metadata_key=order&metadata_value=1001", "metadata.order=1001"),
        ("limit=&provider=", ""),
        (
            "created_after=2026-07-01T08:00:00",
            "created_after=2026-07-01T08%3A00%3A00%2B02%3A00",
        ),
    ],
)
def test_a_form_is_led_to_the_apis_own_parameters(
    http: httpx.Client, sent: str, led_to: str
) -> None:
    answer = http.get(
        f"/ui/tasks?{sent}", headers=build_cookie_header(http, tracker_zone="Europe/Berlin")
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/ui/tasks{'?' if led_to else ''}{led_to}"


@pytest.mark.parametrize(
    "asked", ["stat=queued", "state=nonsense", "limit=0", "created_after=yesterday", "cursor=x"]
)
def test_what_is_no_filter_is_refused_inside_the_frame(http: httpx.Client, asked: str) -> None:
    answer = http.get(f"/ui/tasks?{asked}")
    assert answer.status_code == 400
    assert '<main id="main"' in answer.text


def test_another_tenant_sees_none_of_it_and_is_told_how_to_begin(shared_idle: Shared) -> None:
    with shared_idle.client() as other:
        page = other.get("/ui/tasks").text
        assert ids(page) == []
        assert "tracker submit" in page
        assert other.get("/ui/tasks.jsonl").text == ""


def test_chips_count_what_is_open_and_what_ended(http: httpx.Client) -> None:
    chips: dict[str, str] = {}

    def are_counted() -> bool:
        """Look until the counts are there: a page waits 50 ms for them, and shows none then."""
        page = http.get("/ui/tasks").text
        chips.update(re.findall(r'class="is (\w+)">\w+</span> <b>([\d,k+]+)</b>', page))
        return bool(chips)

    wait_until(are_counted)
    assert (chips["succeeded"], chips["queued"]) == ("2", "58")


def test_csv_opens_without_a_formula(http: httpx.Client) -> None:
    answer = http.get("/ui/tasks.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == api_ids(http, "")
    named = [row["external_task_id"] for row in rows if "calc" in row["external_task_id"]]
    assert len(named) == 2
    assert all(name.startswith("'=cmd") for name in named)
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    assert rows[0]["created_at"].endswith("Z")


def test_json_lines_are_what_the_api_says(http: httpx.Client) -> None:
    lines = http.get("/ui/tasks.jsonl?state=succeeded").text.splitlines()
    listed = http.get("/v1/tasks?state=succeeded").json()["tasks"]
    assert [json.loads(line) for line in lines] == listed


def test_a_list_is_small_on_the_wire_and_in_the_browser(http: httpx.Client) -> None:
    with http.stream("GET", "/ui/tasks?limit=50", headers={"accept-encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    plain = http.get("/ui/tasks?limit=50").text
    assert len(ids(plain)) == 50
    assert len(packed) <= 12 * 1024
    assert len(re.findall(r"<[a-z]", plain)) <= 1500


def test_a_failure_without_a_reason_is_told_in_chinese_wherever_it_stands(
    http: httpx.Client,
) -> None:
    task = submit(http, external_task_id="wordless")
    failed = build_kling_callback("failed", task_id="wordless-1", task_status_msg="")
    assert http.post(find_callback_path(task["id"]), content=failed).status_code == 200
    for path in (f"/ui/tasks/{task['id']}", "/ui/tasks?external_task_id=wordless"):
        page = http.get(path, headers={"accept-language": "zh-CN"}).text
        # The JSON to be copied is what the API answers, in no language of a reader's.
        page = re.sub(r'<textarea id="copy-json".*?</textarea>', "", page, flags=re.DOTALL)
        assert "服务商没有说明原因" in page
        assert "gave no reason" not in page
