"""The disk of the database is full: submits are refused, and readiness says it until one is taken.

Small writes may fit into what is there already, so that a heartbeat that is taken proves nothing.
"""

from base64 import b64encode
from pathlib import Path

from tests.support.databases import SqliteTemplate
from tests.support.requests import build_submission
from tests.support.service import build_environment, serve_to_client
from tests.support.small_disk import mount_small_disk
from tracker.services.upkeep.stalls import REFUSED

LARGE = {"image_list": [{"image": b64encode(bytes(600_000)).decode()}], "prompt": "rain"}


def test_a_service_is_unready_for_as_long_as_its_disk_takes_no_task(
    sqlite_template: SqliteTemplate, tmp_path: Path
) -> None:
    with mount_small_disk(tmp_path / "disk", size=8_000_000) as disk:
        env = build_environment(
            sqlite_template.copy(disk.path),
            tmp_path / "data",
            provider_url="http://127.0.0.1:9",
            public_url=None,
        )
        with serve_to_client(env, workers=False) as http:
            assert http.get("/readyz").status_code == 200
            disk.fill(but=200_000)
            assert http.post("/v1/tasks", json=build_submission(input=LARGE)).status_code == 503
            for _ in range(3):
                answer = http.get("/readyz")
                assert (answer.status_code, answer.json()["reason"]) == (503, REFUSED)
            disk.free_space()
            assert http.post("/v1/tasks", json=build_submission(input=LARGE)).status_code == 202
            assert http.get("/readyz").status_code == 200
