"""Checks of creates, as Google makes them.

Sources: https://ai.google.dev/gemini-api/docs/video and
https://ai.google.dev/gemini-api/docs/interactions, read 2026-11.
"""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tracker.emulator.core.checks import (
    Check,
    Flaw,
    accept_flag,
    accept_integer,
    accept_one_of,
    accept_text,
    accept_web_url,
    list_of,
    record,
)
from tracker.emulator.core.drafts import TaskDraft
from tracker.emulator.core.plan import DEFAULT_STEPS
from tracker.emulator.core.refusals import CodedRefusal
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.providers.veo.shapes import VeoDetails
from tracker.emulator.providers.veo.words import VeoWord

__all__ = ["read_draft"]

_MEDIUM = record(
    {"bytesBase64Encoded": accept_text(least=1, most=100_000_000), "mimeType": accept_text(least=1)}
)
_INSTANCE = record(
    {"prompt": accept_text(least=1), "image": _MEDIUM, "lastFrame": _MEDIUM, "video": _MEDIUM}
)


def _check_seconds(value: object) -> Flaw | None:
    is_digit = isinstance(value, str) and value.isascii() and value.isdigit()
    return accept_integer(least=4, most=8)(int(str(value)) if is_digit else value)


_PARAMETERS = record(
    {
        "sampleCount": accept_integer(least=1, most=4),
        "durationSeconds": _check_seconds,
        "aspectRatio": accept_one_of("16:9", "9:16"),
        "resolution": accept_one_of("720p", "1080p", "4k"),
        "seed": accept_integer(least=0, most=4294967295),
        "generateAudio": accept_flag,
    }
)
_WEBHOOK = record({"uris": list_of(accept_web_url(), most=5)})
_PREDICTION: Mapping[str, Check] = {
    "instances": list_of(_INSTANCE, least=1, most=1),
    "parameters": _PARAMETERS,
    "webhookConfig": _WEBHOOK,
}
_INTERACTION: Mapping[str, Check] = {
    "model": accept_text(least=1),
    "background": accept_flag,
    "webhook_config": _WEBHOOK,
}


def read_draft(
    kind: str,
    body: Mapping[str, object],
    more: Mapping[str, str],
    scenario: Scenario,
    chance: random.Random,
) -> TaskDraft[VeoDetails]:
    """Read a create. Raises CodedRefusal.

    kind: `gemini`, `vertex` or `interaction`. more: the model and the place of the path.
    """
    if scenario.has(VeoWord.NO_BILLING):
        words = "Billing is not enabled for this project."
        raise CodedRefusal(400, "FAILED_PRECONDITION", words)
    is_interaction = kind == "interaction"
    fields = _INTERACTION if is_interaction else _PREDICTION
    required = ("model", "input") if is_interaction else ("instances",)
    flaw = record(fields, required=required)(dict(body))
    if flaw is not None:
        raise CodedRefusal(400, "INVALID_ARGUMENT", str(flaw))
    id_ = f"{chance.getrandbits(48):012x}"
    details, url = _build_details(kind, body, more, id_)
    steps = DEFAULT_STEPS
    if is_interaction and scenario.has(VeoWord.ACTION_NEEDED):
        steps = DEFAULT_STEPS[:1]
    return TaskDraft(
        operation=kind,
        details=details,
        callback_url=url,
        creation_key=details.name,
        artifacts=[f"{place}.mp4" for place in range(details.count)],
        steps=steps,
        new_id=lambda: details.name.rpartition("/")[2],
    )


def _build_details(
    kind: str, body: Mapping[str, object], more: Mapping[str, str], id_: str
) -> tuple[VeoDetails, str | None]:
    """Return the facts of a task, and the URL that its events go to."""
    webhook = _keep_object(body.get("webhook_config") or body.get("webhookConfig"))
    uris = webhook.get("uris")
    url = str(uris[0]) if isinstance(uris, list) and uris else None
    metadata = webhook.get("user_metadata") or webhook.get("userMetadata")
    model = more.get("model") or str(body.get("model"))
    name = f"{more.get('place', '')}models/{model}/operations/{id_}"
    parameters = _keep_object(body.get("parameters"))
    storage = parameters.get("storageUri")
    found = VeoDetails(
        kind=kind,
        name=name,
        model=model,
        count=int(parameters.get("sampleCount") or 1),
        storage=storage if isinstance(storage, str) else None,
        labels=_keep_object(body.get("labels")),
        metadata=metadata,
    )
    return (replace(found, name=f"v1_{id_}") if kind == "interaction" else found), url


def _keep_object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
