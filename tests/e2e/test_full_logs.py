"""A log that cannot be written, as on a full disk, stops neither service nor command."""

from pathlib import Path

import httpx
import pytest

from tests.support.service import Process, environment, free_port, wait_until_ready

FULL = Path("/dev/full")
"""Takes nothing: https://man7.org/linux/man-pages/man4/full.4.html, read 2026-11-30."""

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


@pytest.fixture
def env(sqlite_url: str, tmp_path: Path) -> dict[str, str]:
    return environment(
        sqlite_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        PORT=str(free_port()),
        TRACKER_LOG_LEVEL="info",
        TRACKER_METRICS_ADDR=f"127.0.0.1:{free_port()}",
    )


def test_a_service_answers_without_its_log_and_counts_what_it_lacks(env: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{env['PORT']}"
    with Process(("serve",), env, FULL) as service:
        wait_until_ready(url, service)
        for _ in range(3):
            assert httpx.get(f"{url}/v1/tasks", trust_env=False, timeout=60).status_code == 200
        metrics = f"http://{env['TRACKER_METRICS_ADDR']}/metrics"
        lines = httpx.get(metrics, trust_env=False, timeout=60).text.splitlines()
        (lost,) = [line for line in lines if line.startswith("tracker_log_lines_lost_total")]
        assert float(lost.split()[1]) >= 3
        assert service.is_alive


def test_a_command_whose_output_cannot_be_written_says_so(
    env: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with Process(("--help",), env, log, out=FULL) as command:
        assert command.join() == 1
    assert log.read_text() == ("tracker: the output cannot be written: No space left on device\n")
