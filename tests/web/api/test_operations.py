"""/v1/operations: schemas hold what is accepted, and name the limits of single fields."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types

from tests.support.databases import SqliteTemplate
from tests.support.requests import EXAMPLE
from tests.support.service import build_environment, serve_service
from tracker.cli.main import main
from tracker.client import AsyncClient, Client
from tracker.providers.registry import PROVIDERS

EXAMPLES = [
    pytest.param(name, body["operation"], body["input"], id=f"{name} {title}")
    for name, provider in PROVIDERS.items()
    for title, body in provider.examples.items()
]
MULTI_IMAGE = "videos/multi-image2video"


@pytest.fixture(scope="module")
def service(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("operations")
    env = build_environment(
        sqlite_template.copy(folder), folder, provider_url="http://127.0.0.1:9", public_url=None
    )
    with serve_service(env, workers=False) as url:
        yield url


def _listed(service: str, **params: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{service}/v1/operations", params=params, trust_env=False, timeout=60)
    found: list[dict[str, Any]] = answer.json()["operations"]
    return found


@pytest.mark.parametrize(("name", "operation", "input_"), EXAMPLES)
def test_an_example_fits_the_schema_and_the_schema_is_one(
    name: str, operation: str, input_: dict[str, Any]
) -> None:
    model = PROVIDERS[name].submits.get_input_model(operation)
    assert model is not None
    schema = model.model_json_schema(by_alias=True)
    Draft202012Validator.check_schema(schema)
    assert [error.message for error in Draft202012Validator(schema).iter_errors(input_)] == []


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_provider_has_an_example_that_is_accepted(name: str) -> None:
    provider = PROVIDERS[name]
    assert provider.examples
    for body in provider.examples.values():
        assert body["operation"] in provider.submits.operations
        provider.submits.check(body["operation"], body["input"])


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_operation_that_can_be_listed_has_a_schema(name: str) -> None:
    submits = PROVIDERS[name].submits
    assert submits.operations
    for operation in submits.operations:
        model = submits.get_input_model(operation)
        assert model is not None, operation
        Draft202012Validator.check_schema(model.model_json_schema(by_alias=True))


def test_limits_of_texts_lists_and_words_stand_in_the_schema(service: str) -> None:
    (one,) = _listed(service, operation=MULTI_IMAGE)
    fits = Draft202012Validator(one["schema"]).is_valid
    assert fits(EXAMPLE)
    assert fits(EXAMPLE | {"prompt": "a" * 2500})
    image = EXAMPLE["image_list"][0]
    refused: list[dict[str, Any]] = [
        {"prompt": "a" * 2501},
        {"external_task_id": "a" * 5000},
        {"image_list": []},
        {"image_list": [image] * 5},
        {"mode": "cheap"},
        {"duration": 5},
    ]
    for wrong in refused:
        assert not fits(EXAMPLE | wrong), wrong


def test_only_what_an_account_serves_is_listed(service: str) -> None:
    found = _listed(service)
    assert {one["provider"] for one in found} == {"kling"}
    assert MULTI_IMAGE in {one["operation"] for one in found}
    assert _listed(service, provider="nobody") == []
    assert _listed(service, operation="none") == []


def test_command_and_clients_show_them(service: str) -> None:
    env = {"TRACKER_URL": service}
    table = CliRunner().invoke(main, ["operations", "--wide"], env=env)
    assert MULTI_IMAGE in table.stdout
    whole = CliRunner().invoke(main, ["operations", MULTI_IMAGE], env=env)
    with Client(service) as tracker:
        assert [json.loads(whole.stdout)] == tracker.operations(operation=MULTI_IMAGE)
    none = CliRunner().invoke(main, ["operations", "none"], env=env)
    assert (none.exit_code, "no account serves" in none.stderr) == (2, True)


@pytest.mark.anyio
async def test_the_asynchronous_client_does_too(service: str) -> None:
    async with AsyncClient(service) as tracker:
        assert len(await tracker.operations(provider="kling", operation=MULTI_IMAGE)) == 1
