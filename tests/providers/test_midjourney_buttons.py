"""Buttons, windows, cancels and probes at each kind of Midjourney proxy."""

from dataclasses import replace

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import CALLBACK_URL
from tests.providers.midjourney_proxy import KINDS, PICTURE, PROVIDER, Proxy, ended, played
from tests.providers.support import a_task
from tracker.domain.events import Source
from tracker.domain.outcome import (
    Accepted,
    CancelAsked,
    Observed,
    Unknown,
)
from tracker.domain.task import TaskState

S = TaskState


@pytest.mark.parametrize("kind", ["trueai", "new-api"])
@pytest.mark.parametrize("button", ["MJ::Inpaint::1::x::SOLO", "MJ::CustomZoom::x"])
def test_a_window_blocks_a_task_until_modal_goes_on_with_it(kind: str, button: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, kind)
        parent = await ended(proxy, "imagine", {"prompt": "a cat"})
        before = len(stage.bodies)
        asked = {"taskId": "ours", "customId": button}
        window, outcome = await proxy.submit("action", asked, parent)
        assert isinstance(outcome, Accepted)
        assert outcome.said is not None
        assert (outcome.said.state, outcome.said.stage) == (S.RUNNING, "MODAL")
        await stage.advance(5)
        waiting = await proxy.poll(window)
        assert isinstance(waiting, Observed)
        assert (waiting.observation.word, waiting.observation.state) == ("MODAL", S.RUNNING)
        assert len(stage.bodies) == before
        modal = await proxy.made("modal", input_={"taskId": "ours", "prompt": "hat"}, parent=window)
        assert modal.provider_task_id == window.provider_task_id
        for task in (modal, window):
            assert (await proxy.polled_to_its_end(task)).state is S.SUCCEEDED

    play()


def test_one_button_makes_four_tasks() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, "trueai")
        parent = await ended(proxy, "describe", {"base64": PICTURE})
        before = len(stage.bodies)
        asked = {"taskId": "ours", "customId": "MJ::Job::PicReader::all"}
        first, outcome = await proxy.submit("action", asked, parent)
        assert isinstance(outcome, Accepted)
        assert [part.mark for part in outcome.parts] == ["2", "3", "4"]
        parts = [
            replace(first, provider_task_id=part.provider_task_id, key=number)
            for number, part in enumerate(outcome.parts, 2)
        ]
        await stage.advance(3)
        together = await proxy.polled_together([first, *parts])
        assert [one.observation.state for one in together] == [S.SUCCEEDED] * 4
        states = {body["state"] for body in stage.bodies[before:]}
        assert states == {f"{first.external_task_id}::{n}" for n in range(1, 5)}
        assert proxy.told(first).state is S.SUCCEEDED

    play()


def test_four_tasks_of_a_lost_answer_are_all_found() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, "trueai")
        parent = await ended(proxy, "describe", {"base64": PICTURE})
        proxy.play("cut_after_accept")
        asked = {"taskId": "ours", "customId": "MJ::Job::PicReader::all"}
        task, outcome = await proxy.submit("action", asked, parent)
        assert isinstance(outcome, Unknown)
        proxy.play("ok")
        await proxy.made()
        found = await proxy.search(task)
        assert isinstance(found, Observed)
        said = found.observation
        assert [part.mark for part in said.parts] == ["2", "3", "4"]
        ids = {said.provider_task_id, *(part.provider_task_id for part in said.parts)}
        assert len(ids) == 4
        shown = await proxy.poll(proxy.seen(task, said, Source.POLL))
        assert isinstance(shown, Observed)

    play()


def test_a_bookmark_makes_nothing() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, "trueai")
        parent = await ended(proxy, "imagine", {"prompt": "a cat"})
        asked = {"taskId": "ours", "customId": "MJ::BOOKMARK::x"}
        _, outcome = await proxy.submit("action", asked, parent)
        assert isinstance(outcome, Accepted)
        assert outcome.provider_task_id is None
        assert sum(stage.emulator.count_creations().values()) == 1

    play()


def test_a_cancel_is_mute_and_the_poll_tells() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, "trueai")
        task = await proxy.made()
        await stage.advance(1.1)
        before = len(stage.bodies)
        assert isinstance(await proxy.cancel(task), CancelAsked)
        assert (await proxy.polled_to_its_end(task)).state is S.CANCELLED
        assert len(stage.bodies) == before
        done = await ended(proxy, "imagine", {"prompt": "a cat"})
        assert isinstance(await proxy.cancel(done), CancelAsked)
        assert (await proxy.polled_to_its_end(done, looks=1)).state is S.SUCCEEDED

    play()


@pytest.mark.parametrize("kind", ["novicezk", "new-api", "plain"])
def test_other_proxies_offer_no_cancel(kind: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = Proxy(stage, kind=kind)
        assert PROVIDER.cancels is not None
        task = a_task("imagine", provider_task_id="1")
        assert PROVIDER.cancels.build_cancel(proxy.asking(task)) is None

    play()


@pytest.mark.parametrize("kind", KINDS)
def test_an_account_is_tried_by_one_harmless_query(kind: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = Proxy(stage, kind=kind)
        good = proxy.account
        options = good.options.model_copy(update={"api_key": None})
        bad = PROVIDER.make_account("default", options)
        levels = []
        assert PROVIDER.probes is not None
        for account in (good, bad):
            answer = await proxy.send(PROVIDER.probes.build_probe(account, now=proxy.now))
            levels.append(PROVIDER.probes.parse_probe(account, answer).level)
        assert levels == ["ok", "error"]
        assert stage.emulator.count_creations() == {}

    play()


def test_our_callback_url_is_echoed_in_every_task_object() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        proxy = await played(stage, "novicezk")
        await proxy.made()
        await stage.advance(3)
        assert {body["properties"]["notifyHook"] for body in stage.bodies} == {CALLBACK_URL}

    play()
