"""The pictures of the READMEs: those that the script makes, in its size."""

import re
import struct
from pathlib import Path

from tests.support import screenshots
from tests.support.browsing import Chromium
from tests.support.screenshots import LOOKS, SIZE
from tests.support.service import ROOT

SHOWN = re.compile(r"\]\(docs/pictures/([\w-]+)\.png\)")
LEAST_BYTES = 20_000
"""Of a picture with something on it."""


def test_the_script_makes_the_pictures_that_the_readmes_show(
    chromium: Chromium, tmp_path: Path
) -> None:
    screenshots.draw(tmp_path, chromium)
    made = {one.stem: _size(one) for one in tmp_path.iterdir()}
    assert made == dict.fromkeys(LOOKS, (SIZE["width"], SIZE["height"]))
    shown = {
        readme: SHOWN.findall((ROOT / readme).read_text())
        for readme in ("README.md", "README.zh-CN.md")
    }
    assert all(name.endswith("-zh") for name in shown["README.zh-CN.md"])
    names = {name for one in shown.values() for name in one}
    assert {name: _size(screenshots.FOLDER / f"{name}.png") for name in names} == made


def _size(picture: Path) -> tuple[int, int]:
    """Return width and height of a PNG (RFC 2083 section 4.1.1)."""
    head = picture.read_bytes()
    assert head.startswith(b"\x89PNG\r\n\x1a\n"), picture
    assert len(head) > LEAST_BYTES, picture
    width, height = struct.unpack(">II", head[16:24])
    return width, height
