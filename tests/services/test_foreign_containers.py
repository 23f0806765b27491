"""Nobody names the container of another tenant's OpenAI response: it is refused before the send."""

from pathlib import Path
from typing import Any

import pytest

from tests.providers.kinds import Kind
from tests.support.provider_bench import (
    MovedClock,
    ProviderBench,
    build_json_answer,
    open_provider_bench,
)
from tracker.domain.errors import InvalidRequest
from tracker.domain.exchange import HttpCall, HttpResult
from tracker.domain.task import Task
from tracker.services.submit.request import Submission
from tracker.services.submit.submission import SubmissionIntake

pytestmark = pytest.mark.anyio
ASKED = {"model": "gpt-5", "input": "a cat", "background": True}
RESPONSES = Kind("openai", "/openai/v1", "responses", ASKED, {"profile": "official"})
CONTAINER = "cntr_68f0"
NAMED: list[dict[str, Any]] = [
    {"tools": [{"type": "code_interpreter", "container": CONTAINER}]},
    {"tools": [{"type": "code_interpreter", "container": f" {CONTAINER.upper()} "}]},
    {"tools": [{"type": "shell", "environment": {"container_id": CONTAINER}}]},
    {"input": [{"type": "code_interpreter_call", "id": "ci_1", "container_id": CONTAINER}]},
]


def answer(call: HttpCall) -> HttpResult:
    """End every response at once, by a tool that worked in a container."""
    tool = {"type": "code_interpreter_call", "id": "ci_1", "container_id": CONTAINER}
    status = "queued" if call.method == "POST" else "completed"
    output = [] if call.method == "POST" else [tool]
    return build_json_answer({"id": "resp_1", "status": status, "output": output})


async def submit(bench: ProviderBench, tenant: str, more: dict[str, Any]) -> Task:
    asked = Submission(tenant, "openai", "responses", ASKED | more, account="default")
    return (await SubmissionIntake(bench.context).accept(asked)).task


async def test_a_container_is_good_for_the_tenant_whose_response_brought_it(
    database_url: str, tmp_path: Path
) -> None:
    async with open_provider_bench(
        database_url, RESPONSES, answer, clock=MovedClock(), folder=tmp_path / "assets"
    ) as bench:
        task = await submit(bench, "theirs", {})
        await bench.bring_forward(task)
        await bench.send()
        done = await bench.look(task)
        assert (done.context or {})["containers"] == [CONTAINER]
        sent = len(bench.outbound.calls)
        for more in NAMED:
            with pytest.raises(InvalidRequest) as refused:
                await submit(bench, "mine", more)
            assert [one.reason for one in refused.value.fields] == ["there is no such container"]
        assert len(bench.outbound.calls) == sent
        assert (await submit(bench, "theirs", NAMED[0])).tenant == "theirs"
