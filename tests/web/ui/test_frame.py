"""The frame around every page: headers, files, errors, language, theme, zone, and where it is."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.browsing import Chromium, open_watched
from tests.support.databases import SqliteTemplate
from tests.support.service import build_environment, serve_service
from tracker.web.ui.frame.files import list_static_files

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
GONE = "/ui/there-is-no-such-page"


@pytest.fixture(scope="module")
def http(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of the file's service, which lies below a path of another host."""
    folder = tmp_path_factory.mktemp("frame")
    env = build_environment(
        sqlite_template.copy(folder),
        folder,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_ROOT_PATH="/below",
    )
    with (
        serve_service(env, workers=False) as url,
        httpx.Client(
            base_url=f"{url}/below", headers=BROWSER, trust_env=False, timeout=60
        ) as client,
    ):
        yield client


def test_browsers_are_led_from_the_root_to_the_dashboard(http: httpx.Client) -> None:
    answer = http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/below/ui")


def test_every_page_carries_the_security_headers(http: httpx.Client) -> None:
    headers = http.get(GONE).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", GONE, 404), ("POST", "/ui", 405), ("GET", "/ui//x", 404)]
)
def test_errors_stand_inside_the_frame_with_the_id_of_the_request(
    http: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = http.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-request-id"] in answer.text
    assert answer.text.count("<h1>") == 1
    assert '<main id="main"' in answer.text


def test_everything_that_a_page_names_lies_below_the_root_path(http: httpx.Client) -> None:
    named = re.findall(r'(?:src|href|action)="([^"#]+)"', http.get(GONE).text)
    assert len(named) >= 6
    assert [one for one in named if not one.startswith("/below/ui")] == []


def test_static_files_are_kept_for_good_under_their_digest_alone(http: httpx.Client) -> None:
    page = http.get(GONE).text
    paths = re.findall(r'(?:src|href)="/below(/ui/static/[^"]+)"', page)
    assert len(paths) == 5
    for path in paths:
        answer = http.get(path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        name = path.rpartition("/")[2]
        assert answer.content == list_static_files()[name].plain
        other = http.get(f"/ui/static/of-another-release/{name}")
        assert other.headers["cache-control"] == "no-store"
        assert other.content == answer.content
    assert http.get("/ui/static/x/routes.py").status_code == 404


def test_pages_are_compressed_for_those_who_can_read_it(http: httpx.Client) -> None:
    with http.stream("GET", GONE) as answer:
        packed = b"".join(answer.iter_raw())
    plain = http.get(GONE, headers={"accept-encoding": "identity"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert len(packed) < len(plain.content)
    assert gzip.decompress(packed).startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("headers", "shown"),
    [
        ({}, ('lang="en"', 'data-theme="system"', "times in UTC")),
        ({"accept-language": "zh-CN"}, ('lang="zh-CN"', "时区：UTC")),
        ({"cookie": "tracker-language=zh"}, ('lang="zh-CN"',)),
        ({"cookie": "tracker-language=en", "accept-language": "zh"}, ('lang="en"',)),
        ({"cookie": "tracker-theme=dark"}, ('data-theme="dark"',)),
        ({"cookie": 'tracker-theme="><script>'}, ('data-theme="system"',)),
        ({"cookie": "tracker-browser-zone=Asia/Shanghai"}, ("times in Asia/Shanghai",)),
        (
            {"cookie": "tracker-browser-zone=Asia/Shanghai; tracker-zone=America/New_York"},
            ("times in America/New_York",),
        ),
        ({"cookie": "tracker-zone=../../etc/passwd"}, ("times in UTC", "data-zone-unknown")),
        ({"cookie": "tracker-zone=America"}, ("times in UTC",)),
    ],
)
def test_language_theme_and_zone_come_from_cookies(
    http: httpx.Client, headers: dict[str, str], shown: tuple[str, ...]
) -> None:
    page = http.get(GONE, headers=headers).text
    assert [one for one in shown if one not in page] == []


def test_without_the_dashboard_browsers_get_the_places(sqlite_url: str, tmp_path: Path) -> None:
    env = build_environment(
        sqlite_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None, TRACKER_UI="off"
    )
    with (
        serve_service(env, workers=False) as url,
        httpx.Client(base_url=url, headers=BROWSER, trust_env=False, timeout=60) as client,
    ):
        assert "/docs" in client.get("/").text
        answer = client.get("/ui")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.browser
def test_a_page_speaks_in_the_browsers_zone_from_the_first_visit_on(
    http: httpx.Client, chromium: Chromium
) -> None:
    url = str(http.base_url).rstrip("/")
    with open_watched(chromium, url, timezone_id="Asia/Shanghai", locale="zh-CN") as seen:
        page = seen.open(GONE)
        page.get_by_text("时区：Asia/Shanghai").wait_for()
        assert page.locator("h1").count() == 1
        assert [one for one in seen.complaints if "404" not in one] == []
        assert seen.strangers == []
