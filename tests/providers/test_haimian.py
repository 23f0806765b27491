"""Haimian's adapter: the web page, Volcengine's API, and a gateway whose shape is set."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.emulator.scene import Scene, play_in
from tests.providers.caller import Caller
from tests.providers.kinds import Kind
from tests.providers.provider_contract import (
    CallbackContract,
    CallbackUrlContract,
    PollContract,
    ProbeContract,
    SubmitContract,
)
from tests.providers.recorded import RecordedContract
from tests.providers.support import a_task, an_account, asked_of, refused_fields, sent_to
from tracker.domain.errors import InvalidRequest
from tracker.domain.outcome import (
    Absence,
    Absent,
    Accepted,
    DeferralScope,
    Deferred,
    Observed,
    Refused,
    Unanswered,
    Unknown,
)
from tracker.domain.task import TaskState
from tracker.providers.kit.volc_signature import VolcKey
from tracker.providers.ports.adapter import Asking, Finds
from tracker.providers.registry import PROVIDERS

HAIMIAN = PROVIDERS["haimian"]
S = TaskState
SHAPE: Mapping[str, Any] = {
    "profile": "custom",
    "create_path": "submit/music",
    "poll_path": "fetch/{id}",
    "status_in": "data.status",
    "result_in": "data.data",
    "words": ("SUBMITTED=submitted", "IN_PROGRESS=running", "SUCCESS=succeeded", "FAILURE=failed"),
}
"""A gateway that shows Haimian as Suno is shown by gateways of new-api's kind."""


class TestWeb(SubmitContract, PollContract, ProbeContract, CallbackContract, RecordedContract):
    provider = HAIMIAN
    options = {"profile": "web"}  # noqa: RUF012 - read only
    inputs = {  # noqa: RUF012
        "generate/lyric2song": {"prompt": "rain", "batch_size": 3, "gender": "Female"},
        "generate/text2bgm": {"prompt": "rain"},
    }


class TestVolc(SubmitContract, CallbackUrlContract):
    provider = HAIMIAN
    url_field = "CallbackURL"
    inputs = {  # noqa: RUF012
        "GenSongForTime": {"Prompt": "rain", "Genre": "Folk", "Duration": 60},
        "GenSongV4": {"Lyrics": "la", "Lang": "Chinese", "VodFormat": "wav"},
        "GenBGMForTime": {"Text": "rain", "Duration": 60, "Version": "v5.0", "Mood": ["calm"]},
        "GenBGM": {"Text": "rain", "EnableInputRewrite": False},
    }


class TestCustom(SubmitContract, PollContract):
    provider = HAIMIAN
    options = SHAPE
    inputs = {"custom": {"prompt": "rain", "mv": "haimian"}}  # noqa: RUF012


def test_a_call_is_signed_as_the_official_sdk_signs_it() -> None:
    """The vector was made with PyPI volcengine 1.0.229 (auth/SignerV4.py)."""
    key = VolcKey("AKLTexample", "c2VjcmV0", "cn-north-1", "cv")
    headers = key.build_headers(
        "POST",
        "https://visual.volcengineapi.com/?Action=CVSync2AsyncSubmitTask&Version=2022-08-31",
        b'{"req_key": "jimeng_t2i_v40", "prompt": "a cat"}',
        datetime(2026, 5, 1, 10, tzinfo=UTC),
    )
    assert headers["x-date"] == "20260501T100000Z"
    assert headers["x-content-sha256"].startswith("ef2b386d56d12b7a07b09984107a80db")
    assert headers["authorization"] == (
        "HMAC-SHA256 Credential=AKLTexample/20260501/cn-north-1/cv/request, "
        "SignedHeaders=content-type;host;x-content-sha256;x-date, "
        "Signature=fac61da9fc276852e1fe4ffdf3d074adfce3b5bf0764865f87a69021cddf5784"
    )
    assert "c2VjcmV0" not in repr(key)


