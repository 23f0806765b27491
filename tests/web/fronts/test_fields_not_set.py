"""Creates of every front, with fields that are null or empty: taken as without them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.providers.kinds import KINDS
from tests.providers.support import NOW
from tests.web.conftest import Shared
from tests.web.fronts.spoken import SPOKEN
from tests.web.fronts.test_front_contract import DIALECTS
from tracker.providers.ports.commands import Create
from tracker.providers.ports.front_call import FrontCall
from tracker.providers.registry import PROVIDERS

EMPTY: tuple[Any, ...] = (None, "", " ", [], {})


MORE: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "chat": ("/chat/v1/chat/completions", {"model": "m", "messages": [{"role": "user"}]}),
    "jimeng": (
        "/jimeng?Action=CVSync2AsyncSubmitTask&Version=2022-08-31",
        {"req_key": "jimeng_t2i_v40", "prompt": "a cat"},
    ),
    "kling": ("/v1/videos/text2video", {"prompt": "a cat"}),
    "midjourney": ("/mj/submit/imagine", {"prompt": "a cat"}),
    "recraft": ("/recraft/v1/images/generations", {"prompt": "a cat"}),
    "stability": ("/stability/v2beta/stable-image/generate/core", {"prompt": "a cat"}),
    "udio": ("/udio/submit/music", {"gen_params": {"prompt": "la"}}),
    "suno": ("/suno/submit/music", {"prompt": "la", "mv": "chirp-v4"}),
}


def _creates() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield the provider, the whole path and the body of creates of every dialect."""
    for name, dialect in DIALECTS.items():
        yield name.split()[0], dialect.base + dialect.create, dialect.body
    for spoken in SPOKEN.values():
        yield spoken.provider, spoken.ours + spoken.create, spoken.body
    for kind in (one for one in KINDS.values() if one.provider != "fal"):  # whose input is wrapped
        yield kind.provider, f"{kind.address}/{kind.operation}", kind.input
    for provider, (path, body) in MORE.items():
        yield provider, path, body


def _read(provider: str, path: str, body: Mapping[str, Any]) -> Create | None:
    """Return the create that a front reads; None where the path is none of its creates."""
    front, (path, _, query) = PROVIDERS[provider].front, path.partition("?")
    assert front is not None
    for prefix in (*front.prefixes, ""):
        if f"{path}/".startswith(f"{prefix}/"):
            below = path.removeprefix(prefix).strip("/")
            call = FrontCall("POST", below, NOW, base=prefix, query=parse_qsl(query), body=body)
            read = front.read(front.resolve_address(call))
            return read if isinstance(read, Create) else None
    return None


CREATES = {
    f"{provider} {path}": (provider, path, body)
    for provider, path, body in _creates()
    if _read(provider, path, body) is not None
}


def test_the_fronts_of_all_providers_are_looked_at() -> None:
    fronts = {name for name, one in PROVIDERS.items() if one.front is not None}
    assert fronts - {provider for provider, _, _ in CREATES.values()} == set()


@pytest.mark.parametrize(("provider", "path", "body"), CREATES.values(), ids=CREATES.keys())
def test_empty_fields_change_nothing(provider: str, path: str, body: Mapping[str, Any]) -> None:
    submits, bare = PROVIDERS[provider].submits, _read(provider, path, body)
    assert bare is not None
    model, asked = (
        submits.get_input_model(bare.operation),
        submits.check(bare.operation, bare.input),
    )
    assert model is not None
    others = {n for n, info in model.model_fields.items() if not info.is_required()} - body.keys()
    if not body.keys() <= bare.input.keys():
        others = set()  # around the body that clients send: theirs is one of these fields
    for empty in EMPTY:
        more = dict.fromkeys(others, empty) | {"field_of_theirs": None}
        read = _read(provider, path, more | dict(body))
        assert read is not None
        assert submits.check(read.operation, read.input) == asked, empty
        is_alike = replace(read, input=bare.input) == bare
        assert is_alike, empty


LISTS = {
    "/v1/videos/text2video": ("pageNum", "pageSize"),
    "/openai/v1/videos": ("order", "after", "limit"),
    "/replicate/v1/predictions": ("cursor",),
    "/vidu/ent/v2/tasks": ("pager.page_token", "pager.pagesz"),
    "/wan/api/v1/tasks": ("status", "page_no", "page_size", "start_time", "end_time"),
    "/ark/api/v3/contents/generations/tasks": ("page_num", "page_size", "filter.status"),
    "/luma/generations": ("limit", "offset"),
}


def test_empty_parameters_of_lists_change_nothing(shared_idle: Shared) -> None:
    with shared_idle.client() as http:
        for path, names in LISTS.items():
            for empty in ("", " "):
                answer = http.get(path, params=dict.fromkeys(names, empty))
                assert answer.status_code == http.get(path).status_code == 200, answer.text
        empties: dict[str, Any] = {
            "limit": None,
            "cursor": "",
            "start_time": None,
            "end_time": "",
            "filters": [],
        }
        assert http.post("/tasks", json=empties).json()["code"] == 0
        for ids in (None, ""):
            assert http.post("/mj/task/list-by-condition", json={"ids": ids}).json() == []
