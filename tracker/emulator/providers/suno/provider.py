"""Suno's emulator: every protocol under its prefix, all with the same tasks."""

from functools import partial

from tracker.emulator.core.emulator import Emulator
from tracker.emulator.core.provider import EmulatedProvider, MainJob, RoutedService
from tracker.emulator.providers.suno.api import SunoTasks
from tracker.emulator.providers.suno.gateway import GatewayApi, refuse_as_gateway
from tracker.emulator.providers.suno.reseller import ResellerApi, build_reseller_callbacks
from tracker.emulator.providers.suno.selfhosted import SelfHostedApi, refuse_as_server
from tracker.emulator.providers.suno.songs import SunoDetails

__all__ = ["create"]


MAIN_JOB = MainJob(
    address="/suno",
    operation="submit/music",
    input={"gpt_description_prompt": "rain on a roof"},
)


def create(emulator: Emulator) -> EmulatedProvider[SunoDetails]:
    """Return Suno's emulator.

    `/suno` is a gateway, `/sunoapi` and `/kie` are the two hosts, `/gcui` is a server of one's own.
    """
    tasks = SunoTasks(emulator, lambda task: build_reseller_callbacks(task, emulator.config))
    gateway = GatewayApi(tasks)
    sunoapi = ResellerApi(tasks, "/generate/credit", too_many=430)
    kie = ResellerApi(tasks, "/chat/credit", too_many=429)
    server = SelfHostedApi(tasks)
    services = (
        RoutedService(("/suno", "/task/suno/v1"), gateway.list_routes, refuse_as_gateway),
        RoutedService(("/sunoapi",), partial(sunoapi.list_routes, "/api/v1"), sunoapi.refuse),
        RoutedService(("/kie",), partial(kie.list_routes, "/api/v1"), kie.refuse),
        RoutedService(("/gcui",), partial(server.list_routes, "/api"), refuse_as_server),
    )
    return EmulatedProvider(name="suno", engine=tasks.engine, services=services, main_job=MAIN_JOB)
