"""The duties of an adapter towards its emulator, in one process: inherited by a provider's tests.

A class names `provider`, and has what `tracker demo` runs of it tried in every way; see
`EmulatorContract` for what else it may name.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pytest

from tests.emulator.scene import HOST, Scene, play_in
from tests.providers.caller import Caller, states_of
from tests.providers.kinds import Kind
from tracker.cli.main_jobs import build_submission, main_jobs
from tracker.domain.events import Source
from tracker.domain.outcome import Absent, Deferred, Observed, Refused, Unanswered, Unknown
from tracker.domain.task import ArtifactState, Task, TaskState
from tracker.providers.ports.provider import Provider
from tracker.providers.registry import PROVIDERS

QUERY_LIES = (
    *("unknown_word", "resigned", "slow=2", "mute_query=2", "rate_limited_query=2"),
    *("html_query=2", "html_ok=2", "denied=2", "cut_query=2"),
)
LOST = (
    *(("error_created", True), ("html_error_created", True), ("cut_after_accept", True)),
    *(("error_lost", False), ("html_error", False), ("unavailable", False)),
    ("cut_before_accept", False),
)
"""Scenarios in which the answer to a create is lost, and whether they make the task."""
_TRIED = MappingProxyType(
    {
        "query_lie": ("ok", *QUERY_LIES),
        "failure": ("failed", "moderated"),
        "callbacks": ("ok", "duplicated=2", "reordered"),
        "lost": LOST,
    }
)
"""Values of the tests' arguments, besides the names of kinds and their own scenarios."""


def demo_of(provider: Provider) -> Kind:
    """Return what the emulator's `main_job` makes."""
    job = main_jobs()[provider.name]
    input_ = build_submission(provider.name, job, HOST)["input"]
    return Kind(provider.name, job.address, job.operation, input_, job.options)


async def check_refusal(caller: Caller, scenario: str, kind: type, *, blames: bool) -> None:
    """Play a scenario in which a create makes nothing, and hold the outcome to its kind."""
    caller.play(scenario)
    _, outcome = await caller.submit()
    assert type(outcome) is kind
    assert caller.stage.emulator.count_creations() == {}
    if isinstance(outcome, Refused):
        assert outcome.blames_account is blames
    if isinstance(outcome, Deferred) and scenario == "rate_limited":
        assert outcome.retry_after_s is not None


async def looked_at(caller: Caller, task: Task) -> Task:
    """Look until the task has ended, and a success has its result."""
    for _ in range(30):
        await caller.stage.advance(0.5)
        outcome = await caller.poll(task)
        if isinstance(outcome, Observed):
            task = caller.seen(task, outcome.observation, Source.POLL)
        is_doubtful = task.error is not None and task.error.doubtful
        is_over = task.state in (TaskState.FAILED, TaskState.CANCELLED) and not is_doubtful
        if is_over or (task.state is TaskState.SUCCEEDED and task.artifacts):
            break
    return task


