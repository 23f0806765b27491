"""Pages of other sites that use a front with a key of their own."""

import httpx

from tests.support.requests import EXAMPLE, MULTI_IMAGE

PAGE = {"origin": "https://web-client.example"}
ALLOWED = "access-control-allow-origin"


def test_a_browser_is_told_that_a_page_may_send_a_call(shared_http: httpx.Client) -> None:
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    answer = shared_http.options(MULTI_IMAGE, headers=PAGE | asked)
    assert (answer.status_code, answer.headers[ALLOWED]) == (204, "*")
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_a_page_reads_what_its_own_key_may_see(shared_http: httpx.Client) -> None:
    for headers, expected in ((PAGE, "*"), ({}, None)):
        made = shared_http.post(MULTI_IMAGE, json=EXAMPLE, headers=headers)
        assert made.status_code == 200
        assert made.headers.get(ALLOWED) == expected
        listed = shared_http.get(MULTI_IMAGE, headers=headers)
        assert listed.headers.get(ALLOWED) == expected
    refused = shared_http.get(MULTI_IMAGE, headers=PAGE | {"authorization": "Bearer nobody"})
    assert (refused.status_code, refused.headers[ALLOWED]) == (401, "*")


def test_a_page_reads_nothing_where_no_key_is_asked_for(http: httpx.Client) -> None:
    answer = http.get(MULTI_IMAGE, headers=PAGE)
    assert answer.status_code == 200
    assert ALLOWED not in answer.headers
    assert http.post(MULTI_IMAGE, json=EXAMPLE, headers=PAGE).status_code == 403