def test_music_without_a_voice_is_named_by_its_text() -> None:
    with pytest.raises(InvalidRequest, match="Text: is required"):
        HAIMIAN.submits.check("GenBGMForTime", {"Prompt": "rain"})
    with pytest.raises(InvalidRequest, match="Prompt: is needed"):
        HAIMIAN.submits.check("GenSongForTime", {"Text": "rain"})


def test_a_pair_of_keys_signs_creates_and_queries() -> None:
    account = an_account(HAIMIAN, access_key="AKLT-1", secret_key="a-secret")
    sending = sent_to(account, a_task("GenSongForTime"), {"Prompt": "rain"})
    call = HAIMIAN.submits.build_submit(sending)
    assert call.headers["authorization"].startswith("HMAC-SHA256 Credential=AKLT-1/")
    assert "a-secret" not in repr(call.headers) + (call.body or b"").decode()
    assert HAIMIAN.polls is not None
    poll = HAIMIAN.polls.build_poll(
        asked_of(account, a_task("GenSongForTime", provider_task_id="t1"))
    )
    assert poll is not None
    assert "Action=QuerySong" in poll.url
    assert poll.headers["authorization"] != call.headers["authorization"]
    unnamed = asked_of(account, a_task("GenSongForTime"))
    assert HAIMIAN.polls.build_poll(unnamed) is None


@dataclass
class HaimianUpstream(Caller):
    """The adapter in front of one kind of upstream."""

    upstream: Kind | str = "haimian"
    profile: str = "web"
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tried(self) -> Kind:
        address, operation, input_ = {
            "web": ("/haimian/jd/api/v1", "generate/lyric2song", {"prompt": "rain"}),
            "volc": ("/haimian-volc", "GenSongForTime", {"Prompt": "rain"}),
            "custom": ("/suno", "custom", {"prompt": "rain", "mv": "haimian"}),
        }[self.profile]
        shape = SHAPE if self.profile == "custom" else {"profile": self.profile}
        return Kind("haimian", address, operation, input_, {**shape, **self.more})


@pytest.mark.parametrize("profile", ["web", "volc", "custom"])
@pytest.mark.parametrize(
    "lie", ["ok", "mute_query=2", "rate_limited_query=2", "html_query=2", "html_ok=2", "resigned"]
)
def test_a_song_comes_to_its_end(profile: str, lie: str) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = HaimianUpstream(stage, profile=profile)
        stage.emulator.set_scenario(lie, "suno" if profile == "custom" else "haimian")
        done = await caller.polled_to_its_end(await caller.made(), looks=16)
        assert done.state is S.SUCCEEDED
        assert "audio" in [piece.kind for piece in done.artifacts]

    play()


def test_one_call_makes_several_tasks_which_one_call_asks_for() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = HaimianUpstream(stage)
        task, outcome = await caller.submit(
            "generate/lyric2song", {"prompt": "rain", "batch_size": 3}
        )
        assert isinstance(outcome, Accepted)
        assert [part.mark for part in outcome.parts] == ["2", "3"]
        parts = [replace(task, provider_task_id=part.provider_task_id) for part in outcome.parts]
        await stage.advance(3)
        assert HAIMIAN.polls is not None
        asking = Asking(caller.account, [task, *parts], caller.now)
        call = HAIMIAN.polls.build_poll(asking)
        assert call is not None
        assert call.url.count("task_ids=") == 3
        outcomes = HAIMIAN.polls.parse_poll(asking, await caller.send(call))
        states = [one.observation.state for one in outcomes if isinstance(one, Observed)]
        assert states == [S.SUCCEEDED] * 3

    play()


def test_the_daily_limit_waits_until_tomorrow_in_china() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = HaimianUpstream(stage)
        caller.play("daily_limit=1")
        _, outcome = await caller.submit()
        assert isinstance(outcome, Deferred)
        assert outcome.scope is DeferralScope.ACCOUNT
        assert not outcome.spends_attempt
        assert outcome.retry_after_s is not None
        assert 0 < outcome.retry_after_s <= 86_400
        assert isinstance((await caller.submit())[1], Accepted)

    play()