class _AgainstEmulator:
    """Tries each kind of upstream. See `EmulatorContract` for what is named."""

    provider: Provider
    kinds: Mapping[str, Kind] = MappingProxyType({})

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Try each kind that is named."""
        if "name" in metafunc.fixturenames:
            metafunc.parametrize("name", self.names())

    def names(self) -> Sequence[str]:
        """Return the names of the kinds; that of the provider where its demo is tried."""
        return [*self.kinds] or [self.provider.name]

    def calling(self, stage: Scene, name: str, scenario: str = "ok") -> Caller:
        """Return an adapter whose emulator plays a scenario."""
        caller = Caller(stage, self.kinds[name] if self.kinds else demo_of(self.provider))
        caller.play(scenario)
        return caller


class AccountContract(_AgainstEmulator):
    """Tells a good key from a bad one, and slows down where it is asked to."""

    def test_an_account_is_tried_by_one_harmless_query(self, name: str) -> None:
        @play_in(Scene)
        async def play(stage: Scene) -> None:
            caller = self.calling(stage, name)
            probes, good = caller.provider.probes, caller.account
            assert probes is not None
            given = {"base_url": good.base_url, "api_key": "wrong"} | dict(caller.tried.options)
            bad = caller.provider.make_account("default", good.options.model_validate(given))
            levels = []
            for account in (good, bad):
                call = probes.build_probe(account, now=caller.now)
                levels.append(probes.parse_probe(account, await caller.send(call)).level)
            assert levels == ["ok", "error"]
            assert stage.emulator.count_creations() == {}

        play()

    def test_a_query_that_is_too_frequent_slows_the_account_down(self, name: str) -> None:
        @play_in(Scene)
        async def play(stage: Scene) -> None:
            caller = self.calling(stage, name, "rate_limited_query=1")
            outcome = await caller.poll(await caller.made())
            assert isinstance(outcome, Unanswered)
            assert outcome.slow_down

        play()


class EmulatorContract(AccountContract):
    """Submits, polls, is refused and loses answers as an adapter of a polled provider must.

    provider: whose demo is tried, where `kinds` names nothing.
    kinds:    kinds of upstream by a name, each with something that it makes.
    lies:     by kind, the emulator's own scenarios that must not hide the result.
    refusals: (kind, scenario, outcome, whether the account is to blame) of creates that make
              nothing.
    """

    lies: Mapping[str, Sequence[str]] = MappingProxyType({})
    refusals: Sequence[tuple[str, str, type, bool]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Try each kind in each way that a test asks for by its arguments."""
        wanted = set(metafunc.fixturenames)
        if "own_lie" in wanted:
            own = [(name, lie) for name, lies in self.lies.items() for lie in lies]
            metafunc.parametrize(("name", "own_lie"), own)
        elif "refusal" in wanted:
            refusals = [
                *((name, "refused", Refused, False) for name in self.names()),
                *((name, "rate_limited", Deferred, False) for name in self.names()),
                *self.refusals,
            ]
            metafunc.parametrize("refusal", refusals, ids=lambda one: "-".join(one[:2]))
        elif "callbacks" in wanted:
            metafunc.parametrize("name", [name for name in self.names() if self._is_told(name)])
        else:
            super().pytest_generate_tests(metafunc)
        for argument in wanted & _TRIED.keys():
            metafunc.parametrize(argument, _TRIED[argument])

    def _is_told(self, name: str) -> bool:
        provider = PROVIDERS[self.kinds[name].provider] if self.kinds else self.provider
        return provider.calls_back is not None

    def test_a_lie_about_a_task_does_not_hide_its_result(self, name: str, query_lie: str) -> None:
        self._check_done(name, query_lie)

    def test_a_lie_of_its_own_does_not_hide_its_result(self, name: str, own_lie: str) -> None:
        self._check_done(name, own_lie)

    def _check_done(self, name: str, lie: str) -> None:
        @play_in(Scene)
        async def play(stage: Scene) -> None:
            caller = self.calling(stage, name, lie)
            done = await looked_at(caller, await caller.made())
            assert done.state is TaskState.SUCCEEDED
            assert set(states_of(done)) == {ArtifactState.READY}
            assert stage.calls == [] or caller.provider.calls_back is not None
            assert sum(stage.emulator.count_creations().values()) == 1

        play()

    def test_callbacks_are_read_and_lead_to_the_result(self, name: str, callbacks: str) -> None:
        @play_in(Scene)
        async def play(stage: Scene) -> None:
            caller = self.calling(stage, name, callbacks)
            task = await caller.made()
            await stage.advance(60)
            assert stage.calls != [] or not caller.is_called_back, (
                "the emulator called nobody back: the draft of its create lacks the callback_url, "
                "or `comes_from` promises callbacks that no create asks for"
            )
            told = caller.told(task)
            assert told.state in (TaskState.SUBMITTED, TaskState.RUNNING, TaskState.SUCCEEDED)
            assert (await looked_at(caller, told)).state is TaskState.SUCCEEDED

        play()

    def test_a_failure_has_a_reason(self, name: str, failure: str) -> None:
        @play_in(Scene)
        async def play(stage: Scene) -> None:
            caller = self.calling(stage, name, failure)
            done = await looked_at(caller, await caller.made())
            assert done.state is TaskState.FAILED
            assert done.error is not None
            assert done.error.message

        play()

    def test_a_task_that_stands_still_is_never_ended_by_us(self, name: str) -> None:
        @play_in(Scene)
        async def play(stage: Scene) -> None:
            caller = self.calling(stage, name, "stuck")
            task = await caller.made()
            for _ in range(3):
                await stage.advance(24 * 3600)
                outcome = await caller.poll(task)
                assert isinstance(outcome, Observed)
                task = caller.seen(task, outcome.observation, Source.POLL)
            assert task.state in (TaskState.SUBMITTED, TaskState.RUNNING)

        play()

    def test_a_task_that_the_upstream_forgot_is_absent(self, name: str) -> None:
        @play_in(Scene)
        async def play(stage: Scene) -> None:
            caller = self.calling(stage, name, "forgotten")
            assert isinstance(await caller.poll(await caller.made()), Absent)

        play()

    def test_a_create_that_makes_nothing_says_whose_fault_it_is(
        self, refusal: tuple[str, str, type, bool]
    ) -> None:
        name, scenario, kind, blames = refusal

        @play_in(Scene)
        async def play(stage: Scene) -> None:
            await check_refusal(self.calling(stage, name), scenario, kind, blames=blames)

        play()

    def test_a_create_whose_answer_was_lost_stays_unknown(
        self, name: str, lost: tuple[str, bool]
    ) -> None:
        scenario, is_made = lost

        @play_in(Scene)
        async def play(stage: Scene) -> None:
            _, outcome = await self.calling(stage, name, scenario).submit()
            assert isinstance(outcome, Unknown)
            assert sum(stage.emulator.count_creations().values()) == is_made

        play()
