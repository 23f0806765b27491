"""The service's own secrets leave every text, however they are written, and nothing else does."""

import json
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from urllib.parse import quote

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.util.re import parse_env_headers

from tracker.config.library_secrets import iterate_library_secrets
from tracker.domain import token
from tracker.domain.redaction import MASK, Redactor
from tracker.settings import Settings

KEY = "sk-canary/with+signs=and~more"
ACCESS = "AKcanaryCanaryCanary01"
SIGNING = "whsec_" + b64encode(b"the-key-that-signs").decode()
REDACTOR = Redactor([KEY, 'p%41ss "wor\\d', "пароль-длинный", "short-1"], [ACCESS])
URL = f"https://t.example/callbacks/kling/0199f0e0-0000-7000-8000-00000000000a/{'aB3_-' * 8}xyz"

SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "every character": lambda text: "".join(f"%{ord(char):02x}" for char in text),
    "json of PHP": lambda text: text.replace("/", "\\/"),
    "json by number": lambda text: "".join(f"\\u{ord(char):04X}" for char in text),
    "json in json": lambda text: json.dumps(json.dumps(text.replace("/", "\\/"))),
    "repr of bytes": lambda text: repr(text.encode()),
    "bytes by number": lambda text: "".join(f"\\x{ord(char):02x}" for char in text),
    "entities": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "entities in hex": lambda text: "".join(f"&#x{ord(char):X};" for char in text),
    "entities where needed": lambda text: text.replace("+", "&#43;").replace("/", "&#x2F;"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_found_however_it_is_written(spelling: str) -> None:
    written = SPELLINGS[spelling](KEY)
    told = REDACTOR.redact(f"before {written} after")
    assert MASK in told
    assert "canary" not in told
    assert told.startswith("before ")
    assert told.endswith(" after")
    assert REDACTOR.redact_bytes(written.encode()).decode() == REDACTOR.redact(written)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_token_of_a_callback_url_is_found_and_the_rest_of_it_stays(spelling: str) -> None:
    told = REDACTOR.redact(SPELLINGS[spelling](URL))
    assert MASK in told
    assert "aB3_" not in told
    if spelling == "plain":
        assert told == URL.rpartition("/")[0] + "/" + MASK


@pytest.mark.parametrize("form", [SIGNING, SIGNING[6:], "the-key-that-signs"])
def test_a_signing_secret_is_found_in_every_form(form: str) -> None:
    assert Redactor([SIGNING]).redact(f"no such secret: {form}.") == f"no such secret: {MASK}."


def test_what_libraries_are_given_in_variables_is_known() -> None:
    environ = {
        "AWS_SECRET_ACCESS_KEY": "aws/secret\n",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20otel-key,x-team=ours",
    }
    assert {"aws/secret", "otel-key", "ours"} <= set(iterate_library_secrets(environ))
    settings = Settings.read_environment(environ)
    assert settings.make_redactor().redact("aws/secret, otel-key") == f"{MASK}, {MASK}"


@pytest.mark.parametrize("pair", ["x-api-key: {}", "{}", 'x-api-key="{}"', "x\x00=ApiKey {}"])
def test_a_header_that_a_library_quotes_in_its_log_holds_no_secret(
    pair: str, caplog: pytest.LogCaptureFixture
) -> None:
    pair = pair.format("otel-key-1")
    parse_env_headers(pair, liberal=False)
    assert "otel-key-1" in caplog.text
    redactor = Redactor(iterate_library_secrets({"OTEL_EXPORTER_OTLP_HEADERS": pair}))
    assert "otel-key-1" not in redactor.redact(caplog.text)


def test_the_token_alone_is_found_where_it_is_known() -> None:
    known = token.sign(b"secret", "kling", "x")
    assert REDACTOR.redact(f"token {known}") == f"token {known}"
    assert REDACTOR.redact(f"token {known}", known) == f"token {MASK}"


def test_a_jwt_of_an_access_key_is_found_and_a_foreign_one_stays() -> None:
    ours = jwt.encode({"iss": ACCESS, "exp": 1, "nbf": 2}, "s" * 32)
    foreign = jwt.encode({"iss": "somebody else", "exp": 1}, "s" * 32)
    told = REDACTOR.redact(f"ours {ours[:-3]} foreign {foreign}.")
    claims, signature = ours.split(".")[1:]
    assert claims not in told
    assert signature[:20] not in told
    assert told.endswith(f"foreign {foreign}.")


@pytest.mark.parametrize("text", ['p%41ss "wor\\d', 'p%41ss \\"wor\\\\d', "пароль-длинный"])
def test_a_secret_with_odd_characters_is_found(text: str) -> None:
    assert REDACTOR.redact(f"<{text}>") == f"<{MASK}>"
    assert REDACTOR.redact_bytes(f"<{text}>".encode()) == f"<{MASK}>".encode()


def test_a_short_secret_is_a_word_of_its_own_and_a_very_short_one_is_left() -> None:
    assert REDACTOR.redact("a short-1, ashort-12 short-1") == f"a {MASK}, ashort-12 {MASK}"
    assert Redactor(["abc"]).redact("abc") == "abc"


@given(st.text())
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert REDACTOR.redact(text) == text
    body = text.encode("utf-8", "surrogatepass")
    assert REDACTOR.redact_bytes(body) is body


@pytest.mark.anyio
@pytest.mark.parametrize("size", [1, 7, 1000, 9000])
async def test_a_stream_is_redacted_across_its_pieces(size: int) -> None:
    written = "".join(f"{'.' * 5000}{spell(KEY)}" for spell in SPELLINGS.values()) + "." * 100
    is_closed = False

    async def pieces() -> AsyncGenerator[bytes, None]:
        nonlocal is_closed
        try:
            for start in range(0, len(written), size):
                yield written[start : start + size].encode()
        finally:
            is_closed = True

    told = b"".join([piece async for piece in REDACTOR.redact_stream(pieces())]).decode()
    assert told == REDACTOR.redact(written)
    assert told.count(MASK) == len(SPELLINGS)
    assert is_closed


@pytest.mark.parametrize("spelt", SPELLINGS.values(), ids=SPELLINGS)
def test_a_text_that_grows_is_redacted_up_to_a_place_where_nothing_secret_begins(
    spelt: Callable[[str], str],
) -> None:
    written = f"wait: 50%, {spelt(KEY)} and 你好{KEY}, callbacks\n"
    whole = REDACTOR.redact(written)
    for end in range(len(written) + 1):
        known = REDACTOR.redact(written[: REDACTOR.measure_redactable(written[:end])])
        assert whole.startswith(known)
    assert known == whole
    assert REDACTOR.measure_redactable("all of it is told.") == len("all of it is told.")


@pytest.mark.parametrize("shift", [0, 7, 40, 5000, 60_000, 65_500])
def test_a_long_text_is_redacted_wherever_a_secret_lies(shift: int) -> None:
    written = "." * shift + "".join(f"{spell(KEY)}{'.' * 65_000}" for spell in SPELLINGS.values())
    told = REDACTOR.redact(written)
    assert told.count(MASK) == len(SPELLINGS)
    pieces = (REDACTOR.redact(spell(KEY)) for spell in SPELLINGS.values())
    assert told == "." * shift + "".join(f"{piece}{'.' * 65_000}" for piece in pieces)


@pytest.mark.parametrize(
    "evil",
    [
        "\\" * 400_000,
        "%25" * 130_000,
        "&#x0041;" * 50_000,
        "&#0" * 130_000,
        "callbacks/" * 40_000,
        "%41" * 130_000,
        KEY * 15_000,
    ]
    + [f"callbacks{mark * 50_000}" for mark in ("/a", "\\u002fa", "%2fa%2f", "\\u0061")],
)
def test_no_text_takes_long(evil: str) -> None:
    began = time.process_time()
    REDACTOR.redact(evil)
    assert time.process_time() - began < 5  # 0.1 s on an idle machine; a square would take hours