def test_a_task_of_another_login_is_no_denial() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = HaimianUpstream(stage)
        caller.play("cookie_bound")
        outcome = await caller.poll(await caller.made())
        assert isinstance(outcome, Absent)
        assert outcome.kind is Absence.OTHER_KEY

    play()


def test_a_word_that_nobody_knows_ends_nothing_until_it_is_set_also_beside_a_sound() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = HaimianUpstream(stage)
        caller.play("mute_status")
        task = await caller.made()
        await stage.advance(9)
        outcome = await caller.poll(task)
        assert isinstance(outcome, Observed)
        assert (outcome.observation.state, outcome.observation.word) == (None, "7")
        assert [piece.kind for piece in outcome.observation.artifacts] == ["audio", "image"]
        for word, state in (("7=running", S.RUNNING), ("7=succeeded", S.SUCCEEDED)):
            knowing = HaimianUpstream(stage, more={"words": (word,)})
            outcome = await knowing.poll(task)
            assert isinstance(outcome, Observed)
            assert outcome.observation.state is state

    play()


@pytest.mark.parametrize(
    ("profile", "scenario", "kind"),
    [
        ("volc", "foreign_ip", Refused),
        ("web", "error_created", Unknown),
        ("volc", "html_error_created", Unknown),
        ("volc", "rate_limited", Deferred),
        ("web", "rate_limited", Deferred),
        ("custom", "error_created", Unknown),
    ],
)
def test_a_create_proves_what_its_answer_proves(profile: str, scenario: str, kind: type) -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = HaimianUpstream(stage, profile=profile)
        stage.emulator.set_scenario(scenario, "suno" if profile == "custom" else "haimian")
        _, outcome = await caller.submit()
        assert type(outcome) is kind, outcome

    play()


def test_numbers_may_be_texts_and_a_callback_is_news_alone() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = HaimianUpstream(stage, profile="volc")
        caller.play("text_status")
        task = await caller.made()
        done = await caller.polled_to_its_end(task)
        assert done.state is S.SUCCEEDED
        assert len(stage.calls) == 1

    play()


def test_an_unreadable_list_tells_nothing() -> None:
    @play_in(Scene)
    async def play(stage: Scene) -> None:
        caller = HaimianUpstream(stage, more={"api_key": "wrong"})
        outcome = await caller.poll(a_task("generate/lyric2song", provider_task_id="x"))
        assert isinstance(outcome, Unanswered)

    play()


@pytest.mark.parametrize("name", ["generate/lyric_tool_stream", "submit/music"])
def test_what_is_not_served_is_refused_by_its_name(name: str) -> None:
    reason = HAIMIAN.submits.explain_unserved(an_account(HAIMIAN, profile="web"), name)
    assert reason is not None
    assert "no such operation" not in reason


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"profile": "other"}, "profile"),
        ({"access_key": "a"}, "secret_key"),
        ({"words": ("done=finished",)}, "words"),
        ({"webhook_secrets": ["x"]}, "webhook_secrets"),
    ],
)
def test_options_that_cannot_work_are_refused_by_name(options: Any, key: str) -> None:
    with pytest.raises(ValueError, match=key):
        an_account(HAIMIAN, **options)


def test_nothing_finds_a_lost_submit_and_a_song_needs_words() -> None:
    assert HAIMIAN.submits.get_lookup_kind(an_account(HAIMIAN)) is Finds.NEVER
    assert HAIMIAN.looks is None
    for operation, name in (("generate/lyric2song", "prompt"), ("GenSongForTime", "Prompt")):
        assert refused_fields(HAIMIAN.submits, operation, {"genre": "Folk"}) == [name]
