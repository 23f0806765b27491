"""Inputs of Google's video creates: long-running predictions, and interactions.

Sources: https://ai.google.dev/gemini-api/docs/video, https://ai.google.dev/gemini-api/docs/interactions
and https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/veo-video-generation, read
2026-11.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from tracker.domain.errors import FieldError
from tracker.domain.task import Task
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.ports.objects import NamedObject, NamingText, ObjectIds

PREDICT = "predictLongRunning"
"""Of the Gemini API."""
VERTEX_PREDICT = "vertex/predictLongRunning"
INTERACT = "interactions"
MODEL = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
OPERATION = re.compile(rf"models/{MODEL}/operations/[A-Za-z0-9_-]{{1,200}}")
"""The name of an operation of the Gemini API."""
VERTEX_OPERATION = re.compile(
    rf"projects/[A-Za-z0-9:._-]{{1,100}}/locations/[a-z0-9-]{{1,40}}/publishers/google/"
    rf"models/{MODEL}/operations/[A-Za-z0-9_-]{{1,200}}"
)
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
_LENGTHS = {"veo-2": (5, 6, 7, 8)}
_USUAL_LENGTHS = (4, 6, 8)


def _convert_to_lower_case(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _check_uris(value: list[str]) -> list[str]:
    if not all(one.startswith(("https://", "http://")) for one in value):
        raise ValueError("must be http(s) URLs")
    return value


def _check_filled(value: str | list[Any]) -> str | list[Any]:
    if not value:
        raise ValueError("must not be empty")
    return value


Text = Annotated[str, Field(min_length=1)]
Person = Annotated[
    Literal["dont_allow", "allow_adult", "allow_all"], BeforeValidator(_convert_to_lower_case)
]


class _MediaFile(OpenInputs):
    """A picture or a video: base64, or where it lies."""

    bytesBase64Encoded: Text | None = None  # noqa: N815 - as it is sent
    gcsUri: Text | None = None  # noqa: N815
    uri: Text | None = None
    mimeType: Text | None = None  # noqa: N815


class _Reference(OpenInputs):
    image: _MediaFile
    referenceType: Text | None = None  # noqa: N815


class _Instance(OpenInputs):
    prompt: Text | None = None
    image: _MediaFile | None = None
    lastFrame: _MediaFile | None = None  # noqa: N815
    video: _MediaFile | None = None
    referenceImages: Annotated[list[_Reference], Field(max_length=3)] | None = None  # noqa: N815


_Seconds = Annotated[int, Field(ge=4, le=8)] | Annotated[str, Field(pattern="^[4-8]$")]
"""Many callers send a text (public code, read 2026-11-30); Google's reference has a number."""


class _Parameters(OpenInputs):
    sampleCount: Annotated[int, Field(ge=1, le=4)] | None = None  # noqa: N815
    durationSeconds: _Seconds | None = None  # noqa: N815
    aspectRatio: Literal["16:9", "9:16"] | None = None  # noqa: N815
    resolution: Literal["720p", "1080p", "4k"] | None = None
    negativePrompt: str | None = None  # noqa: N815
    personGeneration: Person | None = None  # noqa: N815
    generateAudio: bool | None = None  # noqa: N815
    seed: Annotated[int, Field(ge=0, le=4294967295)] | None = None
    storageUri: Annotated[str, Field(pattern="^gs://")] | None = None  # noqa: N815


class Webhook(OpenInputs):
    """Where events of one request go, and what they repeat."""

    uris: Annotated[list[str], Field(max_length=1), AfterValidator(_check_uris)] | None = None
    user_metadata: dict[str, Any] | None = None


class _Predict(OpenInputs):
    model: Annotated[str, Field(pattern=f"^{MODEL}$")]
    instances: Annotated[list[_Instance], Field(min_length=1, max_length=1)]
    parameters: _Parameters | None = None
    webhookConfig: Webhook | None = None  # noqa: N815


class _VertexPredict(_Predict):
    labels: dict[str, str] | None = None


