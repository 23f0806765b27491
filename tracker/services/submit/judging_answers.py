"""Say what the answer to a create proves."""

import logging

from tracker.domain.exchange import HttpFailure, HttpResult
from tracker.domain.outcome import Refused, SubmitOutcome, Unknown
from tracker.providers.ports.adapter import Sending, Submits
from tracker.services import intermediaries

log = logging.getLogger(__name__)


def judge_answer(
    submits: Submits, sending: Sending, answer: HttpResult | HttpFailure
) -> SubmitOutcome:
    """Return what an answer proves, by the provider's adapter where the provider gave it."""
    if isinstance(answer, HttpResult):
        redirect = intermediaries.describe_redirect(answer.status, answer.headers)
        if redirect is not None:
            return Refused(None, redirect, blames_account=True)
        answer = intermediaries.find_failure(answer.status, answer.headers) or answer
    try:
        return submits.parse_submit(sending, answer)
    except Exception:
        # It may have been accepted: only "unknown" neither loses it nor bills it twice.
        log.exception("the answer to a submit broke the adapter")
        return Unknown("the answer could not be read; see the log")
