"""A callback that repeats a secret in an encoding leaves it in no receipt."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

import pytest

from tests.support.made_up_api import Played
from tests.support.workbench import SECRET, ScriptedHttp, open_workbench
from tracker.domain import token
from tracker.domain.encoded_secrets import EncodedSecrets
from tracker.domain.redaction import MASK
from tracker.store import receipts

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
    known, spelt = EncodedSecrets([KEY, "short"]), ENCODINGS[encoding](f"{before}{KEY} after")
    text = json.dumps({"why": f"no such key: {spelt}"}).replace("/", "\\/")
    found = known.found_in(text, "a-token")
    assert any(one in spelt for one in found)
    assert known.found_in("no such key", "a-token") == ()


async def test_a_receipt_keeps_no_secret_that_came_encoded(database_url: str) -> None:
    options = {"api_key": KEY}
    async with open_workbench(database_url, ScriptedHttp(Played()), options=options) as bench:
        task = await bench.sent()
        own = token.sign(SECRET, task.provider, str(task.id))
        url = f"https://t.example/callbacks/{task.provider}/{task.id}/{own}"
        spelt = [encode(f"key {KEY}") for encode in ENCODINGS.values()]
        spelt += [ENCODINGS[name](url) for name in ("base64", "base64 for URLs", "hex")]
        said = {"id": "theirs", "status": "failed", "why": "no", "more": spelt}
        await bench.call_back(task, said)
        found = await bench.context.store.read(
            lambda db: receipts.of_task(db, task.key, after=0, limit=10)
        )
        body = (found[-1].body or b"").decode()
        assert body.count(MASK) == len(spelt)
        for encode in ENCODINGS.values():
            assert encode(KEY)[4:-4] not in body
            assert encode(own)[4:-4] not in body
