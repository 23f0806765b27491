"""Every field of an input that reads like an id says what it names; see `ports/objects.py`."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.valid_inputs import (
    READS_LIKE_AN_ID,
    Path,
    iterate_id_paths,
    make_accepted,
    merge_json,
    put_id,
)
from tracker.providers.registry import PROVIDERS

Place = tuple[str, str, Path]
_URL = "https://pictures.example/a.png"
MORE: dict[tuple[str, str], dict[str, Any]] = {
    ("contents/generations/tasks", "content.draft_task.id"): {"content": [{"type": "draft_task"}]},
    ("contents/generations/tasks", "content.draft_task"): {
        "content": [{"type": "draft_task", "draft_task": {"id": "foreign"}}]
    },
    **{
        (operation, f"keyframes.{frame}.id"): {"keyframes": {frame: {"type": "generation"}}}
        for operation in ("generations", "generations/video")
        for frame in ("frame0", "frame1")
    },
    ("change", "taskId"): {"index": 1},
    ("videos/advanced-lip-sync", "session_id"): {"face_choose": [{"sound_file": _URL}]},
    ("videos/lip-sync", "input.video_id"): {"input": {"text": "a cat"}},
    ("videos/lip-sync", "input.voice_id"): {"input": {"text": "a cat", "video_url": _URL}},
    ("reference2video", "voice_id"): {"images": [_URL]},
}
"""By operation and field: what an input with the field needs that no model says."""


def places(*, named: str) -> Iterator[Place]:
    """Yield (provider, operation, path) of each field that is declared as one of these."""
    for provider in PROVIDERS.values():
        declared = getattr(provider.objects, named)
        for operation in sorted(provider.submits.operations):
            model = provider.submits.get_input_model(operation)
            for path in () if model is None else iterate_id_paths(model):
                if path[-1] in declared:
                    yield provider.name, operation, path


def input_at(place: Place, id_: str = "foreign") -> dict[str, Any]:
    """Return a valid input of an operation with an id in a field."""
    provider, operation, path = place
    submits = PROVIDERS[provider].submits
    model = submits.get_input_model(operation)
    assert model is not None
    more = MORE.get((operation, ".".join(path)), {})
    found = make_accepted(submits, operation, merge_json(put_id(model, path, id_), more))
    assert found is not None, f"{place}: no valid input was found; MORE says what one needs"
    return found


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_field_that_reads_like_an_id_says_what_it_names(name: str) -> None:
    provider = PROVIDERS[name]
    ids = provider.objects
    known = {*ids.fields, *ids.tasks, *ids.others}
    models = {one: provider.submits.get_input_model(one) for one in provider.submits.operations}
    found = {path[-1] for model in models.values() if model for path in iterate_id_paths(model)}
    assert found <= known, (
        f"{sorted(found - known)}: add them to `Provider.objects`, an ObjectIds: to `fields` what "
        "names an object of the provider, to `tasks` what names a task of ours, else to `others`"
    )
    unread = {one for one in ids.others if READS_LIKE_AN_ID.search(one)} - found
    assert not unread, "no operation has these"


def test_a_field_that_names_a_task_makes_it_the_parent() -> None:
    found = list(places(named="tasks"))
    assert len(found) > 20
    for place in found:
        provider, operation, path = place
        request = PROVIDERS[provider].submits.check(operation, input_at(place))
        assert request.parent == "foreign", place
        assert path[-1] in request.parent_field.split("."), place


def test_a_passed_on_call_names_what_the_provider_declares() -> None:
    for provider in PROVIDERS.values():
        calls = {} if provider.passes_on is None else provider.passes_on.calls
        for path, call in calls.items():
            assert set(call.more_names) <= provider.objects.fields.keys(), path
            # Which field holds it is the call's own word: a path may name it.
            named = {one.kind for one in provider.objects.fields.values()}
            assert call.names is None or call.names in named, path


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_what_is_continued_is_brought_by_tasks_and_named_by_inputs(name: str) -> None:
    ids = PROVIDERS[name].objects
    named = {one.kind for one in ids.fields.values()} | {one.named.kind for one in ids.texts}
    assert set(ids.continued) <= named & {*ids.results, *ids.made_by.values()}
