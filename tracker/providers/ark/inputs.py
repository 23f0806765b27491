"""Inputs of Ark's video tasks.

Source: https://www.volcengine.com/docs/82379/1520757 and the official SDK
(https://pypi.org/project/volcengine-ark-runtime, 5.0.54), read 2026-11.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from tracker.domain.errors import FieldError
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.objects import ObjectIds

TASKS = "contents/generations/tasks"
EXPIRES_AFTER_S = 172_800
"""Seconds after which Ark gives a task up, where its create says nothing else."""
RANDOM_SEED = -1
_DRAFT = "draft_task"
_CONTENTS = ("text", "image_url", "video_url", "audio_url", _DRAFT)
"""Types of an item of `content`, each with a field of its own name."""
_SECONDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "seedance-1-0": (2, 12),
        "seedance-1-5": (4, 12),
        "seedance-2-0": (4, 15),
        "seedance-2-5": (4, 30),
    }
)
"""Least and most of `duration`, by a part of the model's name."""
_FRAMES_PER_S, _USUAL_SECONDS = 24, Decimal(5)
_LENGTH_IN_TEXT = re.compile(r"--(?:duration|dur)\s+(\d+)\b")
_SEED_IN_TEXT = re.compile(r"--(?:seed|sd)\b")

Name = Annotated[str, Field(min_length=1)]


class _Link(OpenInputs):
    url: Name


class _Draft(OpenInputs):
    id: Name


class _ContentItem(OpenInputs):
    """One item; unknown types are passed on."""

    type: Name
    text: str | None = None
    image_url: _Link | None = None
    video_url: _Link | None = None
    audio_url: _Link | None = None
    draft_task: _Draft | None = None
    role: str | None = None


class _VideoTask(OpenInputs):
    model: Name
    content: list[_ContentItem] = Field(min_length=1)
    return_last_frame: bool | None = None
    service_tier: Literal["default", "flex"] | None = None
    execution_expires_after: int | None = Field(None, ge=3600, le=259_200)
    resolution: str | None = None
    ratio: str | None = None
    duration: int | None = Field(None, ge=-1, le=30)
    frames: int | None = Field(None, ge=29, le=289)
    seed: int | None = Field(None, ge=RANDOM_SEED, le=2**32 - 1)
    camera_fixed: bool | None = None
    watermark: bool | None = None
    generate_audio: bool | None = None
    draft: bool | None = None
    priority: int | None = None
    safety_identifier: str | None = None
    output_format: str | None = None
    omni_reference_task_type: str | None = None
    tools: list[dict[str, Any]] | None = None


CREATES: Mapping[str, CreatePath] = MappingProxyType({TASKS: CreatePath(TASKS, _VideoTask)})


OBJECTS = ObjectIds(tasks=(_DRAFT, "id"))


def list_flaws(body: Mapping[str, Any]) -> Sequence[FieldError]:
    """Return the fields of an input that its shape allows and Ark refuses."""
    flaws = [
        FieldError(f"content[{place}].{item['type']}", f"is needed where type is {item['type']}")
        for place, item in enumerate(body["content"])
        if item["type"] in _CONTENTS and item.get(item["type"]) is None
    ]
    if len(index_draft_fields(body)) > 1:
        flaws.append(FieldError("content", "names more than one draft"))
    frames = body.get("frames")
    if frames is not None and (frames - 25) % 4:
        flaws.append(FieldError("frames", "must be 25 and a multiple of 4"))
    seconds, model = body.get("duration"), str(body["model"])
    least, most = next((both for name, both in _SECONDS.items() if name in model), (1, 30))
    is_chosen_there = seconds == -1 and "seedance-1-0" not in model
    if seconds is not None and not is_chosen_there and not least <= seconds <= most:
        flaws.append(FieldError("duration", f"must be from {least} to {most} with this model"))
    return flaws


def read_seconds(operation: str, body: Mapping[str, Any]) -> Decimal | None:
    """Return the length that frames or a text's `--dur` ask for, else Seedance's own of 5 s.

    None where the model chooses it.
    https://www.volcengine.com/docs/82379/1520757, read by clients on 2026-11-30.
    """
    if operation not in CREATES:
        return None
    if body.get("frames") is not None:
        return Decimal(body["frames"]) / _FRAMES_PER_S
    if body.get("duration") == -1:
        return None
    texts = [one.get("text") or "" for one in body["content"]]
    asked = [found[1] for text in texts if (found := _LENGTH_IN_TEXT.search(text))]
    return Decimal(asked[0]) if asked else _USUAL_SECONDS


def index_draft_fields(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the names of the drafts that an input continues, by the field that holds each."""
    return {
        f"content[{place}].{_DRAFT}.id": item[_DRAFT]["id"]
        for place, item in enumerate(body["content"])
        if item["type"] == _DRAFT and item.get(_DRAFT)
    }


def insert_draft(body: Mapping[str, Any], theirs: str) -> Mapping[str, Any]:
    """Return an input with Ark's id of the draft that it continues."""
    content = [
        {**item, _DRAFT: {**item[_DRAFT], "id": theirs}} if item["type"] == _DRAFT else item
        for item in body["content"]
    ]
    return {**body, "content": content}


def is_seed_open(body: Mapping[str, Any]) -> bool:
    """Tell whether an input leaves the seed to chance, in its field and in its texts."""
    if body.get("seed") not in (None, RANDOM_SEED):
        return False
    return not any(_SEED_IN_TEXT.search(text) for text in _iterate_texts(body))


def _iterate_texts(body: Mapping[str, Any]) -> Iterator[str]:
    for item in body["content"]:
        if isinstance(item.get("text"), str):
            yield item["text"]
