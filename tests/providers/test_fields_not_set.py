"""Fields without a value, however a client writes them: taken for not set, at every provider."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.providers.kinds import KINDS, Kind
from tests.providers.support import a_task, an_account, sent_to
from tracker.domain.errors import InvalidRequest
from tracker.providers.registry import PROVIDERS

EMPTY: tuple[Any, ...] = (None, "", " ", [], {})


def checked(provider: str, operation: str, given: Mapping[str, Any]) -> object:
    """Return what is to be sent, or the fields that are wrong."""
    try:
        request = PROVIDERS[provider].submits.check(operation, given)
    except InvalidRequest as refusal:
        return list(refusal.fields)
    return request


def optional_fields(provider: str, operation: str) -> list[str]:
    model = PROVIDERS[provider].submits.get_input_model(operation)
    assert model is not None
    return [
        name
        for field, info in model.model_fields.items()
        if not info.is_required()
        for name in (field, info.alias)
        if name is not None
    ]


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_an_optional_field_may_be_empty_in_any_way(name: str) -> None:
    for operation in PROVIDERS[name].submits.operations:
        fields, bare = optional_fields(name, operation), checked(name, operation, {})
        for empty in EMPTY:
            given = dict.fromkeys(fields, empty)
            assert checked(name, operation, given) == bare, (operation, empty)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_create_with_empty_fields_is_sent_as_without_them(kind: Kind) -> None:
    provider = PROVIDERS[kind.provider]
    address = f"https://provider.example{kind.address}"
    account = an_account(provider, base_url=address, **kind.options)
    task = a_task(kind.operation)

    def call_for(given: Mapping[str, Any]) -> object:
        body = provider.submits.check(kind.operation, given).body
        call = provider.submits.build_submit(sent_to(account, task, body))
        return call.url, _told(call.body)

    others = set(optional_fields(kind.provider, kind.operation)) - kind.input.keys()
    bare = call_for(kind.input)
    for empty in EMPTY:
        assert call_for(dict.fromkeys(others, empty) | dict(kind.input)) == bare, empty
        assert call_for({"a_field_of_their_client": empty, **kind.input}) == bare, empty


def _told(body: bytes | None) -> object:
    try:
        return json.loads(body or b"null")
    except ValueError:
        return body  # a form
