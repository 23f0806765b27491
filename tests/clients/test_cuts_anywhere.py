"""The answer to a create of every published client is cut: its provider made one task.

The front's answer to the first create of each client tells how long they are; each further one is
cut once, by turns with an end and a reset. `EVERY_BYTE=1` cuts behind each byte instead of at some
places of all parts, which takes minutes; `CUT_CLIENTS=pypi.ark.tasks,npm.fal` does so for some
clients alone.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.clients.conftest import OWN_HOSTS, Served
from tests.clients.running import CLIENTS, run_program
from tests.support.proxy import Cut, Exchange, Fault, Proxy, Side
from tests.support.service import KEEPING_FILES
from tests.support.tls import Certificates, make_certificates
from tests.support.tunnel import Tunnel
from tests.support.waiting import wait_until
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator

IS_EVERY_BYTE = os.environ.get("EVERY_BYTE") == "1"
ONLY = frozenset(filter(None, os.environ.get("CUT_CLIENTS", "").split(",")))
MOST_OF_A_BODY = 400
"""Places of a body that is longer: spread evenly, its last byte among them."""
MOST_TASKS = 50_000
"""More than any run makes; without a limit the emulator tells of its last 1,000 tasks."""
LONGEST_S = 1800 if IS_EVERY_BYTE else 300
PYPI = {
    "pypi.ark.images": "/ark/api/v3",
    "pypi.ark.tasks": "/ark/api/v3",
    "pypi.blackforest": f"http://{OWN_HOSTS['flux']}",
    "pypi.dashscope": "/dashscope/api/v1",
    "pypi.fal": OWN_HOSTS["fal"],
    "pypi.genai.gemini": "/veo",
    "pypi.genai.vertex": "/veo",
    "pypi.jimeng": OWN_HOSTS["jimeng"],
    "pypi.luma": "/luma/dream-machine/v1",
    "pypi.openai.images": "/openai/v1",
    "pypi.openai.responses": "/openai/v1",
    "pypi.openai.videos": "/openai/v1",
    "pypi.replicate": "/replicate",
    "pypi.zai": "/api/paas/v4",
}
"""Paths of the front, or addresses, by client."""
NEWER_GENAI = {"pypi.genai.vertex": "/veo", "pypi.genai.interactions": "/veo"}
NPM = {
    "npm.ai.alibaba": "/dashscope",
    "npm.ai.bytedance": "/ark/api/v3",
    "npm.ai.fal": "/fal/run",
    "npm.ai.fal-video": "/fal/proxy",
    "npm.ai.flux": "/flux/v1",
    "npm.ai.google": "/veo/v1beta",
    "npm.ai.luma": "/luma",
    "npm.ai.minimax": "/minimax",
    "npm.ai.replicate": "/replicate/v1",
    "npm.fal": "/fal/proxy",
    "npm.genai.gemini": "/veo",
    "npm.genai.interactions": "/veo",
    "npm.genai.vertex": "/veo",
    "npm.luma": "/luma/dream-machine/v1",
    "npm.openai.images": "/openai/v1",
    "npm.openai.responses": "/openai/v1",
    "npm.openai.videos": "/openai/v1",
    "npm.replicate": "/replicate/v1",
}
_CREATE = re.compile(rb"((?:pypi|npm)\.[a-z.-]+) cut[ +](\d+)\b")
_ACCOUNTS = """
[accounts.veo.keyed]
base_url = "{url}/veo/v1beta"
api_key = "{key}"
poll_spacing_s = 0.05

