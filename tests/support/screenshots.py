"""Make the pictures of the READMEs: `make pictures`, which installs Chromium and a font."""

import subprocess
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import ViewportSize

from tests.support.browsing import Chromium
from tests.support.requests import EXAMPLE, build_submission
from tests.support.service import ROOT, build_environment, listen, read_url, serve_service
from tests.support.waiting import wait_until
from tracker.emulator import EmulatorConfig
from tracker.emulator import EmulatorServer as Emulator
from tracker.store.migrate import upgrade

FOLDER = ROOT / "docs" / "pictures"
SIZE: ViewportSize = {"width": 1280, "height": 720}
SCENARIOS = ("ok", "ok", "failed", "ok", "stuck", "ok", "moderated", "ok", "ok", "stuck")
LOOKS = {
    "list-light": ("light", "en-GB", "/ui/tasks"),
    "list-light-zh": ("light", "zh-CN", "/ui/tasks"),
    "task-dark-zh": ("dark", "zh-CN", ""),
}
"""By the picture's name: colours, language, and the page; empty for one of the tasks."""


def main() -> None:
    """Make the pictures anew. Refuses to draw boxes in place of Chinese letters."""
    fonts = subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, check=True)
    if not fonts.stdout:
        raise SystemExit("no font has Chinese letters: run `make fonts`")
    FOLDER.mkdir(exist_ok=True)
    chromium = Chromium()
    draw(FOLDER, chromium)
    chromium.close()


def draw(folder: Path, chromium: Chromium) -> None:
    """Play some tasks and put the pictures into a folder."""
    listener = listen()
    with tempfile.TemporaryDirectory() as name, Emulator(EmulatorConfig(step_seconds=0.3)) as made:
        database = f"sqlite:///{name}/tracker.db"
        upgrade(database)
        public = read_url(listener)
        env = build_environment(database, Path(name), provider_url=made.url, public_url=public)
        with serve_service(env, listener=listener, workers=True) as url:
            tasks = _play(url)
            for picture, (scheme, locale, path) in LOOKS.items():
                page = path or f"/ui/tasks/{tasks[0]}"
                to = folder / f"{picture}.png"
                chromium.call(_take, chromium, url + page, to, scheme, locale)


def _play(url: str) -> list[str]:
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
        ids = []
        for number, scenario in enumerate(SCENARIOS):
            given = EXAMPLE | {"prompt": f"[scenario:{scenario}] {EXAMPLE['prompt']}"}
            body = build_submission(external_task_id=f"order-{1001 + number}-clip", input=given)
            ids.append(str(http.post("/v1/tasks", json=body).raise_for_status().json()["id"]))
        ended = SCENARIOS.count("ok") + SCENARIOS.count("failed") + SCENARIOS.count("moderated")
        wanted = "state=succeeded&state=failed&limit=100"
        wait_until(lambda: len(http.get("/v1/tasks", params=wanted).json()["tasks"]) == ended)
    return ids


def _take(chromium: Chromium, url: str, to: Path, scheme: str, locale: str) -> None:
    context = chromium.browser.new_context(
        viewport=SIZE,
        color_scheme="dark" if scheme == "dark" else "light",
        locale=locale,
        timezone_id="Asia/Shanghai",
    )
    page = context.new_page()
    page.goto(url)
    page.locator("#live[data-mode=live]").wait_for()
    page.screenshot(path=str(to))
    context.close()


if __name__ == "__main__":
    main()
