"""A task of a Midjourney proxy as fetches, lists and callbacks show it. Pure.

Sources: Task of https://github.com/novicezk/midjourney-proxy, TaskInfo of
https://github.com/trueai-org/midjourney-proxy, model/midjourney.go of
https://github.com/QuantumNous/new-api; read 2026-11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tracker.emulator.core.media import build_media_url
from tracker.emulator.core.scenario import Scenario
from tracker.emulator.core.tasks import (
    CANCELLED,
    FAILED,
    PROCESSING,
    SUBMITTED,
    SUCCEED,
    EmulatedTask,
    TaskStep,
)
from tracker.emulator.providers.midjourney.operations import ProxyKind
from tracker.emulator.providers.midjourney.words import MidjourneyWord

__all__ = [
    "ACCEPTED",
    "CANCEL_REASON",
    "MODAL",
    "TIMED_OUT",
    "MidjourneyDetails",
    "MidjourneyTask",
    "build_steps",
    "build_task_view",
]

ACCEPTED, MODAL = "accepted", "MODAL"
CANCEL_REASON = "取消任务"
TIMED_OUT = "任务超时"
FALSE = "false"
"""Stage of a task while it lies to its callback URL."""
_STATE_SHOWN_S = 15
"""Seconds until a gateway has polled its upstream for the first time."""
_STATUSES = {
    SUBMITTED: "NOT_START",
    ACCEPTED: "SUBMITTED",
    PROCESSING: "IN_PROGRESS",
    SUCCEED: "SUCCESS",
    FAILED: "FAILURE",
    CANCELLED: "FAILURE",
}
_TEXT = "1️⃣ a cat in the rain\n\n2️⃣ a wet cat"


@dataclass
class MidjourneyDetails:
    """The facts of a task that the core does not know."""

    kind: ProxyKind
    action: str
    prompt: str
    state: str
    notify_hook: str | None
    parent_id: str | None = None
    polls: int = 0
    """How often it was shown, for addresses that change with every look."""


MidjourneyTask = EmulatedTask[MidjourneyDetails]


def build_steps(scenario: Scenario) -> Sequence[TaskStep]:
    """Return a task's life: a status, then percents, then its end; as its lie wants it."""
    start = TaskStep(after=0.5, status=ACCEPTED)
    percents = [
        TaskStep(after=1 + number * 0.2, progress=progress)
        for number, progress in enumerate((10, 45, 60, 85, 90))
    ]
    end = TaskStep(after=2, status=SUCCEED)
    has, later = scenario.has, TaskStep(after=3, status=FAILED, message=TIMED_OUT)
    if has(MidjourneyWord.NEVER_STARTS):
        return (TaskStep(after=0, status=SUBMITTED),)
    if has(MidjourneyWord.LOST_FINISH):
        return (start, later)
    if has(MidjourneyWord.STUCK_85):
        return (start, *percents[:4])
    if has(MidjourneyWord.GATEWAY_DEAF):
        return (start, *percents, TaskStep(after=2, progress=99))
    if has(MidjourneyWord.DEAD_CORNER):
        return (start, *percents, TaskStep(after=2, progress=100, message="构图失败"))
    if has(MidjourneyWord.FALSE_TIMEOUT):
        return (start, *percents, TaskStep(after=1.9, stage=FALSE), end)
    if has(MidjourneyWord.LATE_OVERWRITE):
        return (start, *percents, end, later)
    return (start, *percents, end)


