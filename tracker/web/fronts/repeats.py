"""Accept a create of a client that may send it more than once, without saying so."""

from datetime import timedelta

from starlette.requests import Request

from tracker.domain.errors import IdempotencyInFlight
from tracker.domain.records import replace_fields
from tracker.services.submit.request import AcceptedTask, Submission
from tracker.store.lost_answers import CreateName, TimeSpan
from tracker.web.edge.state import get_services
from tracker.web.wire.delivery import EXTENSION

_MOST_TRIES = 10
"""Of one call, each of which may have waited for as long as an answer is held back."""


async def accept_once(request: Request, asked: Submission, *, held_s: int) -> AcceptedTask:
    """Return the task of a create: a new one, or that of the call which this one repeats.

    held_s: how long its answer may be held back.

    A call repeats another one where it says so, or where it is equal to one whose answer did not
    arrive. An idempotency key decides alone. Raises what `SubmissionIntake.accept` raises.
    """
    our = get_services(request)
    if (key := asked.idempotency_key) is not None:
        while True:
            try:
                return await our.intake.accept(asked)
            except IdempotencyInFlight:  # clients of fronts take 409 for the end of the matter
                await our.intake.wait_for_key(asked.tenant, key)
    name = CreateName(asked.tenant, request.scope["state"]["fingerprint"])
    answer = our.lost_answers.begin(name, held_s=held_s)
    try:
        # By the server's own connections; elsewhere nobody can tell whether an answer arrived.
        watch = request.scope.get("extensions", {}).get(EXTENSION)
        if watch is not None:
            watch(answer.tell)
        doubt = await our.lost_answers.settle(answer)
        asked = replace_fields(
            asked, create_name=answer.name, repeats=_find_repeated_span(request, held_s) or doubt
        )
        accepted = await our.intake.accept(asked)
    except BaseException as error:
        our.lost_answers.note_refusal(answer, error)
        raise
    answer.note_task(accepted.task)
    if watch is None:
        our.lost_answers.drop(answer)
    return accepted


def _find_repeated_span(request: Request, held_s: int) -> TimeSpan | None:
    """Return when the call that this one repeats may have been made; None for a first one.

    Clients that Stainless makes send a create up to three times and count the tries in a header,
    with no idempotency key (github.com/lumalabs/lumaai-python, 2026-11).
    """
    tries = request.headers.get("x-stainless-retry-count", "")
    if not (tries.isascii() and tries.isdigit() and tries.strip("0")):
        return None
    our = get_services(request)
    now, waited_s = our.clock.now(), held_s * min(int(tries), _MOST_TRIES)
    return TimeSpan(now - our.lost_answers.kept - timedelta(seconds=waited_s), now)
