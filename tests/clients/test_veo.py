"""Google's published clients, unmodified, against our front with the emulator behind it.

`google-genai` 2.25.0 and `google-genai` 3.6.1 from PyPI, `@google/genai` 2.32.0 from npm, of both
APIs, and `@ai-sdk/google` 3.0.141 from npm. Google's own repeat no create of a video: who calls
them does.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clients.ai_sdk import FrontModel, check_fronts
from tests.clients.conftest import Served
from tests.clients.running import CLIENTS, run_program
from tests.support.proxy import Cut, Fault, Proxy, Side
from tests.support.service import KEEPING_FILES
from tests.support.tls import make_certificates

PATH = "/veo"
NEWER = CLIENTS / "genai3"
KINDS = ("gemini", "vertex", "interactions")
CUTS = 5
_LOST = re.compile(rb"lost (\w+) (\d{3})")
_AFTER = (0, 1, 90, 180, 260)
"""Bytes of an answer that pass, of each create; the answers have some 300."""


@pytest.fixture(scope="module")
def more_settings(emulated: Served, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    key_file = httpx.get(f"{emulated.url}/veo/service-account.json", trust_env=False, timeout=60)
    accounts = tmp_path_factory.mktemp("accounts") / "accounts.toml"
    accounts.write_text(
        f"""
[accounts.veo.keyed]
base_url = "{emulated.url}/veo/v1beta"
api_key = "{emulated.key}"
poll_spacing_s = 0.05

[accounts.veo.vertex]
base_url = "{emulated.url}/veo/v1"
service_account = "${{KEY_FILE}}"
location = "us-central1"
storage_url = "{emulated.url}/veo/storage"
poll_spacing_s = 0.05
"""
    )
    return {"TRACKER_CONFIG": str(accounts), "KEY_FILE": key_file.text, **KEEPING_FILES}


class Losing:
    """Cuts the answer to the first create of each prompt `lost KIND NUMBER`."""

    def __init__(self) -> None:
        self.cut: list[bytes] = []

    def __call__(self, request: bytes) -> Fault | None:
        found = _LOST.search(request)
        if found is None or found[0] in self.cut:
            return None
        self.cut.append(found[0])
        after = _AFTER[int(found[2]) % len(_AFTER)]
        return Cut(Side.RESPONSE, after=after, is_reset=after % 3 == 0)


@contextmanager
def losing(front: Served) -> Iterator[Proxy]:
    with Proxy(front.url, choose=Losing()) as proxy:
        yield proxy


def check_videos(told: Mapping[str, Any], kind: str, count: int) -> None:
    """Check the life of videos, and the two words of failures that a client reads."""
    name = r"models/veo-3\.1-generate-preview/operations/[0-9a-f-]{36}"
    place = r"projects/emulated-project/locations/us-central1/publishers/google/"
    done, filtered, failed = told["done"], told["filtered"], told["failed"]
    assert re.fullmatch(name if kind == "gemini" else place + name, done["name"])
    assert (len(done["uris"]), done["error"]) == (count, None)
    assert (filtered["filtered"], filtered["uris"], filtered["error"]) == (1, [], None)
    assert "safety" in filtered["reasons"][0]
    assert failed["error"]["code"] == 13
    assert failed["error"]["message"]
    assert told["refused"] == 400


def check_creations(front: Served, proxy: Proxy, *kinds: str) -> None:
    """Each create whose answer was lost was made again, and made one task at the provider."""
    cut = [one for one in proxy.exchanges if one.fault is not None]
    assert len(cut) == CUTS * len(kinds)
    assert max(one.response_size for one in cut) <= max(_AFTER)
    made = httpx.get(f"{front.provider}/emulator/tasks", trust_env=False, timeout=60).json()
    requests = [json.dumps(task["request"]) for task in made]
    for kind in kinds:
        for number in range(CUTS):
            prompt = f'"lost {kind} {number:03}"'
            assert sum(prompt in one for one in requests) == 1, prompt


@pytest.fixture
def fresh(fronted: Served) -> Served:
    """The front, with an emulator that remembers no task of another client's."""
    httpx.post(f"{fronted.provider}/emulator/reset", trust_env=False, timeout=60).raise_for_status()
    return fronted


def test_older_major_makes_videos_of_both_apis(fresh: Served) -> None:
    with losing(fresh) as proxy:
        told = run_program(
            "genai_sdk.py", fresh.url + PATH, proxy.url + PATH, fresh.key, "gemini", "vertex"
        )
    assert told["version"] == "2.25.0"
    for kind in ("gemini", "vertex"):
        check_videos(told[kind], kind, 2)
        assert told[kind]["repeated"] == CUTS
    assert told["gemini"]["content"] == "ftyp"
    for uri in told["vertex"]["done"]["uris"]:
        assert fresh.fetch(uri)[4:8] == b"ftyp"
    check_creations(fresh, proxy, "gemini", "vertex")


def test_newer_major_has_interactions_and_videos_of_vertex(fresh: Served) -> None:
    with losing(fresh) as proxy:
        told = run_program(
            "genai_sdk.py",
            *(fresh.url + PATH, proxy.url + PATH, fresh.key, "vertex", "interactions"),
            packages=NEWER,
        )
    assert told["version"] == "3.6.1"
    check_videos(told["vertex"], "vertex", 2)
    run = told["interactions"]
    assert (run["status"], run["following"], run["failed"]) == ("completed", "completed", "failed")
    assert re.match(r"https://.*/files/[a-z0-9]+:download", run["uri"])
    assert run["labels"] == {"team": "film"}
    assert run["tokens"] == 12345
    assert run["cancelled"] in ("cancelled", "in_progress")
    assert run["missing"] == 404
    check_creations(fresh, proxy, "vertex", "interactions")


def test_javascript_client_makes_videos_and_interactions(fresh: Served, tmp_path: Path) -> None:
    with losing(fresh) as proxy:
        told = run_program(
            "genai_sdk.cjs", fresh.url + PATH, proxy.url + PATH, fresh.key, str(tmp_path)
        )
    for kind in ("gemini", "vertex"):
        check_videos(told[kind], kind, 1)
    assert told["gemini"]["content"] == "ftyp"
    run = told["interactions"]
    assert (run["status"], run["failed"]) == ("completed", "failed")
    check_creations(fresh, proxy, *KINDS)


def test_ai_sdk_makes_videos_and_hears_of_a_failure(fresh: Served, tmp_path: Path) -> None:
    """It puts its key on the address of a file that is of the front's own origin: over TLS."""
    certificates = make_certificates(tmp_path, "127.0.0.1")
    failures = {
        "failed": "GOOGLE_VIDEO_GENERATION_FAILED: ",
        "filtered": "GOOGLE_VIDEO_GENERATION_ERROR: ",
    }
    model = FrontModel("google", f"{PATH}/v1beta", "video/mp4", failures)
    check_fronts(fresh, model, certificates=certificates)
