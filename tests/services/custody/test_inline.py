"""Files within answers: kept before the answer is read, told of by the verdict."""

import json
import os
import re
import tracemalloc
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.services.custody.test_full_disks import full_from
from tests.support.custody import RULES, CustodyBench, Relay, open_custody
from tests.support.made_up import NAME
from tests.support.origin import build_head, make_film, serve_whole
from tests.support.upstream import Asked, Upstream
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.clock import make_id
from tracker.domain.custody import AssetState
from tracker.domain.errors import InvalidRequest
from tracker.domain.events import Source
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.inline_files import (
    SCHEME,
    InlineFile,
    describe_files,
    is_name,
    read_lost_reason,
    read_name,
)
from tracker.domain.lifecycle import Verdict
from tracker.domain.rendering import render_task
from tracker.domain.task import Task, TaskState
from tracker.egress.client import EgressClient
from tracker.providers.ports.provider import ResultHosting
from tracker.services.context import Context
from tracker.services.custody.serving import AssetReader
from tracker.services.custody.sweeping import GRACE, AssetSweeper
from tracker.services.inline_sinks import build_sink_opener
from tracker.store import receipts
from tracker.store.receipts import Receipt
from tracker.web.fronts.files import split_text

pytestmark = pytest.mark.anyio
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 400


@dataclass
class Kept:
    """Keeps what comes of a stream."""

    came: list[bytes]

    def write(self, piece: bytes) -> None:
        self.came.append(piece)


def with_files(context: Context) -> None:
    """Say of the made-up provider that its answers hold the files."""
    hosting = ResultHosting(answers_with_files=lambda operation: operation == "draw")
    known: Any = context.providers
    known[NAME] = replace(known[NAME], results=hosting)


def answer_of(*files: bytes) -> bytes:
    return json.dumps({"data": [{"b64_json": b64encode(one).decode()} for one in files]}).encode()


def facts_of(receipt: Receipt) -> list[dict[str, Any]]:
    """Read what stands in the place of each file in an answer that is kept."""
    said = json.loads(receipt.body or b"")["said"]
    return [piece["url"] for piece in said["pieces"]]


async def receipts_of(bench: Workbench, task: Task) -> list[Receipt]:
    return await bench.context.store.read(
        lambda db: receipts.list_of_task(db, task.key, after=0, limit=9)
    )


async def drawn(custody: CustodyBench, operation: str = "draw") -> Any:
    with_files(custody.bench.context)
    return await custody.bench.submit_task(operation=operation)


@pytest.mark.parametrize(("operation", "raw"), [("draw", False), ("draw", True), ("film", False)])
async def test_a_file_in_an_answer_is_kept_by_the_verdict(
    database_url: str, tmp_path: Path, operation: str, *, raw: bool
) -> None:
    """Answers about `film` are not expected to hold any."""
    script = (
        serve_whole(PNG, "content-type: image/png")
        if raw
        else serve_whole(answer_of(PNG, PNG[:-1]))
    )
    files = [PNG] if raw else [PNG, PNG[:-1]]
    with Upstream(script) as provider:
        async with open_custody(database_url, tmp_path, outbound=Relay(provider.url)) as custody:
            task = await drawn(custody, operation)
            found = await custody.list_assets(task)
            bodies = [await custody.read_content(asset) for asset in found]
            assert len(custody.list_files()) == len(files)
            steps = ["seen_succeeded", *["asset_kept"] * len(files)]
            assert (await custody.bench.list_kinds(task))[-len(steps) :] == steps
            (receipt,) = await receipts_of(custody.bench, task)
            cited = (await custody.bench.read_history(task))[-len(steps)].receipt
            told = facts_of(receipt)
    assert task.state is TaskState.SUCCEEDED
    assert [asset.state for asset in found] == [AssetState.KEPT] * len(files)
    assert [asset.sha256 for asset in found] == [sha256(one).digest() for one in files]
    assert bodies == files
    assert (receipt.source, receipt.verdict) == (Source.SUBMIT, Verdict.ADVANCED)
    assert cited == receipt.key
    assert [(one["asset"], one["bytes"], one["sha256"]) for one in told] == [
        (str(asset.id), asset.size, asset.sha256.hex()) for asset in found if asset.sha256
    ]
    assert all(is_name(piece.url) for piece in task.artifacts)
    assert [one["url"] for one in render_task(task)["result"]["artifacts"]] == [None] * len(files)


