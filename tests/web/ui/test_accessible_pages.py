"""Pages of operators by WCAG 2.2 AA, and as wide as the window."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.browsing import Chromium, overflow, violations, watched
from tests.support.databases import SqliteTemplate
from tests.support.hostile import hostile_task, unguarded

pytestmark = pytest.mark.browser
PATHS = (
    *("/ui/bulk", "/ui/bulk/new?action=cancel", "/ui/providers", "/ui/keys"),
    *("/ui/audit", "/ui/system", "/ui/try"),
)


@pytest.fixture(scope="module")
def http(
    sqlite_template: SqliteTemplate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("operators")
    with unguarded(sqlite_template.copy(folder), folder) as client:
        hostile_task(client)
        token = client.post("/v1/tasks/actions", json={"action": "refresh"}).json()["token"]
        client.post("/v1/runs", json={"token": token})
        yield client


@pytest.mark.parametrize(
    ("width", "scheme", "locale"), [(1280, "dark", "zh-CN"), (390, "light", "en-GB")]
)
def test_pages_of_operators_are_accessible_and_fit_the_window(
    http: httpx.Client, chromium: Chromium, width: int, scheme: str, locale: str
) -> None:
    look = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme, "locale": locale}
    with watched(chromium, str(http.base_url), **look) as seen:
        run = http.get("/v1/runs").json()["runs"][0]["id"]
        for path in (*PATHS, f"/ui/bulk/{run}"):
            page = seen.show(path)
            assert violations(page) == [], path
            assert overflow(page) <= 0, path
        seen.check()
