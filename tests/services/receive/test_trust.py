"""The power of a callback by its proof: end a task, cause a poll, or nothing."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.made_up import NAME, SECRET_HEADER, MadeUp, Shared
from tests.support.made_up_api import Played, build_poll_answer
from tests.support.raw_callbacks import build_raw_callback
from tests.support.workbench import SECRET, ScriptedHttp, Workbench, open_workbench
from tracker.domain import token
from tracker.domain.errors import CallbackUnproven, NotFound
from tracker.domain.lifecycle import Verdict
from tracker.domain.policy import Policy
from tracker.domain.polling import PollPlan
from tracker.domain.signature import Proof
from tracker.domain.task import Task, TaskState
from tracker.domain.work import JobKind
from tracker.providers.ports.account import Account
from tracker.providers.ports.callbacks import Covers, Inbound
from tracker.providers.ports.keys import KeySet
from tracker.services.receive.reception import CallbackReply, Reception, ReceptionResult
from tracker.services.reconcile.reconciliation import Reconciliation

pytestmark = pytest.mark.anyio
DONE = {"id": "theirs", "status": "succeeded", "pieces": [{"key": "1", "url": "https://m/v"}]}
SIGNED = {"webhook_secrets": ("s",)}
SENDER = SIGNED | {"proves": "sender"}


@pytest.mark.parametrize("status", ["running", "succeeded", "failed"])
async def test_a_signature_that_leaves_out_the_body_only_makes_us_ask(
    database_url: str, status: str
) -> None:
    played = Played(
        poll=build_poll_answer({"id": "theirs", "status": "running", "stage": "drawing"})
    )
    async with open_workbench(database_url, ScriptedHttp(played), options=SENDER) as bench:
        task = await bench.submit_task()
        said = {"id": "theirs", "status": status, "why": "no", "stage": "forged"}
        told = await bench.call_back(task, said, secret="s")
        assert told.verdict is Verdict.UNCONFIRMED
        assert await bench.read_task(task.key) == await _asked_about(bench, task)
        task = await bench.look(task)
        assert (task.state, task.stage) == (TaskState.RUNNING, "drawing")


async def test_after_the_end_such_a_callback_changes_nothing(database_url: str) -> None:
    async with open_workbench(
        database_url, ScriptedHttp(Played(poll=build_poll_answer(DONE))), options=SENDER
    ) as bench:
        task = await bench.look(await bench.submit_task())
        assert task.state is TaskState.SUCCEEDED
        said = DONE | {"bill": [{"amount": "99"}]}
        assert (await bench.call_back(task, said, secret="s")).verdict is Verdict.STALE
        assert await bench.read_task(task.key) == task


async def test_one_that_does_not_prove_its_sender_is_refused(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played()), options=SIGNED) as bench:
        task = await bench.submit_task()
        with pytest.raises(CallbackUnproven):
            await bench.call_back(task, DONE, secret="guessed")
        assert await bench.read_task(task.key) == task


async def test_a_hint_has_the_provider_asked_at_once(database_url: str) -> None:
    played = Played(poll=build_poll_answer(DONE))
    async with open_workbench(database_url, ScriptedHttp(played)) as bench:
        task = await bench.submit_task()
        told = await bench.call_back(task, {"hint": "there is news", "id": "theirs"})
        assert (told.verdict, told.reason) == (Verdict.UNCONFIRMED, "there is news")
        await bench.look(task)
        assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED
        again = await bench.call_back(task, {"hint": "more news", "id": "theirs"})
        assert again.verdict is Verdict.STALE
        assert await bench.leases.find_next_due(JobKind.RECONCILE) is None


async def test_one_that_cannot_be_read_has_the_provider_asked_at_once(database_url: str) -> None:
    polls = PollPlan(first=timedelta(hours=1), quiet=timedelta(hours=1))
    async with open_workbench(
        database_url, ScriptedHttp(Played(poll=build_poll_answer(DONE))), policy=Policy(polls=polls)
    ) as bench:
        task = await bench.submit_task()
        signed = token.sign(SECRET, NAME, str(task.id))
        raw = replace(
            build_raw_callback(NAME, str(task.id), signed, b"\x1b("), flaw="br is not read"
        )
        assert (await Reception(bench.context).receive(raw)).verdict is Verdict.MALFORMED
        due = await bench.leases.find_next_due(JobKind.RECONCILE)
        assert due is not None
        assert due <= bench.context.clock.now()
        await bench.look(task)
        assert (await Reception(bench.context).receive(raw)).verdict is Verdict.MALFORMED
        assert await bench.leases.find_next_due(JobKind.RECONCILE) is None


async def test_a_hint_that_comes_while_the_provider_is_asked_has_it_asked_again(
    database_url: str,
) -> None:
    """The answer that is on its way may have been given before there was news."""
    played = Played(poll=build_poll_answer({"id": "theirs", "status": "running"}))
    polls = PollPlan(first=timedelta(milliseconds=1), quiet=timedelta(hours=1))
    async with open_workbench(
        database_url,
        ScriptedHttp(played),
        policy=Policy(polls=polls),
        public_url="https://us.example",
    ) as bench:
        task = await bench.submit_task()
        for comes, pause_s in ((False, 3000), (True, 0)):
            await bench.bring_forward(task)
            held = await bench.await_jobs(JobKind.RECONCILE)
            if comes:
                told = await bench.call_back(task, {"hint": "there is news", "id": "theirs"})
                assert told.verdict is Verdict.UNCONFIRMED
            await Reconciliation(bench.context).run(held)
            due = await bench.leases.find_next_due(JobKind.RECONCILE)
            assert due is not None
            assert (due > bench.context.clock.now() + timedelta(seconds=pause_s)) is not comes
        assert await bench.await_jobs(JobKind.RECONCILE)


async def test_a_url_for_all_tasks_needs_no_token_of_ours_but_a_proof(database_url: str) -> None:
    adapter = MadeUp(per="project")
    async with open_workbench(
        database_url, ScriptedHttp(Played()), adapter=adapter, options=SIGNED
    ) as bench:
        task = await bench.submit_task()
        for secret in ("", "guessed"):
            with pytest.raises(NotFound):
                await bench.call_back_shared(DONE, secret=secret)
        assert (await bench.read_task(task.key)).state is TaskState.SUBMITTED
        stranger = await bench.call_back_shared(DONE | {"id": "nobody's"}, secret="s")
        assert stranger.verdict is Verdict.UNKNOWN_TASK
        assert (await bench.call_back_shared(DONE, secret="s")).verdict is Verdict.ADVANCED
        assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED


@pytest.mark.parametrize(("adapter", "options"), [(MadeUp(), SIGNED), (MadeUp(per="project"), {})])
async def test_no_other_provider_is_called_back_without_a_token(
    database_url: str, adapter: MadeUp, options: dict[str, Any]
) -> None:
    async with open_workbench(
        database_url, ScriptedHttp(Played()), adapter=adapter, options=options
    ) as bench:
        task = await bench.submit_task()
        with pytest.raises(NotFound):
            await bench.call_back_shared(DONE, secret="s")
        assert (await bench.read_task(task.key)).state is TaskState.SUBMITTED


async def test_a_challenge_is_answered_before_the_task_is_known(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        reception = Reception(bench.context)
        nobody = "019364b0-0000-7000-8000-000000000000"
        secret = token.sign(bench.context.secrets[0], NAME, nobody)
        body = b'{"challenge": "echo me"}'
        asked = build_raw_callback(NAME, nobody, secret, body)
        assert reception.answer_challenge(asked) == CallbackReply(200, b"echo me")
        assert reception.answer_challenge(build_raw_callback(NAME, nobody, "guessed", body)) is None
        assert reception.answer_challenge(build_raw_callback(NAME, nobody, secret, b"{}")) is None
        assert (
            reception.answer_challenge(build_raw_callback("nobody", nobody, secret, body)) is None
        )


async def test_a_sender_is_answered_as_it_insists(database_url: str) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        task = await bench.submit_task()
        told = await bench.call_back(task, DONE | {"ack": "7"})
        assert told == ReceptionResult(Verdict.ADVANCED, reply=CallbackReply(202, b"7"))
        assert (await bench.call_back(task, DONE)).reply is None


@pytest.mark.parametrize("bodies", [[DONE, {"hint": "news"}], [{"hint": "news"}, DONE]])
async def test_a_hint_beside_a_statement_takes_nothing_from_it(
    database_url: str, bodies: Sequence[dict[str, Any]]
) -> None:
    async with open_workbench(database_url, ScriptedHttp(Played())) as bench:
        task = await bench.submit_task()
        assert (await bench.call_back(task, list(bodies))).verdict is Verdict.ADVANCED
        assert (await bench.read_task(task.key)).state is TaskState.SUCCEEDED


@pytest.mark.parametrize(
    ("public_url", "path"),
    [
        ("https://tracker.example/home", "/callbacks"),
        ("https://tracker.example/home", "/home/callbacks"),
        ("https://tracker.example/home", "/inner/callbacks"),
        ("https://tracker.example", "/inner/callbacks"),
        ("https://tracker.example", "/callbacks"),
    ],
)
async def test_a_signature_over_the_path_is_of_the_one_that_the_sender_was_given(
    database_url: str, public_url: str, path: str
) -> None:
    """A proxy in front may cut a prefix off, or put one before."""
    bench_of = open_workbench(
        database_url,
        ScriptedHttp(Played()),
        adapter=OfPath(),
        options=SIGNED,
        public_url=public_url,
    )
    async with bench_of as bench:
        task = await bench.submit_task()
        signed = token.sign(bench.context.secrets[0], NAME, str(task.id))
        content = json.dumps(DONE).encode()
        raw = build_raw_callback(NAME, str(task.id), signed, content)
        rest = f"{NAME}/{task.id}/{signed}"
        given = f"{public_url}/callbacks/{rest}".removeprefix("https://tracker.example")
        for secret, is_good in ((f"{given}!", False), (given, True)):
            headers = {SECRET_HEADER: secret}
            inbound = replace(raw.inbound, path=f"{path}/{rest}", headers=headers)
            receiving = Reception(bench.context).receive(replace(raw, inbound=inbound))
            if is_good:
                assert (await receiving).verdict is Verdict.ADVANCED
            else:
                with pytest.raises(CallbackUnproven):
                    await receiving


class PathSecret(Shared):
    """The path is the secret."""

    def verify(self, inbound: Inbound, *, now: datetime, keys: KeySet | None = None) -> Proof:
        del now, keys
        is_good = inbound.headers.get(SECRET_HEADER) == inbound.path
        return Proof(None if is_good else "of another path")


class OfPath(MadeUp):
    """Callbacks are signed over their path."""

    def get_proof_scheme(self, account: Account) -> Shared | None:
        return PathSecret(account.webhook_secrets, Covers.BODY)


async def _asked_about(bench: Workbench, task: Task) -> Task:
    """The task as it is, and is to be asked about now."""
    assert await bench.leases.find_next_due(JobKind.RECONCILE) is not None
    found = await bench.read_task(task.key)
    assert (found.state, found.version, found.stage) == (task.state, task.version, task.stage)
    return found
