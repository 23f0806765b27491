"""One trace from the caller's submit to the provider's call, to its callback, to the delivery."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.made_up import MadeUp
from tests.support.made_up_api import Played, build_answer
from tests.support.subscribing import OK, create_endpoint
from tests.support.workbench import ScriptedHttp, Workbench, open_workbench
from tracker.domain.exchange import HttpCall, HttpFailure, HttpResult
from tracker.domain.trace import is_within, trace_id
from tracker.services.deliver.sending import DeliverySender
from tracker.services.submit.submission import SubmissionIntake
from tracker.telemetry import tracing
from tracker.telemetry.otel import trace_into
from tracker.telemetry.tracing import NO_SPAN, TRACEPARENT

PLACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = trace_id(PLACE)
SUBSCRIBER = "http://subscriber.example/hook?secret=s3cret"
DONE = {"status": "succeeded", "pieces": [{"key": "1", "url": "https://m.example/v?sig=s3cret"}]}

pytestmark = pytest.mark.anyio


@contextmanager
def submitted_from(place: str) -> Iterator[None]:
    token = TRACEPARENT.set(place)
    try:
        yield
    finally:
        TRACEPARENT.reset(token)


@contextmanager
def traced(share: float = 1.0) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    with trace_into(SimpleSpanProcessor(exporter), service="tracker", callback_share=share):
        yield exporter


def place_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01"


def parent_of(span: ReadableSpan) -> str | None:
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def provider_and_subscriber() -> ScriptedHttp:
    played = Played()

    def answer(call: HttpCall) -> HttpResult | HttpFailure:
        return OK if call.url == SUBSCRIBER else played(call)

    return ScriptedHttp(answer)


async def deliver_all(bench: Workbench) -> None:
    delivering = DeliverySender(bench.context)
    lanes = await delivering.list_lanes()
    for one in await delivering.claim({lane.name: 100 for lane in lanes}):
        await delivering.deliver(one)


async def test_it_leads_from_the_submit_to_the_delivery_and_holds_no_secret(
    database_url: str,
) -> None:
    outbound = provider_and_subscriber()
    async with open_workbench(
        database_url, outbound, options={"api_key": "an-s3cret-key"}
    ) as bench:
        await create_endpoint(bench, SUBSCRIBER)
        with traced() as exporter:
            with submitted_from(PLACE):
                task = await bench.create_queued("ours")
            assert (await bench.read_task(task.key)).traceparent == PLACE
            await bench.send()
            await bench.call_back(task, DONE | {"id": "theirs", "message": "s3cret"})
            await deliver_all(bench)
    spans = exporter.get_finished_spans()
    assert {span.context.trace_id for span in spans if span.context} == {int(TRACE, 16)}
    create, submit, callback, *deliveries = spans
    assert [(span.name, span.kind.name, parent_of(span)) for span in spans[:3]] == [
        ("POST made-up", "CLIENT", place_of(submit)[36:52]),
        ("submit", "INTERNAL", PLACE[36:52]),
        ("callback", "SERVER", PLACE[36:52]),
    ]
    assert {(span.name, parent_of(span)) for span in deliveries} == {("deliver", PLACE[36:52])}
    assert outbound.calls[0].headers["traceparent"] == place_of(create)
    sent = [call.headers["traceparent"] for call in outbound.calls if call.url == SUBSCRIBER]
    assert sent == [place_of(span) for span in deliveries]
    assert submit.attributes is not None
    assert (submit.attributes["tracker.task"], submit.attributes["tracker.outcome"]) == (
        str(task.id),
        "accepted",
    )
    assert callback.attributes is not None
    assert callback.attributes["tracker.verdict"] == "advanced"
    assert callback.start_time is not None
    assert callback.end_time is not None
    assert callback.start_time < callback.end_time
    written = "".join(span.to_json() for span in spans)
    for secret in ("s3cret", "rain", "example", "a secret for tests only"):
        assert secret not in written


async def test_what_is_asked_for_several_tasks_is_linked_to_each(database_url: str) -> None:
    outbound = ScriptedHttp(Played())
    async with open_workbench(database_url, outbound, adapter=MadeUp(together=2)) as bench:
        made = []
        for number in (1, 2):
            with submitted_from(f"00-{number:032x}-{number:016x}-01"):
                made.append(
                    await bench.accept_task(
                        await bench.create_queued(f"ours-{number}"), f"t-{number}"
                    )
                )
        with traced() as exporter:
            for task in made:
                await bench.bring_forward(task)
            await bench.look(made[0])
        asked, poll = exporter.get_finished_spans()
        assert (poll.name, parent_of(poll)) == ("poll", f"{1:016x}")
        assert [link.context.trace_id for link in poll.links] == [2]
        assert parent_of(asked) == place_of(poll)[36:52]


async def test_callbacks_make_spans_by_the_share_of_traces(database_url: str) -> None:
    share = 0.3
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        told = []
        for number in range(1, 9):
            place = f"00-{number * (1 << 53):032x}-{number:016x}-01"
            with submitted_from(place):
                task = await bench.accept_task(
                    await bench.create_queued(f"o-{number}"), f"t-{number}"
                )
            told.append((place, task))
        with traced(share) as exporter:
            for _, task in told:
                await bench.call_back(task, DONE | {"id": task.provider_task_id})
        found = {span.context.trace_id for span in exporter.get_finished_spans() if span.context}
        wanted = {int(trace_id(p), 16) for p, _ in told if is_within(share, trace_id(p))}
        assert found == wanted
        assert 0 < len(wanted) < len(told)


async def test_nothing_is_traced_and_nobody_is_told_where_no_exporter_is(
    database_url: str,
) -> None:
    outbound = provider_and_subscriber()
    async with open_workbench(database_url, outbound) as bench:
        await create_endpoint(bench, SUBSCRIBER)
        with submitted_from(PLACE):
            task = await bench.create_queued("ours")
        assert tracing.begin_work_span("submit", [task]) is NO_SPAN
        await bench.send()
        await bench.call_back(task, DONE | {"id": "theirs"})
        await deliver_all(bench)
    assert len(outbound.calls) > 1
    assert not [call for call in outbound.calls if "traceparent" in call.headers]


async def test_another_task_of_the_same_input_belongs_to_who_asked_for_it(
    database_url: str,
) -> None:
    refuses = Played(make=build_answer(400, error={"code": "content", "why": "content"}))
    async with open_workbench(database_url, ScriptedHttp(refuses)) as bench:
        with submitted_from(PLACE):
            task = await bench.submit_task()
        other = PLACE.replace("4bf9", "aaaa")
        with submitted_from(other):
            again = await SubmissionIntake(bench.context).accept_again(
                task, idempotency_key=None, submitter=None
            )
        assert (await bench.read_task(again.task.key)).traceparent == other
        untraced = await SubmissionIntake(bench.context).accept_again(
            task, idempotency_key=None, submitter=None
        )
        assert (await bench.read_task(untraced.task.key)).traceparent is None
