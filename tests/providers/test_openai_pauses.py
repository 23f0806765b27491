"""How long OpenAI asks a caller to wait, by the headers of an answer."""

from collections.abc import Mapping

import pytest

from tracker.domain.exchange import HttpResult
from tracker.providers.openai.pauses import read_pause_s


@pytest.mark.parametrize(
    ("headers", "pause_s"),
    [
        ({"retry-after": "7", "retry-after-ms": "1500"}, 7),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"x-ratelimit-reset-requests": "1m30s"}, 90),
        ({"x-ratelimit-reset-requests": "12s", "x-ratelimit-reset-tokens": "6m0s"}, 12),
        (
            {"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-remaining-tokens": "0"}
            | {"x-ratelimit-reset-requests": "12s", "x-ratelimit-remaining-requests": "3"},
            360,
        ),
        ({"x-ratelimit-reset-tokens": "soon", "retry-after-ms": "x"}, None),
    ],
)
def test_a_limit_is_waited_for_as_its_headers_say(
    headers: Mapping[str, str], pause_s: float | None
) -> None:
    assert read_pause_s(HttpResult(429, headers, b"")) == pause_s
