"""Refusals of this service itself, through every front: in words that its clients can read."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from tests.support.databases import SqliteTemplate
from tests.support.keys import build_bearer, issue
from tests.support.service import build_environment, serve_service
from tests.web.fronts.comparing import field_of
from tests.web.fronts.spoken import SPOKEN
from tracker.cli.main import main
from tracker.providers.registry import PROVIDERS

POOR, RICH, LIMITED, ADMIN = "poor", "rich", "limited", "default"
MOST = 64 * 1024
UNKNOWN = "01890000-0000-7000-8000-000000000000"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOWHERE = "http://127.0.0.1:9"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Words:
    """How clients of a front ask, and where they read why they were refused.

    create, body: of a task. one: what shows a task, with `{id}` for its id; None for nothing.
    message: field of the reason. code: field of the word beside it, and the word for no money.
    money:   HTTP status of a create that the budget has no room for.
    """

    provider: str
    create: str
    body: Any
    one: str | None
    message: str
    code: tuple[str, Any] | None = None
    money: int = 402
    is_form: bool = False


NEW_API = ("error.code", "insufficient_user_quota")
SONG = {"prompt": "la", "tags": "pop", "title": "t"}
RECORD = {"customMode": False, "instrumental": True, "model": "V5", "prompt": "rain"}
CAT = {"prompt": "a cat"}


def spoken(name: str, message: str, **more: Any) -> Words:
    """Return the words of a dialect whose requests stand in SPOKEN."""
    one = SPOKEN[name]
    return Words(
        one.provider,
        one.ours + one.create,
        one.body,
        f"{one.ours}{one.one}{{id}}{one.one_ends}",
        message,
        is_form=one.is_form,
        **more,
    )


FRONTS = {
    "midjourney": Words(
        "midjourney", "/mj/submit/imagine", CAT, "/mj/task/{id}/fetch", "description", ("code", 4)
    ),
    "suno": Words("suno", "/suno/submit/music", SONG, "/suno/fetch/{id}", "error.message", NEW_API),
    "suno raw": Words("suno", "/suno/generate", SONG, None, "error.message", NEW_API),
    "sunoapi": Words(
        "suno",
        "/suno/api/v1/generate",
        RECORD,
        "/suno/api/v1/generate/record-info?taskId={id}",
        "msg",
        ("code", 402),
    ),
    "gcui": Words("suno", "/suno/api/generate", CAT, "/suno/api/clip?id={id}", "error"),
    "udio songs": Words("udio", "/udio/generate-proxy", CAT, None, "msg", ("code", 402)),
    "udio": Words(
        "udio",
        "/udio/submit/music",
        {"gen_params": CAT},
        "/udio/fetch/{id}",
        "error.message",
        NEW_API,
    ),
    "luma": Words(
        "luma",
        "/luma/dream-machine/v1/generations/video",
        {"model": "ray-2", "prompt": "a cat"},
        "/luma/dream-machine/v1/generations/{id}",
        "detail",
    ),
    "luma at a gateway": spoken("luma at a gateway", "error.message", code=NEW_API),
    "runway": Words(
        "runway",
        "/proxy/runway/image_to_video",
        SPOKEN["runway"].body,
        "/proxy/runway/tasks/{id}",
        "error",
    ),
    "runway at a gateway": spoken("runway at a gateway", "error.message", code=NEW_API),
    "runway of the web": spoken("runway of the web", "error.message", code=NEW_API),
    "pika at a gateway": spoken("pika at a gateway", "error.message", code=NEW_API),
    "pika in comfy": spoken("pika in comfy", "error.message"),
    "domo": spoken("domo", "message", code=("code", 2001)),
    "cogvideox": spoken("cogvideox", "error.message", code=("error.code", "1113")),
    "chat": Words(
        "chat",
        "/chat/v1/chat/completions",
        {"model": "suno-v3", "stream": True, "messages": [{"role": "user", "content": "x"}]},
        "/chat/v1/chat/completions/{id}",
        "error.message",
        NEW_API,
    ),
    "openai videos": spoken("openai videos", "error.message", code=NEW_API),
    "openai rows": spoken("openai rows", "message", code=("code", "insufficient_user_quota")),
    "ark": spoken("ark", "error.message", code=("error.code", "AccountOverdueError"), money=403),
    "hailuo": spoken("hailuo", "base_resp.status_msg", code=("base_resp.status_code", 1008)),
    "wan": spoken("wan", "message"),
    "vidu": spoken("vidu", "message"),
    "hailuo v2": spoken(
        "hailuo v2", "error.message", code=("error.type", "insufficient_balance_error")
    ),
    "flux": spoken("flux", "detail"),
    "fal": spoken("fal", "detail", money=403),
    "kling": Words(
        "kling",
        "/kling/v1/videos/text2video",
        CAT,
        None,
        "message",
        ("code", 1102),
        429,
    ),
    "luma agents": Words(
        "luma",
        "/luma-agents/v1/generations",
        {"type": "video", "model": "ray-3.2", "prompt": "a cat"},
        None,
        "detail",
    ),
    "replicate": Words(
        "replicate",
        "/replicate/v1/models/acme/picture/predictions",
        {"input": CAT},
        "/replicate/v1/predictions/{id}",
        "detail",
        ("status", 402),
    ),
    "recraft": Words(
        "recraft", "/recraft/v1/images/generations", CAT, None, "error.message", NEW_API
    ),
    "openai images": Words(
        "openai",
        "/openai/v1/images/generations",
        {"model": "gpt-image-1", "prompt": "a cat"},
        None,
        "error.message",
        NEW_API,
    ),
    "veo": Words(
        "veo",
        "/veo/v1beta/models/veo-3.1-generate-preview:predictLongRunning",
        {"instances": [CAT]},
        None,
        "error.message",
        ("error.code", 402),
    ),
    "jimeng": Words(
        "jimeng",
        "/jimeng/?Action=CVSync2AsyncSubmitTask&Version=2022-08-31",
        {"req_key": "jimeng_t2i_v40", "prompt": "a cat"},
        None,
        "message",
        ("code", 50400),
    ),
    "stability": Words(
        "stability",
        "/stability/v2beta/stable-image/generate/core",
        CAT,
        None,
        "errors.0",
        ("name", "payment_required"),
        is_form=True,
    ),
}
STATUSES = {"flux": [403, 413, 429], "fal": [401, 413, 403], "kling": [401, 400, 429]}
"""HTTP status of a call without a good key, of one too large and of one too many, where a provider
or its client has others than 401, 413 and 429."""


@pytest.fixture(scope="module")
def service(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, httpx.Client]]:
    """Clients with the keys of three tenants, at a service whose providers are not there."""
    folder: Path = tmp_path_factory.mktemp("refused")
    names = sorted({one.provider for one in FRONTS.values()})
    prices = [f'[[price]]\nprovider = "{name}"\namount = "1"\ncurrency = "CNY"' for name in names]
    accounts = [
        f'[accounts.{name}.{account}]\nbase_url = "{NOWHERE}/{path}"\napi_key = "k"\n{more}'
        for name, account, path, more in ACCOUNTS
    ]
    (folder / "config.toml").write_text("\n".join(prices + accounts))
    database = sqlite_template.copy(folder)
    env = build_environment(database, folder, provider_url=NOWHERE, public_url=None)
    env |= {"TRACKER_CONFIG": str(folder / "config.toml"), "TRACKER_MAX_BODY_BYTES": str(MOST)}
    env["TRACKER_ASSETS"] = "on"  # for those that answer with files
    keys = {
        POOR: issue(database, tenant=POOR),
        RICH: issue(database, tenant=RICH),
        LIMITED: issue(database, tenant=LIMITED, rate=1),
        ADMIN: issue(database, tenant=ADMIN),
    }
    done = CliRunner(env={"DATABASE_URL": database}).invoke(
        main, ("budgets", "set", "0.5", "CNY", "--tenant", POOR)
    )
    assert done.exit_code == 0, done.output
    with ExitStack() as stack:
        url = stack.enter_context(serve_service(env, workers=False))
        yield {
            name: stack.enter_context(
                httpx.Client(base_url=url, headers=build_bearer(key), trust_env=False, timeout=60)
            )
            for name, key in keys.items()
        }


ACCOUNTS = [
    ("midjourney", "a", "mj", ""),
    *(("suno", one, one, f'profile = "{one}"') for one in ("gateway", "raw", "sunoapi", "gcui")),
    *(("udio", one, "udio", f'profile = "{one}"') for one in ("songs", "task")),
    ("luma", "official", "dream-machine/v1", 'profile = "official"'),
    ("luma", "gateway", "luma", 'profile = "gateway"'),
    ("runway", "official", "", 'profile = "official"'),
    *(("runway", one, one, f'profile = "{one}"') for one in ("runwayml", "runway")),
    ("pika", "gateway", "pika", 'profile = "gateway"'),
    ("pika", "comfy", "proxy/pika", 'profile = "comfy"'),
    ("domo", "a", "v1", ""),
    ("cogvideox", "a", "paas/v4", 'profile = "official"'),
    ("chat", "a", "v1", ""),
    ("openai", "a", "v1", ""),
    *((name, "a", name, "") for name in ("ark", "hailuo", "wan", "vidu")),
    ("flux", "a", "v1", 'profile = "official"'),
    ("luma", "agents", "agents/v1", 'profile = "agents"'),
    *(
        (name, "a", name, "")
        for name in ("fal", "kling", "replicate", "recraft", "stability", "jimeng")
    ),
    ("veo", "a", "v1beta", 'profile = "gemini"'),
]


def create(
    client: httpx.Client, words: Words, key: Mapping[str, str] = NO_HEADERS, **more: Any
) -> httpx.Response:
    body = dict(words.body) | more
    sent: dict[str, Any] = {"data" if words.is_form else "json": body}
    return client.post(words.create, headers=dict(key), **sent)


def read(answer: httpx.Response, words: Words) -> str:
    reason = field_of(answer.json(), words.message)
    assert isinstance(reason, str), answer.text
    return reason


@pytest.mark.parametrize("name", FRONTS)
def test_what_a_budget_has_no_room_for_is_refused_in_the_fronts_own_words(
    service: dict[str, httpx.Client], name: str
) -> None:
    words, client = FRONTS[name], service[POOR]
    answer = create(client, words)
    assert answer.status_code == words.money, answer.text
    assert "0.5 CNY a day" in read(answer, words)
    if words.code is not None:
        path, code = words.code
        assert field_of(answer.json(), path) == code
    assert client.get("/v1/tasks").json()["tasks"] == []


@pytest.mark.parametrize("name", FRONTS)
def test_other_refusals_of_our_own_can_be_read_too(
    service: dict[str, httpx.Client], name: str
) -> None:
    words, client = FRONTS[name], service[RICH]
    forged = create(client, words, key={"authorization": "Bearer nobody"})
    large = create(client, words, more="x" * MOST)
    service[LIMITED].get("/v1/tasks")  # takes what its rate allows
    limited = create(service[LIMITED], words)
    told = [answer.status_code for answer in (forged, large, limited)]
    assert told == STATUSES.get(name, [401, 413, 429])
    assert all(read(answer, words) for answer in (forged, large, limited))


@pytest.mark.parametrize("name", [name for name, one in FRONTS.items() if one.one is not None])
def test_another_tenants_task_is_as_unknown_as_none(
    service: dict[str, httpx.Client], name: str
) -> None:
    words = FRONTS[name]
    example = next(iter(PROVIDERS[words.provider].examples.values()))
    made = service[RICH].post("/v1/tasks", json={"provider": words.provider, **example})
    assert made.status_code == 202, made.text
    assert words.one is not None
    id_ = made.json()["id"]
    own = service[RICH].get(words.one.format(id=id_))
    theirs = service[POOR].get(words.one.format(id=id_))
    unknown = service[POOR].get(words.one.format(id=UNKNOWN))
    assert (own.is_success, theirs.status_code) == (True, unknown.status_code)
    assert read(theirs, words)
    assert UUID.sub("", theirs.text) == UUID.sub("", unknown.text)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/suno/api/v1/generate/credit", "msg"),
        ("/suno/api/get_limit", "error"),
        ("/luma/dream-machine/v1/credits", "detail"),
        ("/luma/dream-machine/v1/generations/concepts/list", "detail"),
        ("/runwayml/v1/organization", "error.message"),
        ("/chat/v1/models", "error.message"),
        ("/openai/v1/dashboard/billing/subscription", "error.message"),
        ("/openai/v1/models", "error.message"),
        ("/flux/v1/credits", "detail"),
    ],
)
def test_a_provider_that_is_away_is_told_of_in_the_fronts_words(
    service: dict[str, httpx.Client], path: str, message: str
) -> None:
    answer = service[ADMIN].get(path)
    assert answer.status_code == 503, answer.text
    assert isinstance(field_of(answer.json(), message), str)
