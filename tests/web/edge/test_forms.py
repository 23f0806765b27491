"""Forms are read as JSON has them: fields as texts, files as data URIs, nothing cut."""

import base64
import hashlib
from typing import Any

import httpx
import pytest

from tracker.domain.errors import InvalidRequest
from tracker.web.edge.body_errors import WrongMediaType
from tracker.web.edge.forms import MOST_PARTS, parse_form

PICTURE = b"\x89PNG\r\n\x1a\n\r\n--x\r\n\x00\xff"


def _sent(**more: Any) -> tuple[str, bytes]:
    request = httpx.Request("POST", "http://us.example", **more)
    return request.headers["content-type"], request.read()


def _parsed(content_type: str, body: bytes) -> dict[str, Any]:
    return parse_form(content_type, body, hashlib.sha256())


def test_a_urlencoded_form_is_texts() -> None:
    assert _parsed(*_sent(data={"promptText": "a cät & more", "seed": "7", "none": ""})) == {
        "promptText": "a cät & more",
        "seed": "7",
        "none": "",
    }


def test_a_multipart_form_has_files_as_data_uris_and_repeated_names_as_lists() -> None:
    files = [
        ("keyFrames", ("a.png", PICTURE, "image/png")),
        ("keyFrames", ("b.png", PICTURE, "image/png")),
        ("image", ("c", PICTURE, "nonsense")),
    ]
    found = _parsed(*_sent(data={"promptText": "a cät"}, files=files))
    content = base64.b64encode(PICTURE).decode()
    assert found == {
        "promptText": "a cät",
        "keyFrames": [f"data:image/png;base64,{content}"] * 2,
        "image": f"data:application/octet-stream;base64,{content}",
    }


def test_equal_forms_have_one_digest_however_they_are_delimited() -> None:
    digests = set()
    for _ in range(2):
        digest = hashlib.sha256()
        parse_form(*_sent(data={"a": "1"}, files={"f": ("f", PICTURE)}), digest)
        digests.add(digest.hexdigest())
    assert len(digests) == 1
    other = hashlib.sha256()
    parse_form(*_sent(data={"a": "2"}, files={"f": ("f", PICTURE)}), other)
    assert other.hexdigest() not in digests


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x\r\n",
        b"--x\r\n\r\n\r\nno name\r\n--x--\r\n",
        b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nnot ended',
        b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n\xff\xfe\r\n--x--\r\n',
        b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\nnul\x00\r\n--x--\r\n',
        b"--x\r\n" + b"h" * 9000 + b"\r\n\r\nlong head\r\n--x--\r\n",
        b'\r\n--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1' * (MOST_PARTS + 1)
        + b"\r\n--x--\r\n",
    ],
)
def test_a_form_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        _parsed("multipart/form-data; boundary=x", body)


def test_too_many_fields_and_a_missing_boundary_are_refused() -> None:
    with pytest.raises(InvalidRequest):
        _parsed("application/x-www-form-urlencoded", b"&".join([b"a=1"] * (MOST_PARTS + 1)))
    with pytest.raises(WrongMediaType):
        _parsed("multipart/form-data", b"")