async def test_a_name_that_an_answer_brings_by_itself_names_nothing(
    database_url: str, tmp_path: Path
) -> None:
    forged = f"{SCHEME}0199a6a2-6c1e-7d53-9c1a-0d6a7f9c2b11?bytes=1&sha256=00&media_type=a&mark=b"
    body = json.dumps({"data": [{"b64_json": forged}]}).encode()
    with Upstream(serve_whole(body)) as provider:
        async with open_custody(database_url, tmp_path, outbound=Relay(provider.url)) as custody:
            task = await drawn(custody)
            assert await custody.list_assets(task) == []


async def test_a_name_is_good_for_its_own_tenant_alone(database_url: str, tmp_path: Path) -> None:
    file = InlineFile(make_id(), len(PNG), sha256(PNG).digest(), "image/svg+xml")
    async with open_custody(database_url, tmp_path) as custody:
        context = custody.bench.context
        name, serving = file.build_name(context.secrets[0], "ours"), AssetReader(context)
        assert serving.find_inline_file("ours", name) == file
        assert serving.find_inline_file("theirs", name) is None
        text = f'{{"a": "{name}", "b": "{name[:-1]}"}}'.encode()
        before, found, behind = split_text(serving, "ours", text)
        assert (before, found, behind) == (b'{"a": "', file, text[text.index(b'", "b"') :])
        assert split_text(serving, "theirs", text) == [text]


def test_an_answer_that_is_shown_has_no_name_that_is_good_elsewhere() -> None:
    secret, tenant = b"s" * 32, "ours"
    file = InlineFile(make_id(), 9, sha256(PNG).digest(), "image/png", remark="it waits: here")
    name, forged = file.build_name(secret, tenant), f"{SCHEME}{file.id}?bytes=9&mark={'0' * 32}"
    answer = {"a": name, "b": json.dumps({"url": name}), "c": forged}
    shown = json.loads(describe_files(json.dumps(answer).encode(), [secret], tenant))
    assert shown["a"] == {
        "asset": str(file.id),
        "bytes": 9,
        "sha256": file.sha256.hex(),
        "media_type": "image/png",
    }
    assert json.loads(shown["b"])["url"] == name.rpartition("&mark=")[0]
    assert shown["c"] == forged
    assert json.loads(describe_files(json.dumps(name).encode(), [secret], tenant)) == shown["a"]


