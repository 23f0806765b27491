"""Ids that nobody was given, as their time is impossible: refused, and never with a 5xx."""

import re
from collections.abc import Iterator
from typing import Any

import httpx

IMPOSSIBLE = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""Of the year 10889, which no date can hold."""
_STREAMS = "text/event-stream"


def _calls(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if (
                "{" in path
                and method != "options"
                and _STREAMS not in str(operation.get("responses"))
            ):
                yield method, path


def test_an_id_that_nobody_was_given_is_refused_wherever_it_stands(
    shared_http: httpx.Client,
) -> None:
    calls = list(_calls(shared_http.get("/openapi.json").json()))
    assert len(calls) > 20
    for method, path in calls:
        answer = shared_http.request(method, re.sub(r"\{[^}]*\}", IMPOSSIBLE, path))
        assert 300 <= answer.status_code < 500, (method, path, answer.text)
