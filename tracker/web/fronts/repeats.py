"""Accept a create of a client that may send it more than once, without saying so."""

from dataclasses import replace

from starlette.requests import Request

from tracker.services.submit.replays import AcceptedTask
from tracker.services.submit.request import Submission
from tracker.store.lost_answers import CreateName, Span
from tracker.web.edge.state import services
from tracker.web.wire.delivery import EXTENSION


async def accepted_once(request: Request, asked: Submission) -> AcceptedTask:
    """Return the task of a create: a new one, or that of the call which this one repeats.

    A call repeats another one where it says so, or where it is equal to one whose answer did not
    arrive. An idempotency key decides alone. Raises what `Acceptance.accept` raises.
    """
    our = services(request)
    if asked.idempotency_key is not None:
        return await our.acceptance.accept(asked)
    answer = our.lost_answers.begin(CreateName(asked.tenant, request.scope["state"]["fingerprint"]))
    try:
        # By the server's own connections; elsewhere nobody can tell whether an answer arrived.
        watch = request.scope.get("extensions", {}).get(EXTENSION)
        if watch is not None:
            watch(answer.tell)
        doubt = await our.lost_answers.settle(answer)
        asked = replace(asked, create_name=answer.name, repeats=_repeated(request) or doubt)
        accepted = await our.acceptance.accept(asked)
    except BaseException as error:
        our.lost_answers.failed(answer, error)
        raise
    answer.made(accepted.task)
    if watch is None:
        our.lost_answers.drop(answer)
    return accepted


def _repeated(request: Request) -> Span | None:
    """Return when the call that this one repeats may have been made; None for a first one.

    Clients that Stainless makes send a create up to three times and count the tries in a header,
    with no idempotency key (github.com/lumalabs/lumaai-python, 2026-11).
    """
    tries = request.headers.get("x-stainless-retry-count", "")
    if not (tries.isascii() and tries.isdigit() and tries.strip("0")):
        return None
    our = services(request)
    now = our.clock.now()
    return Span(now - our.lost_answers.kept, now)
