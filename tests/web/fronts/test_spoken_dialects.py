"""Clients that cannot run here: the requests that they make, put to our front and to the provider.

Both answer alike: the same paths with values of the same types, the same word at the end.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.databases import SqliteTemplate
from tests.web.fronts.comparing import Pair, differences, field_of
from tests.web.fronts.spoken import SPOKEN, ended, made, shown, spoken_pair, unexplained

UNHEEDING = ("domo", "fal", "flux", "hailuo", "pika", "vidu", "wan")
"""Providers whose clients do not heed `x-should-retry`."""


@pytest.fixture(scope="module")
def pair(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    with spoken_pair(sqlite_template, tmp_path_factory.mktemp("spoken")) as pair:
        yield pair


@pytest.mark.parametrize("name", SPOKEN)
@pytest.mark.parametrize("scenario", ["ok", "failed"])
def test_a_task_is_shown_as_its_provider_shows_it(pair: Pair, name: str, scenario: str) -> None:
    spoken = SPOKEN[name]
    answers = []
    for http, base in zip(pair, (spoken.ours, spoken.theirs), strict=True):
        first = made(http, base, spoken, emulator_scenario=scenario)
        last = ended(http, base, spoken, field_of(first, spoken.id_in))
        answers.append((first, last))
    for front, provider in zip(*answers, strict=True):
        assert unexplained(spoken, front, provider) == set()
    words = [field_of(last, spoken.word_in) for _, last in answers]
    assert words[0] == words[1]


@pytest.mark.parametrize("name", SPOKEN)
def test_a_refusal_can_be_read_and_is_not_repeated(pair: Pair, name: str) -> None:
    spoken, http = SPOKEN[name], pair[0]
    headers = dict(spoken.headers) | dict(spoken.bad_headers)
    answer = http.post(spoken.ours + spoken.create, json={}, headers=headers)
    assert 400 <= answer.status_code < 500
    if spoken.provider not in UNHEEDING:
        assert answer.headers["x-should-retry"] == "false"
    assert answer.json()
    missing = http.get(
        f"{spoken.ours}{spoken.one}nobody{spoken.one_ends}", headers=dict(spoken.headers)
    )
    assert 400 <= missing.status_code < 500


def test_runway_shows_costs_whatever_is_known_of_them(pair: Pair) -> None:
    """The official SDK takes an answer without them for one of another class."""
    spoken = SPOKEN["runway at a gateway"]
    first = made(pair[0], spoken.ours, spoken, emulator_scenario="slow=1")
    assert isinstance(first["estimatedCost"]["credits"], int)
    young = shown(pair[0], spoken.ours, spoken, first["id"])
    assert (young["status"], young["estimatedCost"]) == ("PENDING", first["estimatedCost"])
    assert isinstance(ended(pair[0], spoken.ours, spoken, first["id"])["cost"]["credits"], int)


def test_runway_deletes_an_open_task_and_keeps_the_history_of_one_that_has_ended(
    pair: Pair,
) -> None:
    spoken = SPOKEN["runway"]
    for scenario, word in (("hold", "CANCELLED"), ("ok", "SUCCEEDED")):
        id_ = made(pair[0], spoken.ours, spoken, emulator_scenario=scenario)["id"]
        url = f"{spoken.ours}/tasks/{id_}"
        if scenario == "ok":
            ended(pair[0], spoken.ours, spoken, id_)
        assert pair[0].delete(url).status_code == 204
        assert ended(pair[0], spoken.ours, spoken, id_)["status"] == word


def test_runway_tells_the_organization_and_what_the_upstream_says_of_uploads(pair: Pair) -> None:
    answer = pair[0].get("/runwayml/v1/organization")
    assert answer.status_code == 200, answer.text
    assert answer.json()["creditBalance"] > 0
    # No files are kept here: the call is the upstream's, and this one has no uploads.
    assert pair[0].post("/runwayml/v1/uploads", json={}).status_code == 404
    assert pair[0].post("/runwayml/uploads", json={}).status_code == 404


@pytest.mark.parametrize(
    ("headers", "prefix", "kind"),
    [
        ({}, "/runwayml/v1", dict),
        ({"x-runway-version": "2024-11-06"}, "/runwayml/v1", str),
        ({}, "/proxy/runway", str),
        ({}, "/runway", dict),
    ],
)
def test_runway_words_an_error_as_the_caller_reads_it(
    pair: Pair, headers: Mapping[str, str], prefix: str, kind: type[str] | type[dict[str, Any]]
) -> None:
    answer = pair[0].get(f"{prefix}/tasks/nobody", headers=dict(headers))
    error = answer.json()["error"]
    assert isinstance(error, kind)
    message = error["message"] if isinstance(error, dict) else error
    assert isinstance(message, str)


def test_cogvideox_joins_creates_of_one_request_id_and_refuses_another_body(pair: Pair) -> None:
    """zai-sdk sends a failing create four times, each with the caller's request_id."""
    spoken = SPOKEN["cogvideox"]
    first = made(pair[0], spoken.ours, spoken, request_id="order-42")
    assert first["request_id"] == "order-42"
    for _ in range(3):
        again = made(pair[0], spoken.ours, spoken, request_id="order-42")
        assert again["id"] == first["id"]
    body = {"model": "cogvideox-3", "prompt": "a dog", "request_id": "order-42"}
    refused = pair[0].post(spoken.ours + spoken.create, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "1231")
    assert refused.headers["x-should-retry"] == "false"
    done = ended(pair[0], spoken.ours, spoken, first["id"])
    assert shown(pair[0], spoken.ours, spoken, "order-42") == done


def test_cogvideox_holds_pictures_that_are_wanted_at_once(pair: Pair) -> None:
    body = {"model": "cogview-4", "prompt": "a cat"}
    answers = [
        http.post(f"{base}/images/generations", json=body)
        for http, base in zip(pair, ("/api/paas/v4", "/cogvideox/api/paas/v4"), strict=True)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert differences(*(answer.json() for answer in answers)) == set()
