"""Row 16: creates through a provider's front, beside the same ones at `POST /v1/tasks`."""

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.bed import BOTH, Bed, counts
from bench.load import Load, closed_loop, request
from bench.processes import SERVER_CORE, Server
from bench.table import Figure

CONNECTIONS = 64
_PROMPT = "a quiet sea at dawn, " * 16


@dataclass(frozen=True)
class CreateCall:
    """One create at the front and at `POST /v1/tasks`.

    front:  the path at the provider's front, and what is added there to the input.
    status: of the front's answer.
    """

    provider: str
    operation: str
    input: Mapping[str, Any]
    front: str


CREATES = (
    CreateCall(
        "kling",
        "videos/text2video",
        {"model_name": "kling-v1-6", "prompt": _PROMPT, "mode": "std", "duration": "5"},
        "/v1/videos/text2video",
    ),
    CreateCall("midjourney", "imagine", {"prompt": _PROMPT}, "/mj/submit/imagine"),
    CreateCall(
        "runway",
        "text_to_video",
        {"model": "gen4.5", "promptText": _PROMPT, "ratio": "1280:720", "duration": 5},
        "/runwayml/v1/text_to_video",
    ),
)


def creates(bed: Bed) -> list[Figure]:
    """Row 16: the web process alone, so that nothing is sent to a provider meanwhile."""
    return [_creates(bed, kind, create) for kind in BOTH for create in CREATES]


def _creates(bed: Bed, kind: str, create: CreateCall) -> Figure:
    url = bed.migrated(kind)
    ours: list[Load] = []
    fronts: list[Load] = []
    name = create.provider.upper()
    account = {f"TRACKER_{name}_API_KEY": "k", f"TRACKER_{name}_BASE_URL": "http://127.0.0.1:9"}
    with ExitStack() as stack:
        service = bed.service(url, "--no-worker", cores=SERVER_CORE, **account)
        server = stack.enter_context(service)
        for seconds in (0.3, *[bed.seconds] * bed.rounds):
            ours.append(_load(server, _submissions(create), seconds))
            fronts.append(_load(server, _front_calls(create), seconds))
    made = sum(load.answers[202] for load in ours) + sum(load.answers[200] for load in fronts)
    assert set().union(*(load.answers for load in ours)) == {202}, ours[0].answers
    assert set().union(*(load.answers for load in fronts)) == {200}, fronts[0].answers
    found = counts(url, "tasks", "task_inputs", "jobs", "transitions")
    assert found == [made] * 4, (made, found)
    pairs = list(zip(fronts[1:], ours[1:], strict=True))
    took = [median(load.p50 for load in column) * 1000 for column in zip(*pairs, strict=True)]
    raw = f"{took[0]:.2f} ÷ {took[1]:.2f} ms"
    return Figure("16", median(a.p50 / b.p50 for a, b in pairs), raw, f"{kind}, {create.provider}")


def _submissions(create: CreateCall) -> list[bytes]:
    said = {"provider": create.provider, "operation": create.operation}
    return [
        request("POST", "/v1/tasks", json.dumps(said | {"input": one}).encode())
        for one in _inputs(create)
    ]


def _front_calls(create: CreateCall) -> list[bytes]:
    return [request("POST", create.front, json.dumps(one).encode()) for one in _inputs(create)]


def _inputs(create: CreateCall) -> list[Mapping[str, Any]]:
    """Inputs that differ, one for each caller: two of the same body are looked at twice."""
    key = "promptText" if "promptText" in create.input else "prompt"
    return [{**create.input, key: f"{create.input[key]}{number}"} for number in range(CONNECTIONS)]


def _load(server: Server, several: list[bytes], seconds: float) -> Load:
    lanes: list[Iterator[bytes]] = [itertools.repeat(one) for one in several]
    return closed_loop(server.port, lanes, seconds=seconds)
