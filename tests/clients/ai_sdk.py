"""Run `ai` from npm with the package of a provider, and check a front by it."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from tests.clients.conftest import Served
from tests.clients.cutting import creates, first_create
from tests.clients.running import run_program
from tests.support.proxy import Proxy
from tests.support.tls import Certificates

_BEGINNINGS = {"image/png": (0, b"\x89PNG"), "video/mp4": (4, b"ftyp")}


def run_ai_sdk(
    kind: str, url: str, key: str, *prompts: str, certificates: Certificates | None = None
) -> list[dict[str, Any]]:
    """Return what it told for each prompt: `images`, or `error` and `message`.

    kind: of the models in the program.
    """
    told: list[dict[str, Any]] = run_program(
        "ai_sdk.cjs", kind, url, key, *prompts, certificates=certificates
    )
    return told


def check_file(told: Mapping[str, Any], media_type: str) -> None:
    """Check that one file was made, of this type."""
    [file] = told["images"]
    assert file["media_type"] == media_type
    at, beginning = _BEGINNINGS[media_type]
    assert base64.b64decode(file["base64"])[at:].startswith(beginning)


def check_front(
    served: Served,
    kind: str,
    path: str,
    media_type: str,
    *,
    scenarios: Sequence[str] = ("failed",),
    certificates: Certificates | None = None,
) -> list[dict[str, Any]]:
    """Check a file, and one whose first create is lost behind our commit; return the failures.

    It repeats a call whose connection broke, and says nothing of it.
    scenarios: of the failures.
    """
    lost = f"a fox of {kind} that is lost"
    prompts = ("a cat", lost, *(f"a cat [scenario:{one}]" for one in scenarios))
    choose = first_create(naming=lost)
    with Proxy(served.url, choose=choose, tls=certificates) as proxy:
        made, again, *failed = run_ai_sdk(
            kind, proxy.url + path, served.key, *prompts, certificates=certificates
        )
    assert sorted(creates(proxy.exchanges)) == ["answered"] * len(prompts) + ["lost"]
    check_file(made, media_type)
    check_file(again, media_type)
    assert served.created(lost) == 1
    return failed