async def test_files_of_a_stream_are_kept_and_their_names_come_while_it_goes_on(
    database_url: str, tmp_path: Path
) -> None:
    event = b'data: {"b64_json": "%s"}\n\n' % b64encode(PNG)
    came: list[bytes] = []

    def stream(_asked: Asked) -> Iterable[bytes]:
        yield build_head("200 OK", None)
        yield event
        yield event[: len(event) // 2]

    with Upstream(stream) as provider:
        async with open_custody(database_url, tmp_path) as custody:
            client = EgressClient(["127.0.0.0/8"])
            answer = await client.call_provider(
                HttpCall("POST", provider.url),
                files=build_sink_opener(custody.storage, b"secret", "default"),
                pieces=lambda _headers: Kept(came),
            )
            await client.close()
            (file,) = custody.list_files()
            assert (file.read_bytes(), custody.render_parts()) == (PNG, [])
    assert isinstance(answer, HttpFailure)
    [name] = re.findall(rb'"(tracker-asset:[^"]+)"}\n\ndata:', b"".join(came))
    found = read_name(name.decode(), [b"secret"], "default")
    assert found is not None
    assert found.sha256 == sha256(PNG).digest()


async def test_a_cut_answer_leaves_nothing_and_is_never_sent_again(
    database_url: str, tmp_path: Path
) -> None:
    body = answer_of(PNG)

    def cut(_asked: Asked) -> Iterable[bytes]:
        return [build_head("200 OK", len(body)), body[: len(body) // 2]]

    with Upstream(cut) as provider:
        async with open_custody(database_url, tmp_path, outbound=Relay(provider.url)) as custody:
            task = await drawn(custody)
            assert (custody.list_files(), custody.render_parts()) == ([], [])
            assert len(provider.asked) == 1
    assert task.state is TaskState.UNCERTAIN


@pytest.mark.parametrize("flaw", ["no base64", "too large"])
async def test_a_file_that_cannot_be_kept_takes_no_other_with_it(
    database_url: str, tmp_path: Path, flaw: str
) -> None:
    body = answer_of(PNG, PNG + PNG, PNG[:-1])
    if flaw == "no base64":
        body = body.replace(b64encode(PNG + PNG), b64encode(PNG[1:]) + b"=A")
    rules = replace(RULES, max_bytes=len(PNG) + 65536)
    with Upstream(serve_whole(body)) as provider:
        outbound = Relay(provider.url)
        async with open_custody(database_url, tmp_path, outbound=outbound, rules=rules) as custody:
            task = await drawn(custody)
            kept = [await custody.read_content(asset) for asset in await custody.list_assets(task)]
            assert (kept, len(custody.list_files()), custody.render_parts()) == (
                [PNG, PNG[:-1]],
                2,
                [],
            )
    assert task.state is TaskState.SUCCEEDED
    reason = read_lost_reason(task.artifacts[1].url)
    assert reason is not None
    assert ("no base64" in reason) is (flaw == "no base64")


async def test_a_disk_that_is_full_at_the_second_file_leaves_the_outcome_open(
    database_url: str, tmp_path: Path
) -> None:
    """The first file, which no row names, is swept; the create is not sent again."""
    large = make_film(6_000_000)
    with Upstream(serve_whole(answer_of(PNG, large))) as provider:
        async with open_custody(database_url, tmp_path, outbound=Relay(provider.url)) as custody:
            with full_from(4_500_000):
                task = await drawn(custody)
            (first,) = custody.list_files()
            assert (first.read_bytes(), custody.render_parts()) == (PNG, [])
            assert await custody.list_assets(task) == []
            long_ago = first.stat().st_mtime - 2 * GRACE.total_seconds()
            os.utime(first, (long_ago, long_ago))
            assert (await AssetSweeper(custody.bench.context).sweep()).strays == 1
            assert len(provider.asked) == 1
    assert task.state is TaskState.UNCERTAIN


async def test_memory_does_not_grow_with_the_file(database_url: str, tmp_path: Path) -> None:
    size = 24 * 1024 * 1024
    block = b64encode(bytes(3 * 65536))

    def large(_asked: Asked) -> Iterable[bytes]:
        yield build_head("200 OK", None)
        yield b'{"data": [{"b64_json": "'
        for _ in range(size // (3 * 65536)):
            yield block
        yield b'"}]}'

    rules = replace(RULES, max_bytes=size)
    with Upstream(large) as provider:
        async with open_custody(database_url, tmp_path, rules=rules) as custody:
            client = EgressClient(["127.0.0.0/8"])
            sinks = build_sink_opener(custody.storage, b"secret", "default")
            tracemalloc.start()
            answer = await client.call_provider(HttpCall("POST", provider.url), files=sinks)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            await client.close()
            (file,) = custody.list_files()
            assert file.stat().st_size == size
    assert isinstance(answer, HttpResult)
    assert len(answer.body) < 1000
    assert peak < 8 * 1024 * 1024


async def test_what_a_dead_process_left_is_swept(database_url: str, tmp_path: Path) -> None:
    with Upstream(serve_whole(answer_of(PNG))) as provider:
        async with open_custody(database_url, tmp_path) as custody:
            client = EgressClient(["127.0.0.0/8"])
            sinks = build_sink_opener(custody.storage, b"secret", "default")
            await client.call_provider(HttpCall("POST", provider.url), files=sinks)
            await client.close()
            (file,) = custody.list_files()
            long_ago = file.stat().st_mtime - 2 * GRACE.total_seconds()
            os.utime(file, (long_ago, long_ago))
            assert (await AssetSweeper(custody.bench.context).sweep()).strays == 1
            assert custody.list_files() == []


async def test_an_operation_that_needs_custody_is_refused_without(database_url: str) -> None:
    async with open_workbench(
        database_url, ScriptedHttp(lambda _call: HttpResult(500, {}, b""))
    ) as bench:
        with_files(bench.context)
        await bench.create_queued("ours", operation="film")
        with pytest.raises(InvalidRequest, match="TRACKER_ASSETS"):
            await bench.create_queued("others", operation="draw")
