"""OpenAI's published client, unmodified, as Recraft's pages use it, through our front.

`openai` 3.57.0 from PyPI.
"""

from pathlib import Path

from tests.clients.conftest import Served
from tests.clients.cutting import creates, first_create
from tests.clients.running import run_program
from tests.support.databases import SqliteTemplate
from tests.support.keys import issue
from tests.support.proxy import Proxy
from tests.support.service import KEEPING_FILES, build_environment, serve_service

PATH = "/recraft/v1"


def test_client_makes_pictures_once_although_their_answer_is_lost(
    emulated: Served, sqlite_template: SqliteTemplate, tmp_path: Path
) -> None:
    folder = tmp_path
    database_url = sqlite_template.copy(folder)
    env = build_environment(
        database_url,
        folder,
        provider_url=emulated.url,
        public_url=None,
        TRACKER_RECRAFT_BASE_URL=emulated.url + PATH,
        TRACKER_RECRAFT_API_KEY=emulated.key,
        **KEEPING_FILES,
    )
    with (
        serve_service(env, workers=True) as url,
        Proxy(url, choose=first_create()) as proxy,
    ):
        key = issue(database_url).secret
        told = run_program("recraft_openai.py", proxy.url + PATH, key, "a cat")
        assert creates(proxy.exchanges) == ["lost", "answered", "answered"]
        files = [emulated.fetch(one["url"]) for one in told["made"]["data"]]
    assert [file[1:4] for file in files] == [b"PNG", b"PNG"]
    assert (told["made"]["credits"], told["refused"]) == (80, [400, "not_enough_credits"])
    assert emulated.created("a cat") == 1
