"""OpenAI's published clients, unmodified: pictures and responses through the front.

`openai` 3.57.0 from PyPI and `openai` 7.59.0 from npm, against OpenAI's emulated API and our front;
in test_ai_sdk.py `@ai-sdk/openai` 4.0.118.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.conftest import Served
from tests.clients.running import run_program
from tests.support.databases import SqliteTemplate
from tests.support.keys import issue
from tests.support.service import KEEPING_FILES, build_environment, serve_service

PATH = "/openai/v1"
PROGRAMS = ["openai_images.py", "openai_images.cjs"]


@pytest.fixture(scope="module")
def drawn(
    emulated: Served, sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The service with custody, in front of OpenAI's own API."""
    folder = tmp_path_factory.mktemp("drawn")
    database_url = sqlite_template.copy(folder)
    env = build_environment(
        database_url,
        folder,
        provider_url=emulated.url,
        public_url=None,
        TRACKER_OPENAI_BASE_URL=emulated.url + PATH,
        TRACKER_OPENAI_API_KEY=emulated.key,
        TRACKER_OPENAI_PROFILE="official",
        TRACKER_OPENAI_POLL_SPACING_S="0.05",
        **KEEPING_FILES,
    )
    with serve_service(env, workers=True) as url:
        yield Served(url, issue(database_url).secret, emulated.url)


@pytest.mark.parametrize("program", PROGRAMS)
def test_client_goes_from_a_prompt_to_the_pictures_in_every_way(
    drawn: Served, program: str
) -> None:
    told: dict[str, Any] = run_program(program, drawn.url + PATH, drawn.key, f"a cat of {program}")
    assert told["created"]["heads"] == ["PNG"]
    assert [one[0].rpartition(".")[2] for one in told["streamed"]] == ["partial_image", "completed"]
    assert {one[1] for one in told["streamed"]} | {told["edited"]} == {"PNG"}
    assert told.get("varied", ["PNG"] * 2) == ["PNG"] * 2  # the program of npm makes none
    failures = told["failures"]
    assert failures["refused"] == ["BadRequestError", "moderation_blocked"]
    assert failures["cut_late"][1] == "outcome_unknown"
    assert failures["stream"] == ["APIError", "moderation_blocked"]
    assert drawn.created(f"a cat of {program} [scenario:cut_late]") == 1
    assert (told["response"][0], told["response"][-1]) == ("completed", "PNG")
    assert told["failed"] == "server_error"
    assert told.get("cancelled", "cancelled") == "cancelled"
