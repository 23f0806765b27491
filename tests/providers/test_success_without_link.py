"""A success whose links are none, or only those of covers, is not taken for one with a result."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest

from tests.providers.recorded import asking_of
from tests.providers.support import SAMPLES
from tracker.domain.errors import CallbackRejected
from tracker.domain.exchange import HttpResult
from tracker.domain.observation import Observation
from tracker.domain.outcome import Observed
from tracker.domain.task import TaskState, is_fully_named
from tracker.providers.ports.callbacks import Inbound
from tracker.providers.ports.provider import Provider
from tracker.providers.registry import PROVIDERS

NO_LINKS: tuple[Any, ...] = (None, "", " \n", "https://", "/files/a.mp4", [], {"url": ""})
ELSEWHERE = {"openai", "replicate"}
"""Providers that give files at an address of the task's own, or whose results may be any text."""
ACCOMPANIES = {"ark", "cogvideox", "domo", "hailuo", "luma", "midjourney", "udio", "vidu"}
"""Providers whose videos and songs come with pictures of them."""


def _replaced(value: Any, links: Collection[str], by: Any) -> Any:
    match value:
        case dict():
            return {name: _replaced(item, links, by) for name, item in value.items()}
        case list():
            return [_replaced(item, links, by) for item in value]
        case str() if any(link in value for link in links):
            return by
    return value


def _read(provider: Provider, sample: Mapping[str, Any], body: Any) -> Observation | None:
    raw = json.dumps(body).encode()
    if sample["kind"] == "poll":
        assert provider.polls is not None
        answer = HttpResult(sample.get("status", 200), sample.get("headers", {}), raw)
        (outcome,) = provider.polls.parse_poll(asking_of(provider, sample), answer)
        return outcome.observation if isinstance(outcome, Observed) else None
    assert provider.calls_back is not None
    inbound = Inbound("POST", "/callbacks/p/0/token", "", sample.get("headers", {}), raw)
    try:
        (said,) = provider.calls_back.parse_callback(inbound)
    except CallbackRejected:
        return None
    return said if isinstance(said, Observation) else None


def _successes(name: str) -> Iterator[tuple[str, Mapping[str, Any], Observation]]:
    for path in sorted((SAMPLES / name).glob("*.json")):
        sample = json.loads(path.read_text())
        if sample["kind"] in ("poll", "callback") and "body" in sample:
            said = _read(PROVIDERS[name], sample, sample["body"])
            if said is not None and said.state is TaskState.SUCCEEDED:
                yield path.stem, sample, said


@pytest.mark.parametrize("name", sorted(PROVIDERS.keys() - ELSEWHERE))
def test_what_is_no_link_is_no_result(name: str) -> None:
    for stem, sample, said in _successes(name):
        is_linked = any((piece.url or "").startswith("http") for piece in said.artifacts)
        for none in NO_LINKS if is_linked else ():
            found = _read(PROVIDERS[name], sample, _replaced(sample["body"], ["://"], none))
            if found is not None and found.state is TaskState.SUCCEEDED:
                assert not is_fully_named(found.artifacts), (stem, none, found)


@pytest.mark.parametrize("name", sorted(ACCOMPANIES))
def test_a_picture_alone_is_no_video_and_no_song(name: str) -> None:
    for stem, sample, said in _successes(name):
        main = {piece.url for piece in said.artifacts if piece.kind in ("video", "audio")}
        links = {link for link in main if link}
        found = _read(PROVIDERS[name], sample, _replaced(sample["body"], links, None))
        if links and found is not None and found.state is TaskState.SUCCEEDED:
            is_picture = all(piece.kind == "image" for piece in found.artifacts)
            assert not (is_fully_named(found.artifacts) and is_picture), (stem, found)


def _with_fractions(value: Any) -> Any:
    match value:
        case dict():
            return {name: _with_fractions(item) for name, item in value.items()}
        case list():
            return [_with_fractions(item) for item in value]
        case int() if not isinstance(value, bool) and abs(value) < 2**53:
            return float(value)
    return value


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_whole_numbers_may_be_written_as_fractions(name: str) -> None:
    for stem, sample, said in _successes(name):
        found = _read(PROVIDERS[name], sample, _with_fractions(sample["body"]))
        assert found is not None, stem
        links = [[piece.url for piece in one.artifacts] for one in (found, said)]
        assert (found.state, links[0]) == (said.state, links[1]), stem
