"""Failed calls are told in words, and in Chinese too: no class of a library is named."""

import errno
import re

import httpcore
import httpx
import pytest

from tests.support.service import ROOT
from tracker.call_failures import explain_failure
from tracker.client.http import report_no_answer
from tracker.domain.delivery_trouble import Trouble, read_trouble
from tracker.locale import SIMPLIFIED_CHINESE, translate

KINDS: dict[str, type[Exception]] = {
    name: getattr(httpx, name)
    for name in (
        *("ConnectError", "ConnectTimeout", "ReadError", "ReadTimeout", "WriteError"),
        *("WriteTimeout", "PoolTimeout", "CloseError", "RemoteProtocolError"),
        *("LocalProtocolError", "ProxyError", "UnsupportedProtocol", "InvalidURL"),
    )
}
CLASS = re.compile(r"\b[A-Z][a-z]+[A-Z]\w+")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_failure_is_told_by_the_name_of_its_class(kind: type[Exception]) -> None:
    told = explain_failure(kind(""))
    assert not CLASS.search(told)
    assert translate(told, SIMPLIFIED_CHINESE) != told


def test_no_text_of_the_package_names_the_class_of_an_exception() -> None:
    named = re.compile(
        r"\{type\(\w+\)\.__name__\}|: type\(\w+\)\.__name__\}|or type\(\w+\)\.__name"
    )
    sources = (ROOT / "tracker").rglob("*.py")
    assert [str(one) for one in sources if named.search(one.read_text())] == []


@pytest.mark.parametrize(
    ("said", "told", "chinese"),
    [
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed (_ssl.c:1006)",
            "could not connect: its certificate is not accepted: self-signed",
            "无法连接：其证书不被接受：self-signed",
        ),
        (
            "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)",
            "could not connect: no TLS comes about: wrong version number",
            "无法连接：无法建立 TLS：wrong version number",
        ),
    ],
)
def test_what_openssl_says_is_told_without_its_own_names(
    said: str, told: str, chinese: str
) -> None:
    words = explain_failure(httpcore.ConnectError(said))
    assert words == told
    assert translate(words, SIMPLIFIED_CHINESE) == chinese
    assert read_trouble(None, words) in (Trouble.CERTIFICATE, Trouble.CUT)


def test_a_lost_call_of_the_client_is_told_in_words() -> None:
    assert report_no_answer(httpx.ReadTimeout("")).reason == "no answer came in time"


def test_the_systems_own_word_is_told_where_the_library_has_none() -> None:
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed")
    error = httpcore.ConnectError("All connection attempts failed")
    error.__cause__ = refused
    told = explain_failure(error)
    assert told == "could not connect: Connection refused"
    assert translate(told, SIMPLIFIED_CHINESE) == "无法连接：连接被拒绝"
    detail = "could not connect to any validated address: 127.0.0.1:9"
    guarded = httpcore.ConnectError(f"{detail} (All connection attempts failed)")
    guarded.__cause__ = refused
    told = explain_failure(guarded)
    assert told == "could not connect: 127.0.0.1:9 (Connection refused)"
    assert translate(told, SIMPLIFIED_CHINESE) == "无法连接：127.0.0.1:9（连接被拒绝）"


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (httpcore.ConnectError("All connection attempts failed"), Trouble.UNREACHABLE),
        (httpcore.ConnectError("[Errno -2] Name or service not known"), Trouble.NO_NAME),
        (httpcore.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version"), Trouble.CUT),
        (httpcore.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] x"), Trouble.CERTIFICATE),
        (httpcore.ConnectTimeout(), Trouble.TOO_SLOW),
        (httpcore.ReadError(), Trouble.CUT),
        (httpcore.WriteError(), Trouble.CUT),
        (httpcore.RemoteProtocolError("Server disconnected"), Trouble.CUT),
    ],
)
def test_what_mends_an_endpoint_is_known_from_the_words(error: Exception, trouble: Trouble) -> None:
    assert read_trouble(None, explain_failure(error)) is trouble
