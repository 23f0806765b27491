"""No password of an address is printed where the service cannot be asked."""

import httpx
import pytest

from tracker.cli.refusals import hide_password, no_answer, reason_of

URL = "https://user:p%40ss@tracker.example:8443/root?x=a@b"


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("[Errno 111] Connection refused"),
        httpx.ConnectError("[Errno -2] Name or service not known"),
        httpx.ReadTimeout("timed out"),
        httpx.RemoteProtocolError("illegal status line"),
        httpx.ConnectError("CERTIFICATE_VERIFY_FAILED"),
        httpx.ConnectError("WRONG_VERSION_NUMBER"),
        httpx.ReadError("something else"),
    ],
)
def test_an_address_is_told_without_its_password(error: httpx.HTTPError) -> None:
    told = no_answer(URL, error)
    assert told.startswith("https://***@tracker.example:8443/root?x=a@b: ")


def test_an_answer_of_another_service_is_told_so_too() -> None:
    answer = httpx.Response(404, text="no", request=httpx.Request("GET", URL))
    assert "https://***@tracker.example" in reason_of(answer)
    assert hide_password("http://127.0.0.1:8000/a@b") == "http://127.0.0.1:8000/a@b"
