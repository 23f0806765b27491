"""Texts of values that are not redacted yet."""

from tracker.domain.observation import Observation
from tracker.domain.outcome import Accepted
from tracker.domain.redacted_values import redact_value
from tracker.domain.redaction import MASK, Redactor
from tracker.domain.task import Artifact, TaskError, TaskState

KEY = "sk-canary-of-the-key"
REDACT = Redactor([KEY]).redact


def outcome(text: str) -> Accepted:
    said = Observation(
        TaskState.FAILED,
        text,
        artifacts=(Artifact("video", text, extra={"notes": [text, 1, None]}),),
        error=TaskError(text, text, text),
        detail={text: {"error": text}},
    )
    return Accepted(text, message=text, context={"url": text}, said=said)


def test_every_text_of_a_value_is_redacted() -> None:
    assert redact_value(outcome(f"refused: {KEY}"), REDACT) == outcome(f"refused: {MASK}")


def test_a_value_without_a_secret_stays_itself() -> None:
    plain = outcome("refused")
    assert redact_value(plain, REDACT) is plain
