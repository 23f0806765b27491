"""No password of an address is printed where the service cannot be asked."""

import httpx
import pytest
from click.testing import CliRunner

from tracker.cli.main import main
from tracker.cli.refusals import explain_refusal, explain_silence, hide_password

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
    told = explain_silence(URL, error)
    assert told.startswith("https://***@tracker.example:8443/root: ")


def test_an_answer_of_another_service_is_told_so_too() -> None:
    answer = httpx.Response(404, text="no", request=httpx.Request("GET", URL))
    assert "https://***@tracker.example" in explain_refusal(answer)
    assert hide_password("http://127.0.0.1:8000/a@b") == "http://127.0.0.1:8000/a@b"


@pytest.mark.parametrize(
    ("name", "value", "options"),
    [
        ("TRACKER_URL", "ht tp://q7z0x9", ()),
        ("TRACKER_URL", "http://127.0.0.1:9/?key=q7z0x9", ()),
        ("TRACKER_URL", "http://u:q7z0x9@127.0.0.1:9", ()),
        ("TRACKER_URL", "http://h:q7z0x9", ()),
        ("TRACKER_API_KEY", "q7z0x9 \xe9", ()),
        ("HTTP_PROXY", "u:q7z0x9:x", ("--url", "http://tracker.example")),
        ("HTTP_PROXY", "q7z0x9:99999", ("--url", "http://tracker.example")),
        ("HTTP_PROXY", "http://q7z0x9 \xe9", ("--url", "http://tracker.example")),
        ("HTTP_PROXY", "socks5://u:q7z0x9@h:1", ("--url", "http://tracker.example")),
        ("SSL_CERT_FILE", "q7z0x9", ("--url", "https://127.0.0.1:9")),
        ("SSL_CERT_FILE", "q7z0x9" * 100, ("--url", "https://127.0.0.1:9")),
    ],
)
def test_a_secret_in_the_wrong_place_is_not_printed(
    name: str, value: str, options: tuple[str, ...]
) -> None:
    env = {"TRACKER_URL": "http://127.0.0.1:9"} | {name: value}
    said = CliRunner(env=env).invoke(main, ("tasks", "list", *options), prog_name="tracker")
    assert said.exit_code in (1, 2)
    assert len(said.stderr.splitlines()) == 1
    assert "q7z0x9" not in said.output


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (("tasks", "show", "a\x1b[31m"), b""),
        (("tasks", "show", "\udcff"), b""),
        (("tasks", "wait", "x" * 70_000), b""),
        (("tail", "--after", "\udcff"), b""),
        (("submit", "--input", '{"prompt": "\udcff"}'), b""),
        (("submit", "--input", "[" * 20_000), b""),
        (("submit", "--input", "[" * 900 + "]" * 900), b""),
        (("submit", "--input", "-"), b'{"prompt": "\xff"}'),
        (("submit", "--input", "-"), b""),
        (("submit", "--input", "@/"), b""),
        (("submit", "--input", "@\0"), b""),
        (("emulate", "--webhook-secret", "x"), b""),
        (("emulate", "--webhook-secret", "whsec_"), b""),
        (("emulate", "--webhook-secret", "whsec_no base64"), b""),
        (("tasks", "list", "--url", "9" * 20), b""),
        (("version", "--url", "http://[::1"), b""),
        (("listen", "--forward-to", "localhost:99999"), b""),
    ],
    ids=range(17),
)
def test_what_cannot_be_sent_ends_in_one_line(arguments: tuple[str, ...], given: bytes) -> None:
    env = {"TRACKER_URL": "http://127.0.0.1:9", "TRACKER_API_KEY": None}
    said = CliRunner(env=env).invoke(main, arguments, input=given, prog_name="tracker")
    assert (said.exit_code in (1, 2), len(said.stderr.splitlines())) == (True, 1), said.output
