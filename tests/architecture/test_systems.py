"""The page of systems says what the records and the tests say, and costs are told where read."""

import re

import pytest

from docs import draw
from tests.support.service import ROOT
from tracker.providers import capabilities
from tracker.providers.registry import PROVIDERS

_READS_COSTS = re.compile(r"import .*\bCost\b|\bcosts_of\b|kit\.(ledger|gateway_quota) import")
_READS_ROWS = re.compile(r"\bGatewayAdapter\b")
"""Of the rows that queries are answered with; a stream has none."""


def test_what_is_committed_is_what_is_drawn() -> None:
    assert draw.CLIENTS.read_text() == draw.proved_clients(), "run `make docs`"
    page = draw.SYSTEMS.read_text()
    assert page == draw.drawn(page, draw.systems_table()), "run `make docs`"


def test_every_provider_stands_in_it_and_what_is_unknown_is_said() -> None:
    found = capabilities.list_systems()
    assert {one.provider for one in found if one.status == "served"} == set(PROVIDERS)
    assert [one.title for one in found if one.status == "unknown"] == ["OpenMeta", "辅助功能"]


def test_what_one_kind_of_account_cannot_do_is_said_beside_what_another_can() -> None:
    told = {one: capabilities.read_capabilities(PROVIDERS[one]).lookup for one in PROVIDERS}
    assert told["cogvideox"] == ["existence", "never"]  # Zhipu and Z.ai, and gateways
    assert told["luma"] == told["midjourney"] == ["by_scan", "never"]


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_provider_tells_costs_where_it_reads_them(name: str) -> None:
    home = ROOT / "tracker" / "providers"
    texts = [
        path.read_text()
        for path in (home / f"{name}.py", *(home / name).glob("*.py"))
        if path.exists()
    ]
    provider, text = PROVIDERS[name], "\n".join(texts)
    reads = _READS_COSTS.search(text) or (provider.streams is None and _READS_ROWS.search(text))
    assert provider.tells_costs is bool(reads), "tells_costs of the record"
