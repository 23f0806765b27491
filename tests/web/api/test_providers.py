"""Every system with what works, told to whoever may read."""

import httpx
import pytest


@pytest.fixture
def http(shared_http: httpx.Client) -> httpx.Client:
    return shared_http


def test_systems_are_told_with_what_works(http: httpx.Client) -> None:
    told = {one["title"]: one for one in http.get("/v1/providers").json()["systems"]}
    luma = told["Luma Proxy"]
    assert (luma["provider"], luma["status"]) == ("luma", "served")
    assert luma["capabilities"]["cancel"] is True
    assert any(name.startswith("lumaai ") for name in luma["capabilities"]["clients"])
    assert (told["OpenMeta"]["status"], told["OpenMeta"]["capabilities"]) == ("unknown", None)
