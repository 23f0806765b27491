"""Responses in the background: made at once, asked for by id, cancelled. Pictures are their tools'.

Sources: https://github.com/openai/openai-python (3.57.0, resources/responses/responses.py,
types/responses/response.py) and https://platform.openai.com/docs/guides/background, read 2026-11.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field

from tracker.domain.inline_files import read_lost_reason
from tracker.domain.observation import Observation
from tracker.domain.task import VERDICTS, Artifact, Task, TaskError, TaskState
from tracker.providers.kit.pieces import build_file_url, build_text_url, make_lost_piece
from tracker.providers.kit.reading import find_first_instant, find_first_text
from tracker.providers.kit.status_words import normalise_word
from tracker.providers.kit.table_inputs import CreatePath, OpenInputs
from tracker.providers.openai.images import EMPTY, read_costs

RESPONSES = "responses"
PREFIX = "resp_"
"""Before the ids of responses, ours and OpenAI's."""
BEFORE = "previous_response_id"
"""The field that names the response that another one continues: a task of ours."""
IMAGE_CALL = "image_generation_call"
INCOMPLETE = frozenset({"content_filter", "max_output_tokens"})
"""Reasons of a response that is incomplete."""
_MOST_TEXT = 20_000
_WORDS: Mapping[str, TaskState] = MappingProxyType(
    {
        "queued": TaskState.SUBMITTED,
        "in_progress": TaskState.RUNNING,
        "completed": TaskState.SUCCEEDED,
        "failed": TaskState.FAILED,
        "incomplete": TaskState.FAILED,
        "cancelled": TaskState.CANCELLED,
    }
)


_Key = Annotated[str, Field(max_length=64)]
_Value = Annotated[str, Field(max_length=512)]


class _OpenAIResponse(OpenInputs):
    model: str | None = None
    input: str | list[Any] | None = None
    metadata: Annotated[dict[_Key, _Value], Field(max_length=16)] | None = None
    tools: list[dict[str, Any]] | None = None
    previous_response_id: str | None = None


RESPONSE_CREATES: Mapping[str, CreatePath] = MappingProxyType(
    {RESPONSES: CreatePath(RESPONSES, _OpenAIResponse)}
)


def ask_in_background(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a create that can be found again: in the background, and stored."""
    sent = {name: value for name, value in body.items() if name not in ("stream", "stream_options")}
    return {**sent, "background": True, "store": True}


_CONTAINERS = "containers"
_MOST_CONTAINERS = 50


def is_picture_wanted(body: Mapping[str, Any]) -> bool:
    """Tell whether a response is asked to make a picture."""
    tools = body.get("tools")
    return isinstance(tools, list) and any(
        isinstance(one, dict) and one.get("type") == "image_generation" for one in tools
    )


def read_response(parsed: Any, task: Task | None) -> Observation | None:
    """Read a response; None for anything else."""
    word = find_first_text(parsed, ("status",), limit=100)
    name = find_first_text(parsed, ("id",), limit=500)
    if word is None or name is None:
        return None
    state, error = _WORDS.get(normalise_word(word)), None
    pieces, texts = _read_pieces(parsed), _read_texts(parsed)
    needs_picture = bool((task.context or {}).get("picture")) if task is not None else False
    if state is TaskState.SUCCEEDED and needs_picture and not pieces:
        reason = texts[0] if texts else "the response holds no picture"
        state, error = TaskState.FAILED, TaskError("provider", EMPTY, reason)
    elif state is TaskState.FAILED:
        code = find_first_text(parsed, ("error.code", "incomplete_details.reason"), limit=100)
        told = find_first_text(parsed, ("error.message", "incomplete_details.reason"))
        error = TaskError("provider", code, told or "the provider gave no reason")
    said = [Artifact("text", build_text_url(one), key=f"text-{n}") for n, one in enumerate(texts)]
    return Observation(
        state=state,
        word=word,
        provider_task_id=name,
        message=None if error is None else error.message,
        at=find_first_instant(parsed, ("completed_at",)),
        artifacts=(*pieces, *said) if state in VERDICTS else (),
        error=error,
        costs=tuple(read_costs(parsed)) if state in VERDICTS else (),
        context=_read_context(parsed, task) if state in VERDICTS else None,
    )


def find_containers(task: Task) -> Sequence[str]:
    """Return the containers that the tools of a response worked in, as its task knows them."""
    found = (task.context or {}).get(_CONTAINERS)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _read_context(parsed: Any, task: Task | None) -> Mapping[str, Any] | None:
    """Return what is kept with a task that has ended; None where nothing is new.

    Its containers are made by tools that ask for none by name. Sources, read 2026-11:
    https://github.com/openai/openai-python (3.57.0, types/responses:
    response_code_interpreter_tool_call.py, response_container_reference.py).
    """
    output = parsed.get("output")
    named = {
        find_first_text(item, ("container_id", "environment.container_id"), limit=200): None
        for item in (output if isinstance(output, list) else ())
        if isinstance(item, dict)
    }
    found = [one for one in named if one is not None][:_MOST_CONTAINERS]
    return {**((task.context if task else None) or {}), _CONTAINERS: found} if found else None


def _list_items(parsed: Any, kind: str) -> Sequence[Mapping[str, Any]]:
    output = parsed.get("output")
    items = output if isinstance(output, list) else []
    return [one for one in items if isinstance(one, dict) and one.get("type") == kind]


def _read_pieces(parsed: Any) -> Sequence[Artifact]:
    found: list[Artifact] = []
    for item in _list_items(parsed, IMAGE_CALL):
        url = build_file_url(item.get("result"), find_first_text(item, ("output_format",)))
        if url is None:
            if (reason := read_lost_reason(item.get("result"))) is not None:
                found.append(make_lost_piece("image", f"image-{len(found)}", reason))
            continue
        fields = ("output_format", "revised_prompt", "size", "quality", "background")
        extra = {one: item[one] for one in fields if isinstance(item.get(one), str)}
        id_ = find_first_text(item, ("id",), limit=200)
        found.append(Artifact("image", url, id=id_, key=f"image-{len(found)}", extra=extra))
    return found


def _read_texts(parsed: Any) -> Sequence[str]:
    found = []
    for item in _list_items(parsed, "message"):
        content = item.get("content")
        for part in content if isinstance(content, list) else ():
            text = find_first_text(part, ("text", "refusal"))
            if text:
                found.append(text[:_MOST_TEXT])
    return found
