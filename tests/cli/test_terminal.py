"""Commands as a terminal starts them: interrupted in a wait, and by way of TLS."""

import json
import signal
from pathlib import Path

from tests.support.command import run
from tests.support.requests import EXAMPLE
from tests.support.service import Process, build_environment, serve_service
from tests.support.tls import make_certificates
from tests.support.waiting import wait_until


def test_a_submit_that_is_interrupted_in_its_wait_says_how_to_go_on(
    sqlite_url: str, tmp_path: Path
) -> None:
    env = build_environment(
        sqlite_url, tmp_path, provider_url="http://127.0.0.1:9", public_url=None
    )
    log = tmp_path / "log"
    with serve_service(env, workers=False) as url:
        command = ("submit", "--input", json.dumps(EXAMPLE), "--wait", "--url", url)
        waiting = Process(command, {}, log).start()
        wait_until(lambda: "queued" in log.read_text())
        waiting.signal(signal.SIGINT)
        assert waiting.join() == 130
    assert "tracker tasks wait " in log.read_text().splitlines()[-1]


def test_an_authority_of_ones_own_is_trusted_where_it_is_named(
    sqlite_url: str, tmp_path: Path
) -> None:
    made = make_certificates(tmp_path, "127.0.0.1")
    env = build_environment(
        sqlite_url,
        tmp_path,
        provider_url="http://127.0.0.1:9",
        public_url=None,
        TRACKER_TLS_CERT=str(made.cert),
        TRACKER_TLS_KEY=str(made.key),
    )
    with serve_service(env, workers=False) as url:
        assert url.startswith("https://")
        by_option = run("tasks", "list", "--url", url, "--cacert", str(made.authority))
        by_setting = run("tasks", "list", "--url", url, SSL_CERT_FILE=str(made.authority))
        by_nobody = run("tasks", "list", "--url", url)
    assert (by_option.returncode, by_setting.returncode) == (0, 0), by_option.stderr
    assert by_nobody.returncode == 1
    assert "--cacert" in by_nobody.stderr
