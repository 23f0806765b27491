"""Control routes, media, and the server helper."""

import asyncio
import io
import socket
import struct
import threading
import wave
import zlib
from typing import Any

import httpx
import pytest

from tracker.emulator import EmulatorConfig, EmulatorServer, ScenarioError, create_app, serve
from tracker.emulator.core.words import CORE_WORDS
from tracker.emulator.providers.kling.words import KLING_WORDS

from .support import KEY, TEXT, Api, Sink, wait_until


def test_index_lists_every_scenario_and_route(api: Api) -> None:
    index = api.http.get("/emulator").json()
    own = {word for each in index["providers"].values() for word in each["scenarios"]}
    assert set(index["scenarios"]) == {*CORE_WORDS, *own}
    assert set(index["providers"]["kling"]["scenarios"]) == set(KLING_WORDS)
    assert "GET,HEAD /emulator/creations" in index["routes"]
    assert index["manual_clock"] is True


def test_scenario_route_refuses_nonsense_and_keeps_the_old_one(api: Api) -> None:
    assert api.http.put("/emulator/scenario", json={"scenario": "nonsense"}).status_code == 400
    assert api.http.put("/emulator/scenario", content=b"[").status_code == 400
    assert api.control("scenario") == {"scenario": "ok"}


def test_task_can_be_moved_by_hand_to_any_word(api: Api, sink: Sink) -> None:
    task_id = api.create(external_task_id="a b/c", callback_url=sink.url, scenario="hold")
    route = "/emulator/tasks/a%20b%2Fc/move"
    for word in ("processing", "pondering", "succeed", "failed"):
        answer = api.http.post(route, json={"status": word, "message": f"now {word}"})
        assert answer.json()["task_id"] == task_id
    assert sink.words == ["processing", "pondering", "succeed", "failed"]
    assert api.query(task_id)["task_status_msg"] == "now failed"
    assert api.http.post(route, json={"status": ""}).status_code == 400
    assert api.http.post("/emulator/tasks/nobody/move", json={}).status_code == 404


def test_planned_moves_never_undo_a_move_by_hand(api: Api, sink: Sink) -> None:
    task_id = api.create(callback_url=sink.url)
    api.http.post(f"/emulator/tasks/{task_id}/move", json={"status": "failed"})
    api.advance(10)
    assert sink.words == ["failed"]


def test_slots_follow_moves_by_hand(api: Api) -> None:
    task_id = api.create(scenario="hold")
    for _ in range(4):
        api.create(scenario="hold")
    assert api.post().status_code == 429
    api.http.post(f"/emulator/tasks/{task_id}/move", json={"status": "succeed"})
    api.create(scenario="hold")
    assert api.post().status_code == 429


def test_reset_forgets_tasks_logs_and_plans(api: Api, sink: Sink) -> None:
    api.create(callback_url=sink.url)
    api.http.put("/emulator/scenario", json={"scenario": "failed"})
    api.http.post("/emulator/reset")
    api.advance(10)
    for name in ("tasks", "callbacks", "requests"):
        assert api.control(name) == []
    assert (api.control("creations"), sink.calls) == ({}, [])
    assert api.control("scenario") == {"scenario": "ok"}


def test_logs_can_be_limited(api: Api) -> None:
    ids = [api.create() for _ in range(3)]
    tasks = api.http.get("/emulator/tasks?limit=2").json()
    assert [task["task_id"] for task in tasks] == ids[1:]
    assert api.http.get("/emulator/requests?limit=0").json() == []
    assert api.http.get("/emulator/callbacks?limit=x").status_code == 400


@pytest.mark.parametrize("seconds", [-1, "1", None, 1e999])
def test_clock_moves_only_forward_and_by_a_number(api: Api, seconds: object) -> None:
    raw = str(seconds).replace("None", "null").replace("inf", "1e999")
    body = f'{{"seconds": {raw if not isinstance(seconds, str) else repr(seconds)}}}'
    assert api.http.post("/emulator/advance", content=body).status_code == 400


def test_unknown_control_route_is_404_and_no_provider_call(api: Api) -> None:
    assert api.http.get("/emulator/nothing").status_code == 404
    assert api.control("requests") == []


def media_of(api: Api, path: str, kind: str, **fields: object) -> list[dict[str, Any]]:
    """The results of a finished task."""
    task_id = api.post(path, **fields).json()["data"]["task_id"]
    api.advance(2)
    media = api.query(task_id, path)["task_result"][kind]
    assert isinstance(media, list)
    return media


def test_video_is_an_mp4_with_ranges_and_a_head(api: Api) -> None:
    url = media_of(api, TEXT, "videos")[0]["url"]
    assert len(url) > 200
    answer = httpx.get(url, trust_env=False, timeout=60)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.content[4:8] == b"ftyp"
    part = httpx.get(url, headers={"range": "bytes=0-9"}, trust_env=False, timeout=60)
    assert (part.status_code, part.content) == (206, answer.content[:10])
    head = httpx.head(url, trust_env=False, timeout=60)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(answer.content)))


