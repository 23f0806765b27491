"""`/`: a page for browsers, JSON for others, at a path of its own or below another host's."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.service import build_environment, serve_to_client
from tracker import __version__

SECRET = "a-secret-that-no-page-shows"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_programs_get_json_and_every_path_in_it_answers(http: httpx.Client) -> None:
    answer = http.get("/")
    body = answer.json()
    assert (body["service"], body["version"]) == ("tracker", __version__)
    paths = [value for value in body.values() if value.startswith("/")]
    assert len(paths) == 7
    assert [path for path in paths if http.get(path).is_error] == []


@pytest.fixture
def http_without_pages(sqlite_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a service whose dashboard is off, below a path of another host."""
    env = build_environment(
        sqlite_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None
    )
    env |= {"TRACKER_ROOT_PATH": "/tracker", "TRACKER_KLING_API_KEY": SECRET, "TRACKER_UI": "off"}
    with serve_to_client(env, workers=False) as client:
        yield client


def test_browsers_are_led_to_the_dashboard(http: httpx.Client) -> None:
    answer = http.get("/", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (307, "/ui")


def test_browsers_get_a_page_in_their_language_where_the_dashboard_is_off(
    http_without_pages: httpx.Client,
) -> None:
    http = http_without_pages
    for accept, words in (("en-GB,en;q=0.9", "What needs a human"), ("zh-CN", "需要人处理的事")):
        answer = http.get("/tracker/", headers=BROWSER | {"accept-language": accept})
        assert words in answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "script" not in answer.headers["content-security-policy"].replace("script-src", "")
        links = re.findall(r'href="([^"]+)"', answer.text)
        assert "/tracker/docs" in links
        assert [link for link in links if http.get(link).is_error] == []
        assert SECRET not in answer.text


def test_below_a_path_of_another_host_all_links_stay_there(
    http_without_pages: httpx.Client,
) -> None:
    http = http_without_pages
    links = re.findall(r'href="([^"]+)"', http.get("/tracker/", headers=BROWSER).text)
    assert links
    assert all(link.startswith("/tracker/") for link in links)
    missing = http.get("/tracker/v1/tasks/0199aaaa-0000-7000-8000-000000000000")
    assert missing.headers["link"] == '</tracker/docs/problems#not-found>; rel="help"'
    assert SECRET not in missing.text
