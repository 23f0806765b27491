"""Every call to a provider goes through its account's proxy, and no password comes out again."""

from base64 import b64encode
from pathlib import Path

from tests.support.command import run
from tests.support.service import build_environment, listen, serve_to_client
from tests.support.tunnel import Tunnel
from tests.support.world import World
from tracker.emulator import EmulatorConfig, EmulatorServer

PASSWORD = "canary-of-the-proxy"
PROVIDER = "provider.invalid"  # nobody but the proxy can look it up


def test_submits_polls_passed_on_calls_and_doctor_go_through_the_proxy(
    database_url: str, tmp_path: Path
) -> None:
    wanted = "Basic " + b64encode(f"me:{PASSWORD}".encode()).decode()
    with EmulatorServer(EmulatorConfig(step_seconds=0.05, scenario="ok")) as emulator:
        port = int(emulator.url.rpartition(":")[2])
        with Tunnel({PROVIDER: port}, wanted) as tunnel, listen() as listener:
            env = build_environment(
                database_url,
                tmp_path,
                provider_url=f"http://{PROVIDER}",
                public_url=None,
                TRACKER_KLING_PROXY=tunnel.url.replace("://", f"://me:{PASSWORD}@"),
            )
            with serve_to_client(env, listener=listener, workers=True) as http:
                world = World(http, emulator.url)
                assert world.wait_for_end(world.submit())["state"] == "succeeded"
                assert http.get("/v1/general/presets-voices").status_code == 200
                shown = http.get("/v1/accounts").text
            lines = [line for line, _ in tunnel.asked]
            asked = len(lines)
            doctor, shown_as = run("doctor", **env), f"through the proxy {tunnel.url}"
            probes = len(tunnel.asked) - asked
    for call in ("POST", f"GET http://{PROVIDER}/v1/videos/", f"GET http://{PROVIDER}/v1/general/"):
        assert any(line.startswith(call) for line in lines), (call, lines)
    assert tunnel.refused == []
    assert probes == 1
    assert shown_as in doctor.stdout
    assert PASSWORD not in doctor.stdout + doctor.stderr + shown