def build_task_view(
    task: MidjourneyTask, *, age_s: float, is_callback: bool = False
) -> dict[str, Any]:
    """Return the JSON of a task. age_s: seconds since its create."""
    facts, has = task.details, task.scenario.has
    status = _STATUSES.get(task.status, task.status)
    is_new = facts.kind is ProxyKind.NEW_API
    if is_callback and task.stage == FALSE and status == "IN_PROGRESS":
        status, reason = "FAILURE", TIMED_OUT
    else:
        reason = CANCEL_REASON if task.status == CANCELLED else task.message
    if is_new and status == "NOT_START":
        status = ""
    facts.polls += not is_callback
    body: dict[str, Any] = {
        "id": int(task.task_id) if has(MidjourneyWord.NUMBER_ID) else task.task_id,
        "action": facts.action,
        "status": status,
        "progress": _find_progress(task, status),
        "prompt": facts.prompt,
        "promptEn": facts.prompt,
        "description": f"/{facts.action.lower()} {facts.prompt}",
        "state": "" if is_new and age_s < _STATE_SHOWN_S else facts.state,
        "submitTime": task.created_at,
        "startTime": task.started_at,
        "finishTime": task.ended_at,
        "imageUrl": _build_image_url(task, status),
        "failReason": reason or None,
        "properties": _build_properties(task, status),
    }
    if facts.kind is not ProxyKind.NOVICEZK:
        body["buttons"] = _build_buttons(task) if status == "SUCCESS" else []
    if facts.kind in (ProxyKind.TRUEAI, ProxyKind.PLAIN):
        videos = _build_media(task, ".mp4") if status == "SUCCESS" else []
        body |= {
            "parentId": facts.parent_id,
            "botType": "MID_JOURNEY",
            "imageUrls": [],
            "videoUrl": videos[0] if videos else None,
            "videoUrls": [{"url": url} for url in videos],
            "isWhite": False,
        }
    return body


def _find_progress(task: MidjourneyTask, status: str) -> str:
    facts = task.details
    if status == "FAILURE":
        return "100%" if facts.kind is ProxyKind.NEW_API else ""
    if task.scenario.has(MidjourneyWord.FALLING) and status == "IN_PROGRESS":
        odd = ("Waiting to start", "60%", "10%", "Paused", "")
        return odd[facts.polls % len(odd)]
    return f"{task.progress}%"


def _build_image_url(task: MidjourneyTask, status: str) -> str | None:
    """Return the grid at the end, before that a preview; a DESCRIBE shows its input throughout."""
    facts = task.details
    if status not in ("SUCCESS", "IN_PROGRESS") and facts.action != "DESCRIBE":
        return None
    if task.scenario.has(MidjourneyWord.REWRITTEN_IMAGE):
        return f"{task.root_url}/mj/image/{task.task_id}?rand={facts.polls}"
    if status == "SUCCESS":
        pictures = _build_media(task, ".png")
        return pictures[0] if pictures else build_media_url(task, "input.png")
    return build_media_url(task, f"preview-{task.progress}.png")


def _build_media(task: MidjourneyTask, ending: str) -> list[str]:
    return [build_media_url(task, name) for name in task.artifacts if name.endswith(ending)]


def _build_properties(task: MidjourneyTask, status: str) -> dict[str, Any]:
    facts = task.details
    is_text = facts.action in ("DESCRIBE", "SHORTEN")
    final = _TEXT if is_text else f"{facts.prompt} --v 6"
    known = {"discordInstanceId": "1118138338562560102", "messageId": task.other_id, "flags": 0}
    if facts.notify_hook is not None:
        known["notifyHook"] = facts.notify_hook
    return {"finalPrompt": final if status == "SUCCESS" else "", **known}


def _build_buttons(task: MidjourneyTask) -> list[dict[str, Any]]:
    facts, id_ = task.details, task.task_id
    if facts.action == "DESCRIBE":
        labels = {f"MJ::Job::PicReader::{n}": f"{n}️⃣" for n in range(1, 5)}
        labels["MJ::Job::PicReader::all"] = "Imagine all"
    elif facts.action in ("UPSCALE", "VIDEO", "SHORTEN"):
        labels = {
            f"MJ::Inpaint::1::{id_}::SOLO": "Vary (Region)",
            f"MJ::CustomZoom::{id_}": "Custom Zoom",
            f"MJ::BOOKMARK::{id_}": "",
        }
    else:
        ways = (("upsample", "U"), ("variation", "V"))
        labels = {
            f"MJ::JOB::{word}::{n}::{id_}": f"{letter}{n}"
            for word, letter in ways
            for n in range(1, 5)
        }
        labels[f"MJ::JOB::reroll::0::{id_}::SOLO"] = ""
    return [
        {"customId": name, "emoji": "" if label else "🔄", "label": label, "style": 2, "type": 2}
        for name, label in labels.items()
    ]
