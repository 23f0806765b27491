"""The service against its own description: whatever a client makes of it, it answers as it says.

Schemathesis draws requests from the document, right and wrong ones, and checks statuses, shapes
and content types.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi import checks as openapi_checks

from tests.support.databases import PostgresTemplate, SqliteTemplate
from tests.support.description import copy_document
from tests.support.keys import build_bearer, issue
from tests.support.objects import MAKERS
from tests.support.requests import SECRET
from tests.support.service import KEEPING_FILES, build_environment, serve_service
from tracker.web.api.openapi import list_operations
from tracker.web.routes import ROUTES

EXCLUDED = [
    # Which cursors, operations and inputs are right, no schema of ours can say.
    openapi_checks.positive_data_acceptance,
    # It would have to know the key before the service runs; test_access.py does the same.
    openapi_checks.ignored_auth,
]
# A stream has no end to wait for; test_changes.py reads it.
SCHEMA = schemathesis.openapi.from_dict(copy_document()).exclude(
    path=[
        route.path
        for route, _, said in list_operations(ROUTES)
        if any(answer.media == "text/event-stream" for answer in said.answers.values())
    ]
)


@dataclass(frozen=True, slots=True)
class Live:
    """A running service, a connection to it, and how to be let in."""

    url: str
    headers: dict[str, str]
    session: requests.Session


@pytest.fixture(
    scope="module", params=["sqlite and postgres"]
)  # without any, names lack the operation
def services(
    sqlite_template: SqliteTemplate,
    postgres_template: PostgresTemplate,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Live]]:
    """One on each kind of database: drawing a request costs more than sending it twice."""
    folders = [tmp_path_factory.mktemp("contract") for _ in range(2)]
    with (
        postgres_template.copy() as postgres,
        _serving(sqlite_template.copy(folders[0]), folders[0]) as on_sqlite,
        _serving(postgres, folders[1]) as on_postgres,
    ):
        for live in (on_sqlite, on_postgres):
            _objects(live, MAKERS)  # or lists would be empty
        yield [on_sqlite, on_postgres]


@contextmanager
def _serving(database_url: str, folder: Path) -> Iterator[Live]:
    headers = build_bearer(issue(database_url))
    env = build_environment(
        database_url,
        folder,
        provider_url="http://127.0.0.1:9",
        public_url="https://tracker.example",
        TRACKER_AUTH="on",
        **KEEPING_FILES,
        TRACKER_CALLBACK_SECRETS=SECRET.decode(),
    )
    with (
        serve_service(env, workers=False) as url,
        requests.Session() as session,
    ):
        session.trust_env = False
        yield Live(url, headers, session)


@pytest.fixture
def objects(services: list[Live], request: pytest.FixtureRequest) -> list[dict[str, str]]:
    """Make a fresh object in each service, of the kind that the operation's path names."""
    path = request.node.operation_label.partition(" ")[2]
    return [_objects(live, [one for one in MAKERS if path.startswith(one)]) for live in services]


def _objects(live: Live, kinds: Iterable[str]) -> dict[str, str]:
    """Make an object of each kind. kinds: the beginnings of their paths, which the ids are by."""
    with httpx.Client(
        base_url=live.url, headers=live.headers, trust_env=False, timeout=60
    ) as client:
        return {beginning: MAKERS[beginning](client) for beginning in kinds}


@SCHEMA.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_it_answers_as_it_says(
    case: schemathesis.Case[Any], services: list[Live], objects: list[dict[str, str]]
) -> None:
    _do_not_wait(case)
    drawn = dict(case.path_parameters)
    for live, made in zip(services, objects, strict=True):
        case.path_parameters.update(drawn)
        for beginning, id_ in made.items():
            name = beginning.rpartition("{")[2].rstrip("}")
            if case.path.startswith(beginning) and len(str(case.path_parameters[name])) % 2:
                case.path_parameters[name] = id_
        case.call_and_validate(
            base_url=live.url,
            session=live.session,
            headers=live.headers,
            excluded_checks=EXCLUDED,
        )


def _do_not_wait(case: schemathesis.Case[Any]) -> None:
    """A right `wait` stays right, and is short; a wrong one stays wrong."""
    if str(case.query.get("wait", "")).isdigit() and int(case.query["wait"]) <= 60:
        case.query["wait"] = 0
    case.headers.pop("Prefer", None)
