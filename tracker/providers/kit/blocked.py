"""Answers that say that a prompt was blocked, as Google's models do and relays pass it on.

A reason there means that nothing was made: "If set, the prompt was blocked and no candidates are
returned" (ai.google.dev/api/python/google/generativeai/protos/GenerateContentResponse/
PromptFeedback; its message is in Vertex AI's answers alone. Read 2026-11-28).
"""

from dataclasses import replace
from typing import Any, NamedTuple, overload

from tracker.domain.observation import Observation
from tracker.domain.task import TaskError, TaskState
from tracker.providers.kit.reading import find_first_text

_FEEDBACK = ("promptFeedback", "prompt_feedback")
_REASON = ("blockReason", "block_reason")
_WORDS = ("blockReasonMessage", "block_reason_message")
_HOLDERS = ("data", "response", "Response", "output", "result", "error", "task_result")
_DEPTH = 5
_OTHERS = (TaskState.SUBMITTED, TaskState.RUNNING, TaskState.CANCELLED)
_UNSET = frozenset({"BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"})


class Block(NamedTuple):
    """Why a prompt was blocked. code: Google's word, e.g. `PROHIBITED_CONTENT`."""

    code: str
    message: str


def block_in(parsed: Any) -> Block | None:
    """Return the block that an answer or what its envelopes hold tells of; None without one."""
    return _read_block(parsed, _DEPTH)


def _read_block(parsed: Any, depth: int) -> Block | None:
    while isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]
    if not isinstance(parsed, dict):
        return None
    for feedback in map(parsed.get, _FEEDBACK):
        code = find_first_text(feedback, _REASON, limit=100)
        if code is not None and code not in _UNSET:
            words = find_first_text(feedback, _WORDS, limit=2000)
            return Block(code, f"the prompt was blocked: {code}{f': {words}' if words else ''}")
    if depth:
        held = (_read_block(parsed[name], depth - 1) for name in _HOLDERS if name in parsed)
        return next((one for one in held if one is not None), None)
    return None


@overload
def add_block(said: Observation, parsed: Any) -> Observation: ...
@overload
def add_block(said: Observation | None, parsed: Any) -> Observation | None: ...
def add_block(said: Observation | None, parsed: Any) -> Observation | None:
    """Return an observation with the block that its answer tells of.

    A failure gets the reason that it lacks; a success that holds nothing, and a word that nobody
    documents, are failures beside one. So is an answer that says nothing else.
    """
    if said is not None and (said.artifacts or said.state in _OTHERS):
        return said
    block = block_in(parsed)
    if block is None:
        return said
    if said is None:
        said = Observation(TaskState.FAILED, block.code)
    given = said.error
    if given is not None and said.message is not None:
        error = replace(given, code=given.code or block.code)
    else:
        error = TaskError("provider", (given and given.code) or block.code, block.message)
    return replace(said, state=TaskState.FAILED, message=said.message or block.message, error=error)
