"""Signing in and out over HTTP: who gets in, what a cookie opens, and what other sites may do."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.dashboard import BROWSER, OWN, Person, open_session, sign_in
from tests.support.keys import build_bearer, issue
from tests.support.service import build_environment, serve_service
from tests.support.waiting import wait_until
from tests.web.conftest import Shared
from tracker.domain.access import Scope
from tracker.services.access.sessions import WRONG_PER_MINUTE
from tracker.web.ui.frame.signing import SESSION_COOKIE, check_own_path

SETTINGS = {
    "language": "auto",
    "theme": "dark",
    "density": "compact",
    "previews": "ask",
    "shortcuts": "off",
    "zone": "Asia/Shanghai",
}


@pytest.fixture
def stranger(shared_idle: Shared) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=shared_idle.url, headers=BROWSER, trust_env=False, timeout=60
    ) as client:
        yield client


def test_a_key_opens_a_session_that_scripts_and_the_api_never_see(
    person: Person, shared_idle: Shared
) -> None:
    again = person.http.post(
        "/ui/sign-in", data={"key": person.key.secret, "next": "/settings?a=b"}
    )
    assert (again.status_code, again.headers["location"]) == (303, "/ui/settings?a=b")
    cookie = again.headers["set-cookie"]
    assert person.key.secret not in cookie
    assert {"HttpOnly", "Path=/ui", "SameSite=strict"} <= set(cookie.split("; "))
    secret = person.http.cookies[SESSION_COOKIE]
    with httpx.Client(base_url=shared_idle.url, trust_env=False, timeout=60) as program:
        everything = {"cookie": f"{SESSION_COOKIE}={secret}"}
        assert program.get("/v1/tasks", headers=everything).status_code == 401
        assert program.post("/v1/keys", json={}, headers=everything).status_code == 401
        for header in ({"authorization": f"Bearer {secret}"}, {"x-api-key": secret}):
            assert program.get("/v1/tasks", headers=header).status_code == 401
        listed = program.get("/v1/keys", headers=build_bearer(person.key))
        assert secret not in listed.text
        assert {one["kind"] for one in listed.json()["keys"]} == {"key"}


def test_whoever_has_not_signed_in_is_led_to_do_so_and_then_on(stranger: httpx.Client) -> None:
    led = stranger.get("/ui/sign-in", params={"next": "/settings?a=b&c=d"})
    assert 'name="next" value="/settings?a=b&amp;c=d"' in led.text
    for path in ("https://evil.example", "//evil.example", "/sign-out", "/\\evil", "/../v1/tasks"):
        page = stranger.get("/ui/sign-in", params={"next": path})
        assert 'name="next" value=""' in page.text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/tasks?state=failed&metadata.order=1001", "kept"),
        ("/tasks/01a2226a-0000-7000-8000-000000000000#r12", "dropped"),
        ("/find?q=%E4%BB%BB", "kept"),
        ("", "dropped"),
        ("tasks", "dropped"),
        ("/tasks\n", "dropped"),
        ("/tasks?next=//evil", "kept"),
        ("//evil.example", "dropped"),
        ("/%2fevil.example", "dropped"),
        ("/%2e%2e/v1", "dropped"),
        ("/a/../b", "dropped"),
        ("/\\evil.example", "dropped"),
        ("/%5cevil.example", "dropped"),
        ("javascript:alert(1)", "dropped"),
        ("/" + "a" * 3000, "dropped"),
    ],
)
def test_only_own_paths_are_returned_to(given: str, kept: str) -> None:
    assert check_own_path(given) == (given if kept == "kept" else "")


def test_wrong_keys_halves_of_pairs_and_sessions_open_nothing(
    stranger: httpx.Client, person: Person, shared_idle: Shared
) -> None:
    pair = issue(shared_idle.database_url, kling=True)
    wrong = ("trk_wrong", "", pair.secret, pair.access_key, person.http.cookies[SESSION_COOKIE])
    for key in wrong:
        answer = stranger.post("/ui/sign-in", data={"key": key}, headers=OWN)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert 'aria-invalid="true"' in answer.text


def test_after_ten_wrong_keys_a_minute_further_ones_wait(shared_idle: Shared) -> None:
    # The service trusts a proxy on this machine to tell the sender's address.
    headers = {**BROWSER, **OWN, "x-forwarded-for": "203.0.113.9"}
    with httpx.Client(
        base_url=shared_idle.url, headers=headers, trust_env=False, timeout=60
    ) as client:
        answers = [client.post("/ui/sign-in", data={"key": "trk_no"}) for _ in range(30)]
    told = [one.status_code for one in answers]
    assert told[:WRONG_PER_MINUTE] == [401] * WRONG_PER_MINUTE
    assert set(told) == {401, 429}
    refused = answers[told.index(429)]
    assert int(refused.headers["retry-after"]) >= 1
    assert "set-cookie" not in refused.headers


def test_signing_out_and_revoking_the_key_end_the_session(
    person: Person, shared_idle: Shared
) -> None:
    secret = person.http.cookies[SESSION_COOKIE]
    # Another service of the host has set a cookie of this name for all its paths.
    other = {"cookie": f"{SESSION_COOKIE}={secret}; {SESSION_COOKIE}=planted"}
    with httpx.Client(base_url=shared_idle.url, headers={**BROWSER, **OWN}, timeout=60) as copy:
        assert copy.get("/ui/attention", headers=other).status_code == 200
    sign_in(person.http, person.key.secret)  # the session before it ends: its cookie is gone
    with httpx.Client(base_url=shared_idle.url, headers={**BROWSER, **OWN}, timeout=60) as copy:
        assert copy.get("/ui/attention", headers=other).status_code == 303
    other = {"cookie": f"{SESSION_COOKIE}={person.http.cookies[SESSION_COOKIE]}"}
    led = person.send("/sign-out")
    assert (led.status_code, led.headers["location"]) == (303, "/ui/sign-in")
    with httpx.Client(base_url=shared_idle.url, headers={**BROWSER, **OWN}, timeout=60) as copy:
        after = copy.get("/ui/attention", headers=other)
        assert (after.status_code, after.headers["location"]) == (
            303,
            "/ui/sign-in?next=%2Fattention",
        )
        refused = copy.post("/ui/tasks/refresh", data={"ids": "x"}, headers=other)
        assert refused.status_code == 401
        assert "Nothing was done. Sign in" in refused.text
        assert "Bearer" not in refused.text
    with open_session(shared_idle.url, shared_idle.database_url) as one:
        keys = httpx.Client(
            base_url=shared_idle.url, headers=build_bearer(one.key), trust_env=False, timeout=60
        )
        with keys:
            assert keys.delete(f"/v1/keys/{one.key.row.id}").status_code == 204
        wait_until(lambda: one.get("/attention").status_code == 303)
        assert one.send("/tasks/refresh", ids="x").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ],
)
def test_forms_of_other_sites_and_of_nobody_are_refused(
    stranger: httpx.Client, person: Person, headers: dict[str, str]
) -> None:
    cookie = {"cookie": f"{SESSION_COOKIE}={person.http.cookies[SESSION_COOKIE]}"}
    for path, fields in (
        ("/ui/sign-in", {"key": person.key.secret}),
        ("/ui/sign-out", {}),
        ("/ui/settings", SETTINGS),
    ):
        answer = stranger.post(path, data=fields, headers=headers | cookie)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert person.get("/attention").status_code == 200


def test_an_old_browser_is_known_by_its_origin(stranger: httpx.Client, person: Person) -> None:
    sent = {"origin": str(stranger.base_url).rstrip("/")}
    answer = stranger.post("/ui/sign-in", data={"key": person.key.secret}, headers=sent)
    assert answer.status_code == 303


def test_a_link_from_elsewhere_asks_once_more_and_then_opens(
    stranger: httpx.Client, person: Person
) -> None:
    link = {"sec-fetch-site": "cross-site"}
    first = stranger.get("/ui/attention?x=1", headers=link)
    assert (first.status_code, "set-cookie" in first.headers) == (200, False)
    assert '<meta http-equiv="refresh" content="0">' in first.text
    assert "<script" not in first.text
    assert "default-src 'none'" in first.headers["content-security-policy"]
    second = stranger.get("/ui/attention", headers=OWN)
    assert second.headers["location"] == "/ui/sign-in?next=%2Fattention"
    assert person.get("/attention").status_code == 200
    # With a session that has ended there is nothing to wait for.
    ended = link | {"cookie": f"{SESSION_COOKIE}=trkses_ended"}
    assert stranger.get("/ui/attention", headers=ended).status_code == 303


def test_what_is_no_navigation_is_told_so(stranger: httpx.Client) -> None:
    for headers in ({"sec-fetch-mode": "cors"}, {"sec-fetch-mode": "no-cors"}):
        assert stranger.get("/ui/attention", headers=headers).status_code == 401


def test_without_keys_the_dashboard_is_open_here_and_says_so(
    sqlite_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("open")
    env = build_environment(sqlite_url, folder, provider_url="http://127.0.0.1:9", public_url=None)
    with (
        serve_service(env, workers=False) as url,
        httpx.Client(
            base_url=url, headers={**BROWSER, **OWN}, trust_env=False, timeout=60
        ) as client,
    ):
        for path in ("/attention", "/settings"):
            shown = client.get(f"/ui{path}").text
            assert "open: no key" in shown
            assert "/ui/keys" in shown  # the way to every page that it opens
        assert "You need not sign in" in client.get("/ui/sign-in").text
        assert "plain HTTP" not in client.get("/ui/sign-in").text
        by_proxy = {"x-forwarded-for": "203.0.113.9", "x-forwarded-host": "tracker.example"}
        led = client.get("/ui/attention", headers=by_proxy)
        assert led.status_code == 303
        page = client.get("/ui/sign-in", headers=by_proxy | {"host": "tracker.example"})
        assert "tracker keys create" in page.text
        assert "plain HTTP" in page.text
        # A page of another site may not even try.
        foreign = {"sec-fetch-site": "cross-site"}
        assert client.post("/ui/sign-out", headers=foreign).status_code == 403


def test_settings_are_cookies_and_say_that_they_are_kept(person: Person) -> None:
    answer = person.send("/settings", **SETTINGS, back="/attention")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/ui/settings?back=%2Fattention",
    )
    page = person.see("/settings", back="/attention")
    assert "Saved." in page
    assert "Saved." not in person.see("/settings")
    for shown in ('data-theme="dark"', "data-compact", "times in Asia/Shanghai"):
        assert shown in page
    assert "data-shortcuts" not in page
    for wrong in ({"theme": "pink"}, {"zone": "Nowhere/Atlantis"}, {"language": ""}):
        assert person.send("/settings", **(SETTINGS | wrong)).status_code == 400
    back = person.send("/settings", **(SETTINGS | {"theme": "system", "language": "zh"}))
    assert back.status_code == 303
    assert "设置" in person.see("/settings")


def test_what_a_read_only_key_may_not_is_refused(shared_idle: Shared) -> None:
    with open_session(
        shared_idle.url, shared_idle.database_url, scopes={Scope.TASKS_READ}
    ) as reader:
        assert "(read-only)" in reader.see("/attention")
