"""No input of any provider names what another tenant made: each declared field is tried."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.test_declared_ids import input_at, places
from tests.support.valid_inputs import ANY_TEXT, make_accepted, put_id
from tests.support.workbench import ScriptedHttp, open_workbench
from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.exchange import HttpResult
from tracker.providers.ports.objects import NamedObject
from tracker.providers.registry import PROVIDERS
from tracker.services.context import Context
from tracker.services.fronts.owning import keep_made
from tracker.services.named_objects import MOST_NAMED, check_named
from tracker.store.made_objects import MadeObject

pytestmark = pytest.mark.anyio
FIELDS = list(places(named="fields"))
TEXTS = [
    (provider.name, text) for provider in PROVIDERS.values() for text in provider.objects.texts
]


@pytest.fixture
async def context(database_url: str) -> AsyncIterator[Context]:
    """A service whose provider accounts several tenants share."""
    outbound = ScriptedHttp(lambda _call: HttpResult(500, {}, b""))
    async with open_workbench(database_url, outbound) as bench:
        await bench.create_queued("of the operator")
        context = replace(bench.context, providers=PROVIDERS)
        for provider in PROVIDERS.values():  # what an input needs besides, each tenant has
            for kind in {one.kind for one in provider.objects.fields.values()}:
                for account, tenant in (("shared", "theirs"), ("a", "mine"), ("b", "default")):
                    made = MadeObject(provider.name, account, kind, ANY_TEXT, tenant)
                    await keep_made(context, made)
        yield context


async def refusals(
    context: Context, provider: str, tenant: str, given: Mapping[str, Any]
) -> list[FieldError]:
    """Return what is wrong with the objects that an input names."""
    try:
        await check_named(context, provider, tenant, given)
    except InvalidRequest as error:
        return list(error.fields)
    return []


async def try_all(
    context: Context, provider: str, named: NamedObject, given: Mapping[str, Any], id_: str
) -> None:
    """Try an input that names an object before and after another tenant made it."""
    unknown = await refusals(context, provider, "mine", given)
    assert bool(unknown) is not named.may_be_public
    assert await refusals(context, provider, "default", given) == []
    await keep_made(context, MadeObject(provider, "shared", named.kind, id_, "theirs"))
    for tenant in ("mine", "default"):
        refused = await refusals(context, provider, tenant, given)
        assert [one.reason for one in refused] == [f"there is no such {named.kind}"], given
        assert unknown in ([], refused)  # the same words, whoever's it is
    assert await refusals(context, provider, "theirs", given) == []


async def test_no_field_of_any_operation_takes_what_another_tenant_made(context: Context) -> None:
    assert len({provider for provider, _, _ in FIELDS}) > 5
    for number, place in enumerate(FIELDS):
        provider, _, path = place
        named = PROVIDERS[provider].objects.fields[path[-1]]
        id_ = f"foreign-{number}"
        await try_all(context, provider, named, input_at(place, id_), id_)


async def test_fields_that_no_model_has_are_looked_at_wherever_they_stand(context: Context) -> None:
    for provider in PROVIDERS.values():
        for field, named in provider.objects.fields.items():
            id_ = f"of-{field}".lower()
            made = MadeObject(provider.name, "shared", named.kind, id_, "theirs")
            await keep_made(context, made)
            for spelling in ([{field: [id_]}], {field: {"id": f" {id_.upper()},"}}):
                given = {"prompt": "rain", "more": spelling}
                refused = await refusals(context, provider.name, "mine", given)
                assert [one.reason for one in refused] == [f"there is no such {named.kind}"]
                assert field in refused[0].path


async def test_an_input_names_so_many_objects_at_most(context: Context) -> None:
    ids = [f"of-{number}" for number in range(MOST_NAMED)]
    assert await refusals(context, "openai", "default", {"file_ids": ids}) == []
    (refused,) = await refusals(context, "openai", "default", {"file_ids": [*ids, "more"]})
    assert refused == FieldError(f"file_ids[{MOST_NAMED}]", "names more than 1000 objects")


async def test_no_text_names_what_another_tenant_made(context: Context) -> None:
    assert TEXTS
    for provider, text in TEXTS:
        submits = PROVIDERS[provider].submits
        given = next(
            found
            for operation in sorted(submits.operations)
            if (model := submits.get_input_model(operation)) is not None
            and (found := make_accepted(submits, operation, put_id(model, ("",), ""))) is not None
        )
        whole = text.pattern.fullmatch(text.example)
        assert whole is not None
        beside = {**given, "beside": [text.example]}
        await try_all(context, provider, text.named, beside, whole[1])
