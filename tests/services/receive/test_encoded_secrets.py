"""A callback that repeats a secret in an encoding leaves it in no receipt."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.support.made_up_api import Played
from tests.support.raw_callbacks import build_raw_callback
from tests.support.workbench import SECRET, ScriptedHttp, open_workbench
from tracker.domain import token
from tracker.domain.errors import NotFound
from tracker.domain.redaction import MASK, Redactor
from tracker.services.receive.reception import Reception
from tracker.store import receipts, schema

pytestmark = pytest.mark.anyio
KEY = "sk-Canary/of+the=Key~0123"
ENCODINGS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex in capitals": lambda text: text.encode().hex().upper(),
    "capitals": str.upper,
    "small letters": str.lower,
}


@pytest.mark.parametrize("before", ["", "x", "xy"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_spelling_is_found_wherever_it_begins(encoding: str, before: str) -> None:
    # The end of the other is alike, and spelt alike.
    redactor = Redactor([KEY, f"ak-{KEY[-20:]}", "short"])
    for secret in (KEY, f"ak-{KEY[-20:]}"):
        spelt = ENCODINGS[encoding](f"{before}{secret} after")
        for text in (spelt, json.dumps({"why": f"no such key: {spelt}"}).replace("/", "\\/")):
            told = redactor.redact(text)
            assert MASK in told
            assert ENCODINGS[encoding](secret)[4:-4] not in told.replace("\\/", "/")
    assert not redactor.may_hold_secret(f"no such key: {ENCODINGS['hex']('another one of theirs')}")


async def test_a_header_is_cut_behind_its_secrets(database_url: str) -> None:
    options = {"api_key": KEY}
    async with open_workbench(database_url, ScriptedHttp(Played()), options=options) as bench:
        bench.context = replace(bench.context, redactor=Redactor([KEY]))
        task = await bench.submit_task()
        own = token.sign(SECRET, task.provider, str(task.id))
        headers = {"user-agent": "x" * 500 + KEY, "date": "y" * 600}
        raw = build_raw_callback(task.provider, str(task.id), own, b'{"id": "theirs"}', headers)
        await Reception(bench.context).receive(raw)
        found = await bench.context.store.read(
            lambda db: receipts.list_of_task(db, task.key, after=0, limit=10)
        )
        kept = found[-1].headers
        assert kept == {"user-agent": "x" * 500 + MASK, "date": "y" * 512}


async def test_a_receipt_keeps_no_secret_that_came_encoded(database_url: str) -> None:
    options = {"api_key": KEY}
    async with open_workbench(database_url, ScriptedHttp(Played()), options=options) as bench:
        bench.context = replace(bench.context, redactor=Redactor([KEY]))
        task = await bench.submit_task()
        own = token.sign(SECRET, task.provider, str(task.id))
        url = f"https://t.example/callbacks/{task.provider}/{task.id}/{own}"
        spelt = [encode(f"key {KEY}") for encode in ENCODINGS.values()]
        spelt += [ENCODINGS[name](url) for name in ("base64", "base64 for URLs", "hex")]
        said = {"id": "theirs", "status": "failed", "why": "no", "more": spelt}
        await bench.call_back(task, said)
        found = await bench.context.store.read(
            lambda db: receipts.list_of_task(db, task.key, after=0, limit=10)
        )
        body = (found[-1].body or b"").decode()
        assert body.count(MASK) == len(spelt)
        for encode in ENCODINGS.values():
            assert encode(KEY)[4:-4] not in body
            assert encode(own)[4:-4] not in body


@pytest.mark.parametrize("end", ["", "~", "/x"])
async def test_a_forged_callback_keeps_neither_its_token_nor_the_right_one_nor_anothers(
    database_url: str, end: str
) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        task, other = await bench.submit_task(), token.sign(SECRET, "other", "task")
        right = token.sign(SECRET, task.provider, str(task.id))
        body = f"of another: {other}, right: {right}".encode()
        sent = other[: len(other) - len(end)] + end
        raw = build_raw_callback(task.provider, str(task.id), sent, body, {"user-agent": right})
        with pytest.raises(NotFound):
            await Reception(bench.context).receive(raw)
        (found,) = await bench.context.store.read(
            lambda db: db.execute(select(schema.receipts.c.body, schema.receipts.c.headers)).all()
        )
        assert found.body == f"of another: {MASK}, right: {MASK}".encode()
        assert found.headers == {"user-agent": MASK}
