"""The emulated Midjourney proxies: their keys, answers, task objects and callbacks."""

from typing import Any

import httpx
import pytest

from .scene import HOOK, Scene, play_in

PICTURE = "data:image/png;base64,iVBORw0KGgo="
KEY = "emulator-key"


class MidjourneyScene(Scene):
    """The emulator, as a caller of a proxy sees it."""

    async def post(
        self, path: str, scenario: str = "ok", kind: str = "trueai", **fields: object
    ) -> httpx.Response:
        """Send a create to one kind of proxy."""
        self.http.headers.pop("authorization", None)
        headers = {"x-emulator-scenario": scenario, "mj-api-secret": KEY}
        body = {"state": "mine", "notifyHook": HOOK} | fields
        return await self.http.post(f"/midjourney/{kind}/mj/{path}", json=body, headers=headers)

    async def create(self, path: str = "submit/imagine", **more: Any) -> str:
        """Make a task that must be accepted; its id."""
        answer = await self.post(path, **({"prompt": "a cat"} | more))
        assert answer.status_code == 200, answer.text
        assert answer.json()["code"] in (1, 21, 22), answer.text
        return str(answer.json()["result"])

    async def fetch(self, id_: str, kind: str = "trueai") -> Any:
        """Poll a task that must be found."""
        headers = {"mj-api-secret": KEY}
        answer = await self.http.get(f"/midjourney/{kind}/mj/task/{id_}/fetch", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


scene = play_in(MidjourneyScene)


@scene
async def test_a_picture_goes_from_not_start_to_success(stage: MidjourneyScene) -> None:
    id_ = await stage.create()
    assert id_.isdigit()
    assert len(id_) == 16
    made = await stage.fetch(id_)
    assert (made["status"], made["progress"], made["state"]) == ("NOT_START", "0%", "mine")
    await stage.advance(1.3)
    running = await stage.fetch(id_)
    assert (running["status"], running["progress"]) == ("IN_PROGRESS", "45%")
    await stage.advance(1)
    done = await stage.fetch(id_)
    assert (done["status"], done["progress"], done["failReason"]) == ("SUCCESS", "100%", None)
    assert done["imageUrl"] != running["imageUrl"]
    assert [button["label"] for button in done["buttons"]][:4] == ["U1", "U2", "U3", "U4"]
    picture = await stage.http.get(done["imageUrl"])
    assert picture.headers["content-type"] == "image/png"
    assert stage.told("status")[0] == "SUBMITTED"
    assert stage.told("progress")[-2:] == ["90%", "100%"]


@pytest.mark.parametrize(
    ("kind", "headers", "status"),
    [
        ("novicezk", {"mj-api-secret": KEY}, 200),
        ("novicezk", {"authorization": f"Bearer {KEY}"}, 401),
        ("trueai", {"mj-api-secret": KEY}, 204),
        ("trueai", {"authorization": KEY}, 204),
        ("trueai", {"authorization": f"Bearer {KEY}", "mj-api-secret": KEY}, 401),
        ("new-api", {"authorization": f"Bearer {KEY}"}, 400),
        ("new-api", {"mj-api-secret": KEY}, 400),
        ("new-api", {"mj-api-secret": "wrong"}, 401),
        ("mj", {"authorization": KEY}, 200),
    ],
)
def test_each_kind_takes_the_key_and_denies_a_task_in_its_own_way(
    kind: str, headers: dict[str, str], status: int
) -> None:
    @scene
    async def play(stage: MidjourneyScene) -> None:
        stage.http.headers.pop("authorization", None)
        base = f"/midjourney/{kind}/mj" if kind != "mj" else "/mj"
        answer = await stage.http.get(f"{base}/task/0/fetch", headers=headers)
        assert answer.status_code == status
        if status in (200, 204):
            assert answer.content == b""
        if status == 400:
            assert answer.json()["description"] == "task_no_found"

    play()


@scene
async def test_modes_are_prefixes_of_the_same_tasks(stage: MidjourneyScene) -> None:
    stage.http.headers.pop("authorization", None)
    key = {"mj-api-secret": KEY}
    for base in ("/mj", "/mj-fast/mj", "/mj-turbo/mj", "/mj-relax/mj", "/midjourney/mj"):
        answer = await stage.http.post(
            f"{base}/submit/imagine", json={"prompt": "a cat"}, headers=key
        )
        assert answer.json()["code"] == 1
        id_ = answer.json()["result"]
        found = await stage.http.get(f"/mj/task/{id_}/fetch", headers=key)
        assert found.json()["id"] == id_


@scene
async def test_mistakes_come_with_a_code(stage: MidjourneyScene) -> None:
    for kind, status in (("novicezk", 200), ("trueai", 200), ("new-api", 400)):
        answer = await stage.post("submit/imagine", kind=kind)
        assert (answer.status_code, answer.json()["code"]) == (status, 4)
        answer = await stage.post("submit/imagine", kind=kind, prompt="x", state="x" * 256)
        assert answer.json()["code"] == 4
        answer = await stage.post("submit/change", kind=kind, taskId="1", action="UPSCALE", index=1)
        assert answer.json()["code"] == (4 if kind == "new-api" else 3)
        assert answer.status_code == {"novicezk": 200, "trueai": 404, "new-api": 400}[kind]


@scene
async def test_a_list_leaves_out_what_it_does_not_know(stage: MidjourneyScene) -> None:
    ids = [await stage.create(), await stage.create()]
    answer = await stage.http.post(
        "/midjourney/trueai/mj/task/list-by-condition",
        json={"ids": [*ids, "1"]},
        headers={"mj-api-secret": KEY},
    )
    assert sorted(one["id"] for one in answer.json()) == sorted(ids)
    listed = await stage.http.get("/midjourney/trueai/mj/task/list", headers={"mj-api-secret": KEY})
    assert [one["id"] for one in listed.json()] == ids[::-1]


@scene
async def test_what_makes_no_task_is_answered_at_once(stage: MidjourneyScene) -> None:
    answer = await stage.post("submit/upload-discord-images", base64Array=[PICTURE, PICTURE])
    assert len(answer.json()["result"]) == 2
    id_ = await stage.create()
    seed = await stage.http.get(
        f"/midjourney/trueai/mj/task/{id_}/image-seed", headers={"mj-api-secret": KEY}
    )
    assert seed.json()["result"].isdigit()
    picture = await stage.http.get(f"/mj/image/{id_}")
    assert picture.headers["content-type"] == "image/png"


@scene
async def test_a_gateway_writes_codes_anew_but_for_windows(stage: MidjourneyScene) -> None:
    for scenario in ("queued", "modal"):
        answer = await stage.post("submit/imagine", scenario, "new-api", prompt="a cat")
        assert answer.json()["code"] == 1
        assert answer.headers["content-type"].startswith("text/plain")
        answer = await stage.post("submit/imagine", scenario, "trueai", prompt="a cat")
        assert answer.json()["code"] in (21, 22)


@scene
async def test_a_window_cannot_be_cancelled(stage: MidjourneyScene) -> None:
    id_ = await stage.create(scenario="modal")
    path = f"/midjourney/trueai/mj/task/{id_}/cancel"
    answer = await stage.http.post(path, headers={"mj-api-secret": KEY})
    assert (answer.status_code, answer.content) == (200, b"")
    await stage.advance(5)
    assert (await stage.fetch(id_))["status"] == "MODAL"
    modal = await stage.post("submit/modal", taskId=id_, prompt="a hat", state="ignored")
    assert modal.json()["result"] == id_
    await stage.advance(3)
    done = await stage.fetch(id_)
    assert (done["status"], done["state"], done["prompt"]) == ("SUCCESS", "mine", "a hat")
