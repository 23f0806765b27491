"""Where the service stands: below a path, behind a proxy, over TLS, and under more prefixes."""

import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.keys import build_bearer, issue
from tests.support.requests import (
    EXAMPLE,
    SECRET,
    build_kling_callback,
    build_submission,
    find_callback_path,
)
from tests.support.service import build_environment, serve_service
from tests.support.tls import make_certificates
from tests.support.waiting import wait_until
from tracker.settings import Settings, SettingsError

Serve = Callable[..., str]
CREATE = "/v1/videos/multi-image2video"


@pytest.fixture
def serve(sqlite_url: str, tmp_path: Path) -> Iterator[Serve]:
    """Start the service with these settings; its address."""
    with ExitStack() as stack:

        def start(**settings: str) -> str:
            env = build_environment(
                sqlite_url,
                tmp_path,
                provider_url="http://127.0.0.1:9",
                public_url=None,
                **settings,
            )
            return stack.enter_context(serve_service(env, workers=False))

        yield start


def posted(url: str) -> httpx.Response:
    """The contract's example, posted there."""
    return httpx.post(url, json=EXAMPLE, trust_env=False, timeout=60)


@pytest.mark.parametrize("is_stripped", [True, False])
def test_below_a_path_everything_is_found_whether_or_not_the_proxy_strips_it(
    serve: Serve, *, is_stripped: bool
) -> None:
    url = serve(TRACKER_ROOT_PATH="/below/here")
    base = url if is_stripped else f"{url}/below/here"
    for prefix in ("", "/kling", "/proxy/kling"):
        made = posted(f"{base}{prefix}{CREATE}").json()["data"]
        found = httpx.get(f"{base}{prefix}{CREATE}/{made['task_id']}", trust_env=False, timeout=60)
        assert found.json()["data"]["task_id"] == made["task_id"]
    answer = httpx.post(f"{base}/v1/tasks", json=build_submission(), trust_env=False, timeout=60)
    assert answer.headers["location"].startswith("/below/here/v1/tasks/")
    listed = httpx.get(f"{base}/v1/tasks?limit=1", trust_env=False, timeout=60)
    assert listed.headers["link"].startswith("</below/here/v1/tasks?")
    assert httpx.get(f"{base}/healthz", trust_env=False, timeout=60).status_code == 200
    assert httpx.get(f"{base}/kling/nothing", trust_env=False, timeout=60).json()["code"] == 1203


@pytest.mark.parametrize("root", ["/below", "/callbacks", "/callbacks/below"])
def test_callbacks_are_told_from_the_rest_below_any_path(serve: Serve, root: str) -> None:
    base = f"{serve(TRACKER_ROOT_PATH=root, TRACKER_CALLBACK_SECRETS=SECRET.decode())}{root}"
    with httpx.Client(trust_env=False, timeout=60) as http:
        task = http.post(f"{base}/v1/tasks", json=build_submission()).json()["id"]
        said = http.post(
            f"{base}{find_callback_path(task)}", content=build_kling_callback("processing")
        )
        assert said.json() == {"verdict": "advanced"}
        found = http.post(f"{base}/v1/tasks/query", json={"ids": [task]}).json()
        assert [one["task"]["state"] for one in found["items"]] == ["running"]


@pytest.mark.parametrize("after", ["", "/", "/more"])
def test_the_token_of_a_callback_url_is_not_logged_below_a_path_either(
    serve: Serve, caplog: pytest.LogCaptureFixture, after: str
) -> None:
    url = serve(TRACKER_ROOT_PATH="/below", TRACKER_LOG_LEVEL="info")
    with caplog.at_level(logging.INFO, "tracker.access"):
        posted(f"{url}/below/callbacks/kling/shared/the-token{after}")
        # The line is written after the answer, which may be here before it.
        wait_until(lambda: "/callbacks/kling/shared/…" in caplog.text)
    assert "the-token" not in caplog.text


def test_more_prefixes_are_served_by_setting(serve: Serve) -> None:
    url = serve(TRACKER_KLING_PREFIXES="/klingai, /api/v1/open/kling")
    for prefix in ("/klingai", "/api/v1/open/kling", "/kling", ""):
        assert posted(f"{url}{prefix}{CREATE}").status_code == 200
    assert posted(f"{url}/other{CREATE}").status_code == 404


def test_it_answers_over_tls_and_to_nobody_without(serve: Serve, tmp_path: Path) -> None:
    made = make_certificates(tmp_path, "127.0.0.1")
    url = serve(TRACKER_TLS_CERT=str(made.cert), TRACKER_TLS_KEY=str(made.key))
    trust = ssl.create_default_context(cafile=made.authority)
    with httpx.Client(verify=trust, trust_env=False, timeout=60) as http:
        assert http.post(f"{url}/kling{CREATE}", json=EXAMPLE).json()["code"] == 0
    with pytest.raises(httpx.HTTPError):
        posted(url.replace("https", "http") + CREATE)


def test_a_proxys_headers_do_not_open_the_door(serve: Serve, sqlite_url: str) -> None:
    """A stranger whom a proxy on this machine forwards is not local."""
    url = serve()
    key = issue(sqlite_url)
    forwarded = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
    answer = httpx.get(f"{url}{CREATE}", headers=forwarded, trust_env=False, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (401, 1001)
    answer = httpx.get(
        f"{url}{CREATE}", headers=forwarded | build_bearer(key), trust_env=False, timeout=60
    )
    assert answer.json()["code"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACKER_ROOT_PATH", "below"),
        ("TRACKER_ROOT_PATH", "/below/"),
        ("TRACKER_KLING_PREFIXES", "/v1"),
        ("TRACKER_KLING_PREFIXES", "/ok,/callbacks/x"),
        ("TRACKER_KLING_PREFIXES", "no-slash"),
        ("TRACKER_TLS_CERT", "/no/such/file"),
    ],
)
def test_a_place_that_cannot_be_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.read_environment({name: value})


def test_half_of_tls_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.touch()
    with pytest.raises(SettingsError, match="TRACKER_TLS_KEY go together"):
        Settings.read_environment({"TRACKER_TLS_CERT": str(file)})
