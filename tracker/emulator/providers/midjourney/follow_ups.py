"""Creates that continue a task: which one, as which action, and with which odd answer. Pure.

Source: SubmitController of https://github.com/trueai-org/midjourney-proxy, read 2026-11.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracker.emulator.core.scenario import Scenario
from tracker.emulator.providers.midjourney.words import MidjourneyWord

__all__ = ["ContinuedJob", "follow_up_of", "is_window_opened", "list_results"]

_SIMPLE = re.compile(r"(\S+) ([UV][1-4]|R)")
_LETTERS = {"U": "UPSCALE", "V": "VARIATION", "R": "REROLL"}
_BUTTONS = {"upsample": "UPSCALE", "variation": "VARIATION", "reroll": "REROLL"}


@dataclass(frozen=True)
class ContinuedJob:
    """A task that is continued.

    action: of the new task. custom_id: of the button; empty without one.
    """

    task_id: str
    action: str = "ACTION"
    custom_id: str = ""
    is_modal: bool = False

    @property
    def is_bookmark(self) -> bool:
        """Return whether the button only marks the picture: no task is made."""
        return "BOOKMARK" in self.custom_id

    @property
    def is_all(self) -> bool:
        """Return whether the button draws all four texts of a description: four tasks."""
        return self.custom_id.endswith("PicReader::all")

    @property
    def has_window(self) -> bool:
        """Return whether the button opens a window that must be confirmed."""
        return "Inpaint" in self.custom_id or "CustomZoom" in self.custom_id


def follow_up_of(path: str, body: Mapping[str, object]) -> ContinuedJob | None:
    """Return the task that a valid body continues; None where it continues none."""
    task_id, custom_id = str(body.get("taskId") or ""), str(body.get("customId") or "")
    match path:
        case "/submit/change":
            return ContinuedJob(task_id, str(body["action"]))
        case "/submit/simple-change":
            found = _SIMPLE.fullmatch(str(body["content"]))
            return None if found is None else ContinuedJob(found[1], _LETTERS[found[2][0]])
        case "/submit/action":
            words = (word for word in _BUTTONS if word in custom_id)
            return ContinuedJob(task_id, _BUTTONS.get(next(words, ""), "ACTION"), custom_id)
        case "/submit/modal":
            return ContinuedJob(task_id, is_modal=True)
        case "/submit/video" if body.get("action") == "extend":
            return ContinuedJob(task_id, "VIDEO")
        case _:
            return None


def is_window_opened(scenario: Scenario, follow_up: ContinuedJob | None) -> bool:
    """Return whether a create waits for a window."""
    return scenario.has(MidjourneyWord.MODAL) or (follow_up is not None and follow_up.has_window)


def list_results(action: str, body: Mapping[str, object]) -> Sequence[str]:
    """Return the names of an action's results; a text is none."""
    if action in ("DESCRIBE", "SHORTEN"):
        return ()
    if action == "VIDEO":
        count = body.get("batchSize")
        return [f"{n}.mp4" for n in range(count if isinstance(count, int) else 4)]
    return ("0.png",)