def test_each_picture_is_its_own_png(api: Api) -> None:
    images = media_of(api, "/v1/images/generations", "images", n=2)
    assert [image["index"] for image in images] == list(range(2))
    first, second = (
        httpx.get(image["url"], trust_env=False, timeout=60).content for image in images
    )
    assert first != second
    assert first.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", first[16:24])
    data = first.index(b"IDAT")
    (size,) = struct.unpack(">I", first[data - 4 : data])
    assert len(zlib.decompress(first[data + 4 : data + 4 + size])) == height * (1 + 3 * width)


def test_sound_comes_as_mp3_and_wav(api: Api) -> None:
    (audio,) = media_of(api, "/v1/audio/text-to-audio", "audios", duration=3.0)
    mp3 = httpx.get(audio["url_mp3"], trust_env=False, timeout=60)
    wav = httpx.get(audio["url_wav"], trust_env=False, timeout=60)
    assert (mp3.headers["content-type"], wav.headers["content-type"]) == ("audio/mpeg", "audio/wav")
    assert mp3.content[0] == 0xFF
    with wave.open(io.BytesIO(wav.content)) as sound:
        assert sound.getnframes() / sound.getframerate() == 0.5
    assert audio["duration_wav"] == "3.000"


def test_media_of_unknown_tasks_and_kinds_are_404(api: Api) -> None:
    task_id = api.create()
    for path in ("/media/1/0.mp4", f"/media/{task_id}/0.exe", f"/media/{task_id}/..%2f.env"):
        assert api.http.get(path).status_code == 404


def test_oldest_tasks_and_log_entries_are_dropped() -> None:
    config = EmulatorConfig(manual_clock=True, max_tasks=3, max_log_entries=2, max_slots=3)
    with EmulatorServer(config) as server:
        api = Api(server.url)
        ids = [api.create(external_task_id=f"e{i}") for i in range(3)]
        api.advance(5)
        ids.append(api.create(external_task_id="e3"))
        assert [task["task_id"] for task in api.control("tasks")] == ids[1:]
        assert api.control("creations") == {"e1": 1, "e2": 1, "e3": 1}
        assert len(api.control("requests")) == 2
        api.create(external_task_id="e0")
        api.close()


def test_wall_clock_runs_by_itself_and_cannot_be_advanced(sink: Sink) -> None:
    with EmulatorServer(EmulatorConfig(step_seconds=0, seed=1)) as server:
        api = Api(server.url)
        task_id = api.create(callback_url=sink.url, scenario="duplicated=2")
        wait_until(lambda: len(sink.calls) == 4)
        assert api.query(task_id)["task_status"] == "succeed"
        assert api.http.post("/emulator/advance", json={"seconds": 1}).status_code == 409
        api.close()
    assert sink.words == ["processing"] * 2 + ["succeed"] * 2


def test_seed_makes_ids_repeatable() -> None:
    ids = []
    for _ in range(2):
        with EmulatorServer(EmulatorConfig(seed=7)) as server:
            api = Api(server.url)
            ids.append(api.create())
            api.close()
    assert ids[0] == ids[1]


def test_server_leaves_no_thread_and_no_port_behind() -> None:
    before = threading.enumerate()
    with EmulatorServer() as server, httpx.Client(trust_env=False, timeout=60) as http:
        body = {"prompt": "[scenario:timeout]"}
        with pytest.raises(httpx.ReadTimeout):
            http.post(server.url + TEXT, json=body, headers=KEY, timeout=0.1)
        assert threading.enumerate() != before
    assert threading.enumerate() == before
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, trust_env=False, timeout=60)
    server.stop()


def test_stopping_ends_calls_that_are_never_answered() -> None:
    answers: list[BaseException] = []

    def ask(url: str) -> None:
        try:
            httpx.post(
                url, json={"prompt": "[scenario:timeout]"}, headers=KEY, trust_env=False, timeout=60
            )
        except httpx.HTTPError as problem:
            answers.append(problem)

    with EmulatorServer() as server:
        asking = threading.Thread(target=ask, args=(server.url + TEXT,))
        asking.start()
        api = Api(server.url)
        wait_until(lambda: api.control("tasks"))
        api.close()
    asking.join(60)
    assert isinstance(answers[0], httpx.ReadError | httpx.RemoteProtocolError)


def test_given_socket_is_served_and_closed() -> None:
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    with EmulatorServer(sock=sock) as server:
        assert server.url == f"http://127.0.0.1:{port}"
        assert httpx.get(server.url + "/emulator", trust_env=False, timeout=60).status_code == 200
    assert sock.fileno() == -1


def test_url_is_unknown_before_the_start() -> None:
    with pytest.raises(RuntimeError):
        _ = EmulatorServer().url


def test_wrong_configuration_fails_at_once() -> None:
    with pytest.raises(ScenarioError):
        create_app(EmulatorConfig(scenario="nonsense"))
    with pytest.raises(ScenarioError), EmulatorServer(EmulatorConfig(scenario="nonsense")):
        pass


def test_serve_runs_in_a_loop_until_cancelled() -> None:
    sock = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{sock.getsockname()[1]}/emulator"

    async def scene() -> int:
        serving = asyncio.create_task(serve(sock=sock))
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            status = (await http.get(url)).status_code
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        return status

    assert asyncio.run(scene()) == 200
    assert sock.fileno() == -1
