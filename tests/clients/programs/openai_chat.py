"""Use chat completions of `openai` from PyPI as its README does; print what came as JSON.

Arguments: base URL, key, what is asked for, and `stream`, `whole`, or `leave` after the first text.
"""

import json
import sys
from typing import Any

from openai import BadRequestError, OpenAI


def streamed(client: OpenAI, said: str, *, leaves: bool) -> dict[str, Any]:
    """Return the chunks' ids, texts, and reasons; leave after the first text where asked to."""
    ids, texts, reasons = set(), [], []
    usage = None
    with client.chat.completions.create(
        model="suno-v3.5",
        messages=[{"role": "user", "content": said}],
        stream=True,
        stream_options={"include_usage": True},
    ) as stream:
        for chunk in stream:
            ids.add(chunk.id)
            usage = chunk.usage or usage
            for choice in chunk.choices:
                texts.append(choice.delta.content or "")
                reasons.append(choice.finish_reason)
            if leaves and any(texts):
                break
    total = None if usage is None else usage.total_tokens
    return {
        "ids": sorted(ids),
        "texts": [text for text in texts if text],
        "reasons": [reason for reason in reasons if reason],
        "usage": total,
    }


def whole(client: OpenAI, said: str) -> dict[str, Any]:
    """Return one answer, the same one asked for again, and a refusal's status."""
    messages: Any = [{"role": "user", "content": said}]
    made = client.chat.completions.create(model="suno-v3.5", messages=messages)
    try:
        client.chat.completions.create(model="suno-v3.5", messages=[])
        refused = 200
    except BadRequestError as problem:
        refused = problem.status_code
    return {
        "made": made.to_dict(),
        "models": [one.id for one in client.models.list()],
        "refused": refused,
    }


def main() -> None:
    """Run what the arguments ask for."""
    url, key, said, task = sys.argv[1:]
    client = OpenAI(api_key=key, base_url=url)
    match task:
        case "whole":
            answer = whole(client, said)
        case _:
            answer = streamed(client, said, leaves=task == "leave")
    json.dump(answer, sys.stdout, default=str)


main()