[accounts.veo.vertex]
base_url = "{url}/veo/v1"
service_account = "${{KEY_FILE}}"
location = "us-central1"
storage_url = "{url}/veo/storage"
poll_spacing_s = 0.05
"""


@pytest.fixture(scope="module")
def emulated() -> Iterator[Served]:
    """All providers, with room for every byte."""
    with Emulator(EmulatorConfig(step_seconds=0.02, max_slots=100_000)) as emulator:
        yield Served(emulator.url, DEFAULT_KEY, emulator.url)


@pytest.fixture(scope="module")
def more_settings(emulated: Served, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    key_file = httpx.get(f"{emulated.url}/veo/service-account.json", trust_env=False, timeout=60)
    accounts = tmp_path_factory.mktemp("accounts") / "accounts.toml"
    accounts.write_text(_ACCOUNTS.format(url=emulated.url, key=emulated.key))
    return {
        "TRACKER_CONFIG": str(accounts),
        "KEY_FILE": key_file.text,
        "TRACKER_OPENAI_PROFILE": "official",
        "TRACKER_HAILUO_BASE_URL": f"{emulated.url}/hailuo",
        "TRACKER_HAILUO_API_KEY": emulated.key,
        "TRACKER_HAILUO_POLL_SPACING_S": "0.05",
        # Hundreds of creates of one client would wait for the pace that providers document.
        **{f"TRACKER_{name}_CALLS_PER_S": "0" for name in ("JIMENG", "REPLICATE", "WAN")},
        **KEEPING_FILES,
    }


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"), "127.0.0.1", OWN_HOSTS["fal"])


class CutPlaces:
    """Cuts the first answer to each create but the first ones, at a place of its own."""

    def __init__(self) -> None:
        self.proxies: list[Proxy] = []
        self._done: set[bytes] = set()
        self._places: dict[str, list[int]] = {}

    def __call__(self, request: bytes) -> Fault | None:
        found = _CREATE.search(request)
        if found is None or not request.startswith(b"POST") or found[0] in self._done:
            return None
        number = int(found[2])
        if number == 0:
            return None
        self._done.add(found[0])
        after = self.places(found[1].decode())[number - 1]
        return Cut(Side.RESPONSE, after, is_reset=number % 2 == 0)

    @property
    def exchanges(self) -> list[Exchange]:
        """Return the exchanges of all proxies."""
        return [one for proxy in self.proxies for one in proxy.exchanges]

    def places(self, name: str) -> list[int]:
        """Return the places at which answers to a client's creates are cut."""
        if name not in self._places:
            self._places[name] = self._find(name)
        return self._places[name]

    def _find(self, name: str) -> list[int]:
        first = next(one for one in self.exchanges if f"{name} cut 0".encode() in one.request)
        head, size = first.head_size, first.response_size
        if not IS_EVERY_BYTE:
            return [0, 1, 12, head // 2, head - 1, head, (head + size) // 2, size - 1]
        body = size - head
        step = max(1, body // MOST_OF_A_BODY)
        return [*range(head), *range(head, size - 1, step), size - 1]


class Cutting:
    """Runs programs behind proxies that cut."""

    def __init__(self, front: Served, certificates: Certificates, folder: Path) -> None:
        self.front, self._certificates, self._folder = front, certificates, folder
        self.cuts = CutPlaces()

    def check(self, program: str, clients: Mapping[str, str], packages: Path | None = None) -> None:
        """Create by each client, with as many cuts as there are places, and count."""
        with (
            Proxy(self.front.url, choose=self.cuts) as plain,
            Proxy(self.front.url, choose=self.cuts, tls=self._certificates) as secure,
            Tunnel(self._hosts(plain, secure)) as tunnel,
        ):
            self.cuts.proxies = [plain, secure]
            base = secure.url if program.endswith(".cjs") else plain.url
            file = self._folder / "clients.json"
            file.write_text(json.dumps({n: self._address(base, at) for n, at in clients.items()}))

            def run(count: Callable[[str], int]) -> dict[str, list[Any]]:
                counts = (str(count(name)) for name in clients)
                told: dict[str, list[Any]] = run_program(
                    program,
                    *(str(file), self.front.key, *counts),
                    proxy=tunnel.url,
                    packages=packages,
                    certificates=self._certificates,
                    longest_s=LONGEST_S,
                )
                return told

            if IS_EVERY_BYTE:
                run(lambda _name: 1)
                told = run(lambda name: 1 + len(self.cuts.places(name)))
            else:
                told = run(lambda _name: 9)
            self._check(told)

    def _check(self, told: Mapping[str, Sequence[Any]]) -> None:
        places = {name: self.cuts.places(name) for name in told}
        expected = {
            f"{name} cut {number}": 1
            for name, cut in places.items()
            for number in range(1, 1 + len(cut))
        }
        for name, ids in told.items():
            assert len({str(one) for one in ids}) == len(ids) == 1 + len(places[name]), name
        lost = Counter[str]()
        for one in self.cuts.exchanges:
            if (found := _CREATE.search(one.request)) and one.fault is not None:
                lost[found[1].decode()] += 1
                assert one.response_size == places[found[1].decode()][int(found[2]) - 1]
        assert lost == {name: len(cut) for name, cut in places.items()}
        # The cheap question first: the emulator tells of all of its tasks at once.
        wait_until(lambda: not self._tasks("queued"), timeout_s=LONGEST_S)
        wait_until(lambda: self._created().keys() >= expected.keys(), timeout_s=LONGEST_S)
        made = self._created()
        assert {name: made[name] for name in expected} == expected
        print({name: len(cut) for name, cut in places.items()})  # noqa: T201 - for EVERY_BYTE

    def _created(self) -> Counter[str]:
        """Return how many tasks of each prompt the provider made."""
        url = f"{self.front.provider}/emulator/tasks?limit={MOST_TASKS}"
        made = httpx.get(url, trust_env=False, timeout=60).json()
        found = (_CREATE.search(json.dumps(task["request"]).encode()) for task in made)
        return Counter(one[0].decode() for one in found if one is not None)

    def _tasks(self, state: str) -> list[Any]:
        url = f"{self.front.url}/v1/tasks?limit=1&state={state}"
        headers = {"x-api-key": self.front.key}
        answer = httpx.get(url, headers=headers, trust_env=False, timeout=60)
        tasks: list[Any] = answer.raise_for_status().json()["tasks"]
        return tasks

    def _address(self, base: str, at: str) -> str:
        if at == OWN_HOSTS["fal"]:
            return f"{at}#{self._certificates.authority}"
        return base + at if at.startswith("/") else at

    def _hosts(self, plain: Proxy, secure: Proxy) -> dict[str, int]:
        port, secure_port = (urlsplit(one.url).port or 0 for one in (plain, secure))
        return {
            OWN_HOSTS["flux"]: port,
            OWN_HOSTS["jimeng"]: port,
            f"{OWN_HOSTS['fal']}:443": secure_port,
        }


@pytest.mark.parametrize(
    ("program", "clients", "packages"),
    [
        ("cut_creates.py", PYPI, None),
        ("cut_creates.py", NEWER_GENAI, CLIENTS / "genai3"),
        ("cut_creates.cjs", NPM, None),
    ],
    ids=["pypi", "newer genai", "npm"],
)
def test_creates_whose_answers_are_cut_anywhere_make_one_task_each(
    fronted: Served,
    certificates: Certificates,
    tmp_path: Path,
    *,
    program: str,
    clients: Mapping[str, str],
    packages: Path | None,
) -> None:
    clients = {name: at for name, at in clients.items() if not ONLY or name in ONLY}
    if not clients:
        pytest.skip("none of these is wanted")
    httpx.post(f"{fronted.provider}/emulator/reset", trust_env=False, timeout=60).raise_for_status()
    Cutting(fronted, certificates, tmp_path).check(program, clients, packages)
