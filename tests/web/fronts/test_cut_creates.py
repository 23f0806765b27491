"""A create of each front whose answer is cut, and its repeat: one task at the provider."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.clients.conftest import Served
from tests.clients.cutting import EvenCuts
from tests.support.databases import SqliteTemplate
from tests.support.proxy import Proxy
from tests.support.service import KEEPING_FILES, build_environment, serve_service
from tests.web.fronts.spoken import SPOKEN, spoken_accounts
from tests.web.fronts.test_front_contract import DIALECTS
from tracker.emulator import DEFAULT_KEY, EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.emulator.providers.jimeng.signature import DEFAULT_SECRET
from tracker.providers.registry import PROVIDERS

CREATED = 3
"""Tasks of each front: one that is answered, and two answers that are cut."""
PROMPT = "a cat"
"""Of each body below; another stands in its place in each request."""
_PICTURE = {"model": "gpt-image-2", "prompt": PROMPT}
_ACCOUNTS: Mapping[str, Mapping[str, str]] = {
    "chat.official": {"base_url": "/chat/v1"},
    "jimeng.default": {
        "base_url": "/jimeng",
        "access_key": DEFAULT_KEY,
        "secret_key": DEFAULT_SECRET,
    },
    "luma.agents": {"base_url": "/luma-agents/v1", "profile": "agents"},
    "midjourney.default": {"base_url": "/midjourney/trueai/mj", "profile": "trueai"},
    "openai.official": {"base_url": "/openai/v1", "profile": "official"},
    "recraft.default": {"base_url": "/recraft/v1"},
    "stability.default": {"base_url": "/stability"},
    "suno.default": {"base_url": "/suno", "profile": "gateway"},
    "udio.default": {"base_url": "/udio", "profile": "songs"},
    "veo.default": {"base_url": "/veo/v1beta"},
    **{
        f"{name}.default": {"base_url": one.base}
        for name, one in DIALECTS.items()
        if name in PROVIDERS and name != "kling"
    },
}
"""Besides those of SPOKEN, and Kling's, which the environment of all tests has."""


@dataclass(frozen=True)
class RawCreate:
    """The request of a create. is_form: of urlencoded fields; is_multipart: of parts."""

    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    is_form: bool = False
    is_multipart: bool = False

    def sent(self, http: httpx.Client, prompt: str) -> httpx.Response:
        """Send it; where the connection breaks, once more, as callers do."""
        body = json.loads(json.dumps(self.body).replace(PROMPT, prompt))
        more: dict[str, Any] = {"data" if self.is_form or self.is_multipart else "json": body}
        if self.is_multipart:
            more["files"] = {"none": ("", b"", "text/plain")}
        try:
            return http.post(self.path, headers=dict(self.headers), **more)
        except httpx.TransportError:
            return http.post(self.path, headers=dict(self.headers), **more)


def _plain(path: str, body: Mapping[str, Any], **more: bool) -> RawCreate:
    return RawCreate(path, body, {}, **more)


CREATES: Mapping[str, RawCreate] = {
    **{
        one.provider: RawCreate(one.ours + one.create, one.body, one.headers, is_form=one.is_form)
        for one in SPOKEN.values()
    },
    **{name: _plain(one.base + one.create, one.body) for name, one in DIALECTS.items()},
    "chat": _plain(
        "/chat/v1/chat/completions",
        {"model": "suno-v3.5", "messages": [{"role": "user", "content": PROMPT}]},
    ),
    "jimeng": _plain(
        "/jimeng/?Action=CVSync2AsyncSubmitTask&Version=2022-08-31",
        {"req_key": "jimeng_t2i_v40", "prompt": PROMPT},
    ),
    "midjourney": _plain("/mj/submit/imagine", {"prompt": PROMPT}),
    "openai pictures": _plain("/openai/v1/images/generations", _PICTURE),
    "openai responses": _plain(
        "/openai/v1/responses", {"model": "gpt-6", "input": PROMPT, "background": True}
    ),
    "recraft": _plain("/recraft/v1/images/generations", {"prompt": PROMPT}),
    "stability": _plain(
        "/stability/v2beta/stable-image/generate/core", {"prompt": PROMPT}, is_multipart=True
    ),
    "suno": _plain("/suno/submit/music", {"prompt": PROMPT, "mv": "chirp-v3-5"}),
    "udio": _plain("/udio/generate-proxy", {"prompt": PROMPT, "lyrics_type": "generate"}),
    "veo": _plain(
        "/veo/v1beta/models/veo-3.1-generate-preview:predictLongRunning",
        {"instances": [{"prompt": PROMPT}], "parameters": {}},
    ),
}


def _accounts(host: str) -> str:
    lines = [spoken_accounts().replace("HOST", host)]
    for name, options in _ACCOUNTS.items():
        key = {} if "secret_key" in options else {"api_key": DEFAULT_KEY}
        given = {**options, **key, "base_url": host + options["base_url"]}
        lines += [f"[accounts.{name}]", *(f'{key} = "{value}"' for key, value in given.items())]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def served(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("cut-creates")
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(EmulatorConfig(step_seconds=0.05, max_slots=1000)))
        (folder / "accounts.toml").write_text(_accounts(emulator.url))
        env = build_environment(
            sqlite_template.copy(folder),
            folder,
            provider_url=emulator.url,
            public_url=None,
            TRACKER_CONFIG=str(folder / "accounts.toml"),
            TRACKER_POLL_FIRST_S="60",
            **KEEPING_FILES,
        )
        url = stack.enter_context(serve_service(env, workers=True))
        yield Served(url, DEFAULT_KEY, emulator.url)


def test_every_front_is_here() -> None:
    fronts = {name for name, one in PROVIDERS.items() if one.front is not None}
    assert fronts == {name.split()[0] for name in CREATES}, "add dialects/NAME.json beside this"


@pytest.mark.parametrize("name", CREATES)
def test_a_create_that_is_lost_and_sent_again_makes_one_task(served: Served, name: str) -> None:
    cuts = EvenCuts(name, CREATED)
    with (
        Proxy(served.url, choose=cuts) as proxy,
        httpx.Client(base_url=proxy.url, trust_env=False, timeout=60) as http,
    ):
        cuts.of(proxy)
        answers = [CREATES[name].sent(http, prompt) for prompt in cuts.prompts]
    assert {one.status_code for one in answers} <= {200, 201, 202}, answers[-1].text
    cuts.check(served, [one.text for one in answers])
