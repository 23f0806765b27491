"""A real Chromium, driven from Python: one for each process that runs tests.

Playwright's synchronous interface keeps an event loop running in the thread that uses it, in which
other tests could start none. So it has a thread of its own, and tests of the marker `browser` run
there (`tests/web/ui/conftest.py`). Such a test must not start an event loop.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.support.waiting import PATIENCE_S

CHROMIUM = (
    os.environ.get("CHROMIUM_PATH")
    or shutil.which("chromium-headless-shell")  # without windows: half of the processor time
    or shutil.which("chromium")
)
_SWITCHES = [
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP insecure.test 127.0.0.1",
]
INSECURE_HOST = "insecure.test"
"""A name of loopback that browsers do not trust, as any host that is reached by plain HTTP."""
T = TypeVar("T")


class Chromium:
    """The browser, and the thread in which it is spoken to."""

    def __init__(self) -> None:
        """Start it. Skips the test where there is no Chromium."""
        if CHROMIUM is None:
            pytest.skip("Chromium is not installed: run `make browser`")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chromium")
        self._playwright, self.browser = self.call(self._start)

    def call(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call a function in the browser's thread."""
        return self._thread.submit(function, *args, **kwargs).result()

    def close(self) -> None:
        """End it."""
        self.call(self.browser.close)
        self.call(self._playwright.stop)
        self._thread.shutdown()

    def _start(self) -> tuple[Playwright, Browser]:
        playwright = sync_playwright().start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_SWITCHES)
        return playwright, browser


class Watched:
    """A browser context that notes what must not happen on any page.

    complaints: messages of the console, and errors of scripts.
    strangers:  requests to another origin than the service's.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        """url: of the service; addresses that pages are opened by are relative to it."""
        self.context = context
        self.url = url
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        context.on("console", lambda message: self.complaints.append(message.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", lambda request: self._note(request.url))

    def open(self, path: str) -> Page:
        """Open a page in a new tab, which Chromium starts a process for."""
        page = self.context.new_page()
        page.goto(self.url + path)
        return page

    def show(self, path: str) -> Page:
        """Open a page in place of the one before, if there is one."""
        pages = self.context.pages
        if not pages:
            return self.open(path)
        pages[0].goto(self.url + path)
        return pages[0]

    def sign_in(self, client: httpx.Client) -> None:
        """Give the browser the cookies of a client who has signed in."""
        self.context.add_cookies(
            [
                {"name": name, "value": value or "", "url": f"{self.url}/ui"}
                for name, value in client.cookies.items()
            ]
        )

    def check(self) -> None:
        """Fail where a page complained, or asked another origin for anything."""
        assert self.complaints == []
        assert self.strangers == []

    def _note(self, url: str) -> None:
        if not url.startswith((self.url, "data:", "blob:")):
            self.strangers.append(url)


@contextmanager
def open_watched(chromium: Chromium, url: str, **options: Any) -> Iterator[Watched]:
    """Yield a browser context with cookies of its own. Call it in the browser's thread.

    options: of `Browser.new_context`, e.g. `viewport`, `locale`, `color_scheme`.
    """
    context = chromium.browser.new_context(**options)
    context.set_default_timeout(PATIENCE_S * 1000)
    try:
        yield Watched(context, url)
    finally:
        context.close()


_VIOLATIONS = """options => axe.run(options).then(found => found.violations.flatMap(
    one => one.nodes.slice(0, 3).map(node => `${one.id}: ${node.html.slice(0, 160)}`)
))"""
"""A function that returns them alone: the rest that axe found takes longer to read."""


def find_violations(page: Page) -> list[str]:
    """Return what axe finds wrong with a page by WCAG 2.0 to 2.2, levels A and AA."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    only = {"type": "tag", "values": tags}
    options = {"runOnly": only, "resultTypes": ["violations"], "selectors": False, "preload": False}
    page.evaluate(Axe().axe_script)
    found: list[str] = page.evaluate(_VIOLATIONS, options)
    return found


def cut_tables(page: Page) -> list[str]:
    """Return the beginnings of tables that are wider than their place, so that a part is cut."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('.table')].filter(one => one.scrollWidth > one.clientWidth"
        " + 1).map(one => one.textContent.trim().slice(0, 60))"
    )
    return found


def measure_overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    wide: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide
