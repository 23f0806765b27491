"""Reading of Flux's creates: the body of each endpoint. Ends in a draft or a refusal. Pure.

Source: https://docs.bfl.ai/api-reference, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracker.emulator.core.checks import (
    Check,
    Flaw,
    accept_flag,
    accept_integer,
    accept_number,
    accept_one_of,
    accept_text,
    accept_web_url,
    list_of,
    record,
)
from tracker.emulator.core.drafts import TaskDraft
from tracker.emulator.core.plan import DEFAULT_STEPS
from tracker.emulator.core.refusals import Refusal, RefusalKind
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import FAILED, PROCESSING, SUCCEED, EmulatedTask, TaskStep
from tracker.emulator.providers.flux.words import FluxWord

__all__ = ["ENDPOINTS", "VIDEO", "FluxDetails", "FluxRefusal", "FluxTask", "read_draft"]

VIDEO = "flux-3-video"
_UPSCALE = "flux-tools/video-upscale-v1"
_IMAGE = accept_text(least=1, most=40_000_000)
_SIDE, _SIDE_BY_32 = accept_integer(least=256, most=2048), accept_integer(least=256, most=1440)
_EDGE = accept_integer(least=0, most=2048)


def _check_by_32(value: object) -> Flaw | None:
    flaw = _SIDE_BY_32(value)
    is_multiple = isinstance(value, int) and value % 32 == 0
    return flaw or (None if is_multiple else Flaw("", "must be a multiple of 32"))


def _check_seconds(value: object) -> Flaw | None:
    return None if value == "auto" else accept_integer(least=5, most=20)(value)


_COMMON: Mapping[str, Check] = {
    "prompt": accept_text(most=100_000),
    "seed": accept_integer(),
    "safety_tolerance": accept_integer(least=0, most=6),
    "prompt_upsampling": accept_flag,
    "output_format": accept_one_of("jpeg", "png", "webp"),
    "webhook_url": accept_web_url("https", "http"),
    "webhook_secret": accept_text(least=1),
    "aspect_ratio": accept_text(least=3, most=9),
    "input_image": _IMAGE,
    "image": _IMAGE,
    "mask": _IMAGE,
    "image_prompt": _IMAGE,
}
_FLUX_2: Mapping[str, Check] = {
    "width": _SIDE,
    "height": _SIDE,
    "safety_tolerance": accept_integer(least=0, most=5),
    "output_format": accept_one_of("jpeg", "png"),
}
_EDGES = dict.fromkeys(("top", "bottom", "left", "right"), _EDGE)
_GUIDED: Mapping[str, Check] = {
    "steps": accept_integer(least=15, most=50),
    "guidance": accept_number(least=1, most=100),
}
ENDPOINTS: Mapping[str, tuple[Mapping[str, Check], tuple[str, ...]]] = {
    "flux-2-max": (_FLUX_2, ("prompt",)),
    "flux-2-pro": (_FLUX_2, ("prompt",)),
    "flux-2-flex": (_FLUX_2, ("prompt",)),
    "flux-2-klein-4b": (_FLUX_2, ("prompt",)),
    "flux-2-klein-9b": (_FLUX_2, ("prompt",)),
    "flux-pro-1.1": ({"width": _check_by_32, "height": _check_by_32}, ("prompt",)),
    "flux-pro-1.1-ultra": (
        {"raw": accept_flag, "image_prompt_strength": accept_number(least=0, most=1)},
        ("prompt",),
    ),
    "flux-kontext-pro": ({}, ("prompt",)),
    "flux-kontext-max": ({}, ("prompt",)),
    "flux-pro-1.0-fill": (_GUIDED, ("image",)),
    "flux-pro-1.0-expand": ({**_GUIDED, **_EDGES}, ("image",)),
    "flux-pro-1.0-canny": (_GUIDED, ("prompt",)),
    "flux-pro-1.0-depth": (_GUIDED, ("prompt",)),
    "flux-tools/erase-v1": ({"dilate_pixels": accept_integer(least=0, most=25)}, ("image", "mask")),
    "flux-tools/vto-v1": ({}, ("prompt", "person", "garment")),
    _UPSCALE: (
        {
            "upscale_factor": accept_number(least=1.5, most=3),
            "creativity": accept_number(least=0, most=1),
        },
        ("input_video",),
    ),
    VIDEO: (
        {
            "mode": accept_one_of("t2v", "i2v", "v2v", "draft_enhance"),
            "duration": _check_seconds,
            "resolution": accept_one_of("hd", "fhd"),
            "safety_tolerance": accept_integer(least=0, most=4),
            "keyframes": list_of(lambda _value: None, least=1, most=10),
            "draft": accept_flag,
        },
        ("mode",),
    ),
}
"""Checks besides the common ones, and the fields that are required, by endpoint."""


@dataclass(frozen=True, kw_only=True)
class FluxDetails:
    """The facts of a task that the core does not know."""

    region: str
    """The only one whose host shows it."""
    prompt: str
    seed: int
    secret: str | None
    is_draft: bool = False


FluxTask = EmulatedTask[FluxDetails]


class FluxRefusal(Refusal):
    """A refused call with a status of its own, and perhaps the field to blame."""

    def __init__(self, status: int, message: str, flaw: Flaw | None = None) -> None:
        """Take what the answer says; pause: seconds that it asks to wait, in its body."""
        super().__init__(RefusalKind.INVALID, message)
        self.status, self.flaw = status, flaw


def read_draft(
    endpoint: str, body: Mapping[str, object], region: str, scenario: Scenario
) -> TaskDraft[FluxDetails]:
    """Return the task to be made; raises FluxRefusal.

    region: where it will live.
    """
    if scenario.has(FluxWord.NO_CREDITS):
        raise FluxRefusal(402, "Insufficient credits")
    own, required = ENDPOINTS[endpoint]
    flaw = record({**_COMMON, **own}, required=required)(dict(body))
    if flaw is not None:
        raise FluxRefusal(422, str(flaw), flaw)
    url, seed, secret = body.get("webhook_url"), body.get("seed"), body.get("webhook_secret")
    prompt = str(body.get("prompt") or "")
    return TaskDraft(
        operation=endpoint,
        details=FluxDetails(
            region=region,
            prompt=prompt,
            seed=seed if isinstance(seed, int) else 42,
            secret=secret if isinstance(secret, str) else None,
            is_draft=body.get("draft") is True,
        ),
        callback_url=url if isinstance(url, str) else None,
        creation_key=str(url or prompt),
        artifacts=("sample.mp4",) if endpoint in (VIDEO, _UPSCALE) else ("sample.png",),
        steps=_plan_steps(endpoint, scenario),
    )


def _plan_steps(endpoint: str, scenario: Scenario) -> Sequence[TaskStep]:
    if scenario.has(FluxWord.REQUEST_MODERATED):
        return (TaskStep(after=0, status=FAILED, stage="Request Moderated"),)
    if scenario.has(FluxWord.CONTENT_MODERATED):
        return (DEFAULT_STEPS[0], TaskStep(after=2, status=FAILED, stage="Content Moderated"))
    if endpoint == VIDEO:
        return (
            TaskStep(after=0.5, status=PROCESSING, stage="Reasoning"),
            TaskStep(after=1, status=PROCESSING, stage="Generating", progress=50),
            TaskStep(after=2, status=SUCCEED),
        )
    return (TaskStep(after=1, progress=50), TaskStep(after=2, status=SUCCEED))
