"""Puts Kling's emulator together: the engine's rules, the services and the control view."""

from typing import Any

from tracker.emulator.core.drafts import ProviderRules
from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.engine import Engine
from tracker.emulator.core.faults import FaultTables
from tracker.emulator.core.journal import encode_json
from tracker.emulator.core.provider import EmulatedProvider, MainJob, ProtocolJob
from tracker.emulator.core.sending import CallbackContent
from tracker.emulator.core.signing import build_standard_signer
from tracker.emulator.providers.kling.acedata import AceDataService
from tracker.emulator.providers.kling.callbacks import build_callbacks
from tracker.emulator.providers.kling.details import KlingDetails, KlingTask
from tracker.emulator.providers.kling.newapi import NewApiService
from tracker.emulator.providers.kling.piapi import PiApiService
from tracker.emulator.providers.kling.protocol import KlingService
from tracker.emulator.providers.kling.refusals import KlingRefusal
from tracker.emulator.providers.kling.standard import test_view
from tracker.emulator.providers.kling.task_access import KlingTaskAccess
from tracker.emulator.providers.kling.wire import build_plain_view
from tracker.emulator.providers.kling.words import KLING_WORDS, KlingWord

__all__ = ["create"]


def _refuse_internal() -> KlingRefusal:
    return KlingRefusal(5000, "Server internal error")


def _refuse_internal_timeout() -> KlingRefusal:
    return KlingRefusal(5002, "Server internal timeout")


_FAULTS = FaultTables(
    before={
        KlingWord.ERROR_5000_LOST: _refuse_internal,
        KlingWord.ERROR_5002_LOST: _refuse_internal_timeout,
    },
    after={
        KlingWord.ERROR_5000_CREATED: _refuse_internal,
        KlingWord.ERROR_5002_CREATED: _refuse_internal_timeout,
    },
)


MAIN_JOB = MainJob(
    address="/kling",
    operation="videos/text2video",
    input={"prompt": "a cat in the rain", "duration": "5"},
    protocol_job=ProtocolJob(
        path="/v1/videos/multi-image2video",
        input={
            "image_list": [{"image": "/media/demo/1.png"}, {"image": "/media/demo/2.png"}],
            "prompt": "根据参考图片生成连贯的动作视频",
            "mode": "std",
            "duration": "5",
        },
        id_at=("data", "task_id"),
    ),
)


def create(emulator: Emulator) -> EmulatedProvider[KlingDetails]:
    """Return Kling's emulator, with the gateways that relay it."""
    sign = build_standard_signer(lambda: emulator.secrets)
    rules = ProviderRules[KlingDetails](
        name="kling",
        words=KLING_WORDS,
        faults=_FAULTS,
        callbacks=lambda task: build_callbacks(task, sign, request_id=emulator.make_request_id()),
        calls_back_at_once=emulator.config.callback_on_submitted,
    )
    engine = Engine(emulator, rules)
    tasks = KlingTaskAccess(engine)

    def test_callback() -> CallbackContent:
        body = test_view(engine.make_number(), at=engine.get_now_ms())
        return CallbackContent(body=encode_json(body), sign=sign)

    return EmulatedProvider(
        name="kling",
        engine=engine,
        services=(
            KlingService(tasks),
            NewApiService(tasks),
            PiApiService(tasks),
            AceDataService(tasks),
        ),
        describe=_describe,
        test_callback=test_callback,
        main_job=MAIN_JOB,
    )


def _describe(task: KlingTask) -> dict[str, Any]:
    return build_plain_view(task) | {"dialect": task.details.dialect, "model": task.details.model}
