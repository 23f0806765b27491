"""Files that clients upload first are kept here, and a provider can fetch them."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta

import httpx
import pytest

from tests.support.databases import SqliteTemplate
from tests.support.service import KEEPING_FILES, environment, listen, serving
from tests.support.upstream import Asked, Upstream, json_answer

FILE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300


def _theirs(asked: Asked) -> Iterator[bytes]:
    assert FILE in b"".join(asked.body)
    yield json_answer(b'{"id":"theirs"}', "201 Created")


@pytest.fixture(scope="module")
def services(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """A service with custody, and one without; what the second passes on is answered."""
    with ExitStack() as stack:
        upstream, clients = stack.enter_context(Upstream(_theirs)), list[httpx.Client]()
        for keeps in (KEEPING_FILES, {"TRACKER_ASSETS": "off"}):
            folder = tmp_path_factory.mktemp("uploads")
            door = listen()
            url = f"http://127.0.0.1:{door.getsockname()[1]}"
            env = environment(
                sqlite_template.copy(folder),
                folder,
                provider_url=upstream.url,
                public_url=url,
                TRACKER_REPLICATE_API_KEY="r8_x",
                TRACKER_REPLICATE_BASE_URL=f"{upstream.url}/v1",
                **keeps,
            )
            stack.enter_context(serving(env, door=door, workers=False))
            http = httpx.Client(base_url=url, timeout=60, trust_env=False)
            clients.append(stack.enter_context(http))
        yield clients[0], clients[1]


def test_a_file_of_replicates_clients_is_behind_a_link_of_ours(
    services: tuple[httpx.Client, httpx.Client],
) -> None:
    http, _ = services
    form = {"content": ("cat.png", FILE, "image/png")}
    made = http.post("/replicate/v1/files", files=form, data={"metadata": "{}"})
    assert made.status_code == 201, made.text
    file = made.json()
    assert (file["name"], file["content_type"], file["size"]) == ("cat.png", "image/png", len(FILE))
    assert httpx.get(file["urls"]["get"], timeout=60, trust_env=False).content == FILE
    (kept,) = http.get("/v1/assets").json()["assets"]
    created, expires = (datetime.fromisoformat(kept[f"{end}_at"]) for end in ("created", "expires"))
    assert expires - created == timedelta(days=1)
    refused = http.post("/replicate/v1/files", data={"metadata": "{}"})
    assert refused.status_code == 415
    none = http.post("/replicate/v1/files", files={"content": ("cat.png", b"", "image/png")})
    assert none.status_code == 422


def test_without_custody_the_provider_takes_it(
    services: tuple[httpx.Client, httpx.Client],
) -> None:
    _, http = services
    made = http.post("/replicate/v1/files", files={"content": ("cat.png", FILE, "image/png")})
    assert (made.status_code, made.json()) == (201, {"id": "theirs"})
