"""A workbench that keeps files, and what tests of custody do again and again."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, update

from tests.support.made_up_api import build_answer
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.custody import Asset, Custody
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.task import Task
from tracker.egress.client import EgressClient
from tracker.egress.download import Downloading
from tracker.objects.bucket import Bucket
from tracker.objects.folder import PARTS, Folder
from tracker.objects.spooled import SpooledStore
from tracker.services.custody.fetching import AssetFetcher
from tracker.services.storage import Storage
from tracker.store import assets
from tracker.store.driver.transaction import Tx
from tracker.store.schema import assets as assets_table

LOOPBACK = ("127.0.0.0/8",)
RULES = Custody(max_bytes=8 * 1024 * 1024, min_free_bytes=0)
"""A small cap. Silence is as long as in service: a busy machine may pause for half a second."""


@dataclass
class CustodyBench:
    """A workbench, its store of files, and the service that fetches."""

    bench: Workbench
    folder: Path
    storage: Storage
    fetching: AssetFetcher

    async def create_succeeded(self, *pieces: dict[str, Any], name: str = "ours") -> Task:
        """A task whose provider says by callback that it made these pieces."""
        task = await self.bench.accept_task(
            await self.bench.create_queued(name), f"theirs of {name}"
        )
        said = {"status": "succeeded", "id": f"theirs of {name}", "pieces": list(pieces)}
        await self.bench.call_back(task, said)
        return await self.bench.read_task(task.key)

    async def fetch(self, *, rounds: int = 1, is_last: bool = False) -> None:
        """Fetch whatever is wanted, due or not, so many times. is_last: then all URLs are dead."""
        for left in range(rounds, 0, -1):
            await self.bring_forward(is_dead=is_last and left == 1)
            for claimed in await self.fetching.claim(limit=100, per_lane=100, busy={}):
                await self.fetching.fetch(claimed)

    async def list_assets(self, task: Task) -> list[Asset]:
        """The assets of a task."""
        found = await self.bench.context.store.read(lambda db: assets.list_of_tasks(db, [task.key]))
        return found.get(task.key, [])

    async def fetch_new(
        self, *pieces: dict[str, Any], rounds: int = 1, is_last: bool = False
    ) -> Asset:
        """The one asset of a new task, after fetching."""
        task = await self.create_succeeded(*pieces)
        await self.fetch(rounds=rounds, is_last=is_last)
        (asset,) = await self.list_assets(task)
        return asset

    async def forget(self, task: Task) -> None:
        """Fetch nothing of a task any more."""

        def batch(tx: Tx, keys: Sequence[int]) -> list[None]:
            tx.db.execute(delete(assets_table).where(assets_table.c.task_key.in_(keys)))
            return [None] * len(keys)

        await self.bench.context.store.write(batch, task.key)

    def list_files(self) -> list[Path]:
        """Whole files in the store."""
        return [
            path for path in self.folder.rglob("*") if path.is_file() and PARTS not in path.parts
        ]

    def render_parts(self) -> list[Path]:
        """Files that are being written, or were left."""
        return list((self.folder / PARTS).glob("*"))

    async def read_content(self, asset: Asset) -> bytes:
        """The bytes of a kept asset."""
        assert asset.store_key is not None
        assert asset.size is not None
        blocks = self.storage.objects.read(asset.store_key, 0, asset.size)
        return b"".join([block async for block in blocks])

    async def bring_forward(self, *, is_dead: bool = False) -> None:
        """Make all that is wanted due a minute ago. is_dead: its URLs have died then."""

        def batch(tx: Tx, items: Sequence[None]) -> list[None]:
            due = update(assets_table).where(assets_table.c.state == "wanted")
            past = tx.now - timedelta(seconds=60)
            tx.db.execute(due.values(next_at=past, **({"dies_at": past} if is_dead else {})))
            return [None] * len(items)

        await self.bench.context.store.write(batch, None)


@asynccontextmanager
async def open_custody(
    database_url: str,
    folder: Path,
    *,
    rules: Custody = RULES,
    allow: Sequence[str] = LOOPBACK,
    outbound: ScriptedHttp | None = None,
    objects: Folder | Bucket | SpooledStore | None = None,
    **options: Any,
) -> AsyncIterator[CustodyBench]:
    """Open one on a database. options: of the workbench."""
    objects = objects or Folder(folder / "assets")
    downloads = Downloading(allow, cap=rules.max_bytes, silence_s=rules.silence_s)
    spooled = objects if isinstance(objects, SpooledStore) else None
    storage = Storage(rules, objects, downloads, spooled=spooled)
    outbound = outbound or ScriptedHttp(lambda _call: HttpResult(500, {}, b""))
    try:
        async with open_workbench(database_url, outbound, storage=storage, **options) as bench:
            yield CustodyBench(bench, folder / "assets", storage, AssetFetcher(bench.context))
    finally:
        objects.close()


def make_answering(statement: dict[str, Any]) -> ScriptedHttp:
    """A provider that tells every poll the same of its tasks."""

    def answer(_call: HttpCall) -> HttpResult:
        return HttpResult(200, {}, json.dumps({"tasks": [statement]}).encode())

    return ScriptedHttp(answer)


class Relay(ScriptedHttp):
    """A way out whose every call goes to one real address, through the service's own client.

    id_: of the task that each answer is told of, with the files in it.
    """

    def __init__(self, url: str, id_: str = "theirs") -> None:
        super().__init__(lambda _call: HttpResult(500, {}, b""))
        self._url, self.id_, self._client = url, id_, EgressClient(LOOPBACK)

    async def respond(self, call: HttpCall, **sinks: Any) -> HttpResult | HttpFailure:
        answer = await self._client.call_provider(replace(call, url=self._url), **sinks)
        if isinstance(answer, HttpFailure) or answer.status != 200:
            return answer
        said = json.loads(answer.body)
        names = [said] if isinstance(said, str) else [one["b64_json"] for one in said["data"]]
        made = [{"kind": "image", "url": name, "key": str(at)} for at, name in enumerate(names)]
        return build_answer(
            id=self.id_, said={"status": "succeeded", "id": self.id_, "pieces": made}
        )
