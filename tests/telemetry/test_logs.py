"""Lines of JSON: a constant event, fields instead of sentences, and none of a callback's token."""

import asyncio
import json
import logging
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from tracker import __version__
from tracker.telemetry.logs import EventLog

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
PROGRAM = """
import logging
from tracker.domain.redaction import Redactor
from tracker.telemetry.logs import configure_logging
from tracker.telemetry.logs import add_log_fields
configure_logging("info", "json", Redactor(["s3cret"]), role="worker")
log = logging.getLogger("tracker.test")
for reason in ("one", "two"):
    log.warning(
        "leases were not renewed: %s", reason, extra={"account": "main", "color_message": "red"}
    )
log.info("%d of %d are %5.1f %% full", 1, 2, 3.0)
with add_log_fields(task="the task's id", provider="noted"):
    log.error(
        "account %(account)s waits %(seconds).1f s: %(reason)s",
        {"account": "main", "seconds": 2.25, "reason": OSError("s3cret"), "provider": ""},
    )
"""


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


async def _logged(log: EventLog) -> None:
    facts = {"tenant": "default", "verdict": "advanced"}
    log.log_answer("POST", "/{x}", "/x", 200, 1.5, now=lambda: AT, request_id="r-1", facts=facts)
    log.write("task_ended", "over", {"task": 'a"b', "code": None, "seconds": 2.5}, at=AT)
    await asyncio.sleep(0)


@pytest.mark.anyio
async def test_lines_by_hand_are_json_with_fields(capsys: pytest.CaptureFixture[str]) -> None:
    log = EventLog("tracker.by_hand")
    log.as_json, log.process = True, {"role": "web", "version": "1"}
    logging.getLogger("tracker.by_hand").setLevel(logging.INFO)
    await _logged(log)
    request, ended = _lines(capsys.readouterr().err)
    assert request == {
        "event": "request",
        "method": "POST",
        "route": "/{x}",
        "path": "/x",
        "status": 200,
        "ms": 1.5,
        "tenant": "default",
        "verdict": "advanced",
        "request_id": "r-1",
        "role": "web",
        "version": "1",
        "level": "info",
        "logger": "tracker.by_hand",
        "timestamp": "2026-11-28T12:00:00.000000Z",
    }
    assert (ended["event"], ended["task"], ended["seconds"]) == ("task_ended", 'a"b', 2.5)
    assert "code" not in ended


@pytest.mark.anyio
async def test_for_people_they_stay_sentences(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "tracker.for_people"):
        await _logged(EventLog("tracker.for_people"))
    assert caplog.messages == ["POST /x 200 1.5ms", "over"]


def test_every_other_line_has_a_constant_event_its_sentence_and_its_fields() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    one, two, third, last = _lines(done.stderr)
    assert one["event"] == two["event"] == "leases_were_not_renewed"
    assert (one["message"], two["account"]) == ("leases were not renewed: one", "main")
    assert (third["event"], third["message"]) == ("of_are_full", "1 of 2 are   3.0 % full")
    assert "color_message" not in two
    del last["timestamp"]
    assert last == {
        "event": "account_waits_s",
        "message": "account main waits 2.2 s: [redacted]",
        "account": "main",
        "seconds": 2.25,
        "reason": "[redacted]",
        "task": "the task's id",
        "provider": "noted",
        "role": "worker",
        "version": __version__,
        "level": "error",
        "logger": "tracker.test",
    }
