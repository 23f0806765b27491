"""docs/howto/python-client.md is run, block after block, against a service."""

import re
from pathlib import Path

import pytest

from tests.support.service import ROOT

PAGE = (ROOT / "docs" / "howto" / "python-client.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_runs_as_it_stands(
    service: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)  # it writes a file
    assert len(BLOCKS) >= 5
    names: dict[str, object] = {"__name__": "page"}
    for block in BLOCKS:
        code = block.replace("http://127.0.0.1:8000", service[0]).replace("trk_…", service[1])
        exec(compile(code, "python-client.md", "exec"), names)
    assert "succeeded" in capsys.readouterr().out