class _Interact(OpenInputs):
    model: Annotated[str, Field(pattern=f"^{MODEL}$")]
    input: Annotated[str | list[Any], AfterValidator(_check_filled)]
    background: bool | None = None
    stream: Literal[False] | None = None
    labels: dict[str, str] | None = None
    previous_interaction_id: Text | None = None
    webhook_config: Webhook | None = None


_FILE, _IN_BUCKET = "file", "bucket_file"
_FILE_URI = re.compile(r"(?:https?://[^?#]+/v1(?:alpha|beta)/)?(files/[A-Za-z0-9_-]+)(?:[:?#/].*)?")


def _iterate_files(task: Task) -> Iterable[str | None]:
    named = [_FILE_URI.fullmatch(piece.url or "") for piece in task.artifacts]
    return [one[1] for one in named if one is not None]


def _iterate_bucket_files(task: Task) -> Iterable[str | None]:
    return [piece.extra.get("gcsUri") for piece in task.artifacts]


OBJECTS = ObjectIds(
    texts=(
        # Of the Gemini API: an upload, or a video. No upload goes through this service.
        NamingText(
            _FILE_URI,
            NamedObject(_FILE),
            "https://generativelanguage.googleapis.com/v1beta/files/a1:download?alt=media",
        ),
        # Buckets are whose they are: all but what a task here left in one may be the caller's.
        NamingText(
            re.compile("(gs://.+)"), NamedObject(_IN_BUCKET, may_be_public=True), "gs://a/b.mp4"
        ),
    ),
    results={_FILE: _iterate_files, _IN_BUCKET: _iterate_bucket_files},
    continued=(_FILE, _IN_BUCKET),
    tasks=("previous_interaction_id",),
)


GEMINI_CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {
        PREDICT: CreatePath("models/{model}:predictLongRunning", _Predict),
        INTERACT: CreatePath("interactions", _Interact),
    }
)
VERTEX_CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {
        VERTEX_PREDICT: CreatePath(
            "projects/{project}/locations/{location}/publishers/google/models/{model}"
            ":predictLongRunning",
            _VertexPredict,
        )
    }
)
WEBHOOK_FIELDS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        PREDICT: ("webhookConfig", "webhook_config"),
        VERTEX_PREDICT: ("webhookConfig", "webhook_config"),
        INTERACT: ("webhook_config", "webhookConfig"),
    }
)
"""The field of the webhook, and another spelling that is taken too."""


def unify_webhook(operation: str, input_: Mapping[str, Any]) -> dict[str, Any]:
    """Return an input with its webhook in one spelling."""
    field, other = WEBHOOK_FIELDS[operation]
    found = dict(input_)
    if other in found:
        found.setdefault(field, found.pop(other))
    webhook = found.get(field)
    if isinstance(webhook, dict) and "userMetadata" in webhook:
        renamed = {name: one for name, one in webhook.items() if name != "userMetadata"}
        found[field] = {"user_metadata": webhook["userMetadata"], **renamed}
    return found


def list_flaws(operation: str, body: Mapping[str, Any]) -> Sequence[FieldError]:
    """Return the fields of an input that its shape allows and Google refuses."""
    labels = body.get("labels") or {}
    wrong = [
        FieldError(f"labels.{name}"[:200], "must be up to 63 of a-z, 0-9, _ and -")
        for name, value in labels.items()
        if not name or not _LABEL.fullmatch(name) or not _LABEL.fullmatch(value)
    ]
    if operation == INTERACT:
        return wrong
    seconds = (body.get("parameters") or {}).get("durationSeconds")
    allowed = next(
        (one for start, one in _LENGTHS.items() if body["model"].startswith(start)), _USUAL_LENGTHS
    )
    if seconds is not None and int(seconds) not in allowed:
        words = ", ".join(map(str, allowed))
        wrong.append(FieldError("parameters.durationSeconds", f"must be one of {words}"))
    [instance] = body["instances"]
    if not any(instance.get(name) for name in ("prompt", "image", "video", "referenceImages")):
        wrong.append(FieldError("instances.0.prompt", "is required where there is no image"))
    return wrong
