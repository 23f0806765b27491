"""Run `ai` from npm with packages of providers, and check fronts by it."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.clients.conftest import Served
from tests.clients.cutting import ANSWERED, creates
from tests.clients.running import run_program
from tests.support.proxy import Fault, Proxy
from tests.support.tls import Certificates

_BEGINNINGS = {"image/png": (0, b"\x89PNG"), "video/mp4": (4, b"ftyp")}


@dataclass(frozen=True)
class AskedModel:
    """Prompts for a model of a package.

    kind:      of the models in the program.
    is_newest: of the package that the newest major has besides.
    """

    kind: str
    url: str
    key: str
    prompts: Sequence[str]
    is_newest: bool = False


@dataclass(frozen=True)
class FrontModel:
    """A model that makes files through a front. failures: patterns of what it says, by scenario."""

    kind: str
    path: str
    media_type: str
    failures: Mapping[str, str]
    is_newest: bool = False

    @property
    def lost(self) -> str:
        """Return the prompt of the create whose first answer is lost."""
        return f"a fox of {self.kind}, {self.is_newest}, that is lost"


class _FirstCreates:
    """Loses the answer to the first create that names one of some prompts."""

    def __init__(self, prompts: Sequence[str]) -> None:
        self.waiting = set(prompts)

    def __call__(self, request: bytes) -> Fault | None:
        found = {one for one in self.waiting if one.encode() in request}
        if not found or not request.startswith(b"POST"):
            return None
        self.waiting -= found
        return ANSWERED


def run_ai_sdk(
    *asked: AskedModel, provider: str = "", certificates: Certificates | None = None
) -> list[list[dict[str, Any]]]:
    """Return what each model told for each prompt: `images`, or `error` and `message`.

    provider: the address under which http://provider.example is found.
    """
    models = [
        {
            "kind": one.kind,
            "url": one.url,
            "key": one.key,
            "prompts": one.prompts,
            "isNewest": one.is_newest,
        }
        for one in asked
    ]
    told: list[list[dict[str, Any]]] = run_program(
        "ai_sdk.cjs", provider, json.dumps(models), certificates=certificates
    )
    return told


def check_file(told: Mapping[str, Any], media_type: str) -> None:
    """Check that one file was made, of this type."""
    assert "images" in told, told
    [file] = told["images"]
    assert file["media_type"] == media_type
    at, beginning = _BEGINNINGS[media_type]
    assert base64.b64decode(file["base64"])[at:].startswith(beginning)


def check_fronts(
    served: Served,
    *models: FrontModel,
    besides: Sequence[AskedModel] = (),
    provider: str = "",
    certificates: Certificates | None = None,
) -> list[list[dict[str, Any]]]:
    """Check a file of each model, one whose first create is lost behind our commit, and failures.

    It repeats a call whose connection broke, and says nothing of it.
    besides: asked in the same run; what they told is returned.
    """
    lost = [one.lost for one in models]
    choose = _FirstCreates(lost)
    with Proxy(served.url, choose=choose, tls=certificates) as proxy:
        asked = [
            AskedModel(
                one.kind,
                proxy.url + one.path,
                served.key,
                ["a cat", one.lost, *(f"a cat [scenario:{word}]" for word in one.failures)],
                one.is_newest,
            )
            for one in models
        ]
        told = run_ai_sdk(*asked, *besides, provider=provider, certificates=certificates)
    expected = sum(len(one.prompts) for one in asked)
    assert sorted(creates(proxy.exchanges)) == ["answered"] * expected + ["lost"] * len(lost)
    for model, (made, again, *failed) in zip(models, told, strict=False):
        check_file(made, model.media_type)
        check_file(again, model.media_type)
        for one, words in zip(failed, model.failures.values(), strict=True):
            said = f"{one['error']}: {one['message']}"
            assert re.search(words, said), said
    assert served.created_each(lost) == [1] * len(lost)
    return told[len(models) :]
