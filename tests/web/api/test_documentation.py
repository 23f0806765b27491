"""The page that shows the API: all of it comes from here."""

import hashlib
import re

import httpx

from docs import draw
from tracker.web.api.documentation import STATIC


def test_the_service_serves_its_description(http: httpx.Client) -> None:
    assert http.get("/openapi.json").text == draw.OPENAPI.read_text()


def test_the_page_and_all_that_it_names_are_served(http: httpx.Client) -> None:
    page = http.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    files = [name for name in named if not name.startswith("data:")]
    assert len(files) == 4
    for name in files:
        assert "://" not in name
        assert http.get(f"/{name}").status_code == 200, name
    assert http.get("/docs/../routes.py").status_code == 404
    assert http.get("/docs/docs.html").status_code == 404


def test_what_is_bundled_is_what_was_published() -> None:
    folder = STATIC / "swagger-ui"
    sums = dict(line.split()[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert {"swagger-ui-bundle.js", "swagger-ui.css"} == set(sums)
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
