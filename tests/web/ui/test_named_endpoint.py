"""Deliveries are filtered by what people know of an endpoint, and told apart by it."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.dashboard import Person, make_endpoint
from tests.support.requests import submit
from tracker.clock import make_id


@pytest.fixture
def twins(api: httpx.Client) -> tuple[str, str, str]:
    """Make two endpoints of one host; their host's name and their ids."""
    name = f"twins-{make_id()}"
    first = make_endpoint(api, name)
    made = api.post("/v1/endpoints", json={"url": f"https://{name}.example/hook/second"})
    second: str = made.json()["id"]
    return name, first, second


def test_a_part_of_an_address_leads_to_its_endpoint(
    operator: Person, twins: tuple[str, str, str]
) -> None:
    name, first, second = twins
    asked = {"endpoint_id": f"{name}.EXAMPLE/hook/sec", "failing": "true"}
    led = operator.get("/deliveries", **asked).headers["location"]
    assert parse_qs(urlsplit(led).query) == {"endpoint_id": [second], "failing": ["true"]}
    assert f'value="https://{name}.example/hook/second"' in operator.http.get(led).text
    whole = operator.get("/deliveries", endpoint_id=f"https://{name}.example/hook")
    assert first in whole.headers["location"]


def test_a_part_of_several_addresses_offers_them_and_of_none_says_so(
    operator: Person, twins: tuple[str, str, str]
) -> None:
    name, first, second = twins
    page = operator.see("/deliveries", endpoint_id=name, state="failed")
    offered = {one["endpoint_id"][0] for one in _queries(page) if "endpoint_id" in one}
    assert offered == {first, second}
    assert all(one["state"] == ["failed"] for one in _queries(page))
    none = operator.see("/deliveries", endpoint_id="100%_of <none>")
    assert "No endpoint has “100%_of &lt;none&gt;” in its address." in none


def test_boxes_of_two_endpoints_of_one_host_are_told_apart(
    operator: Person, api: httpx.Client, twins: tuple[str, str, str]
) -> None:
    id_ = submit(api)["id"]
    api.post(f"/v1/tasks/{id_}/cancel")
    page = operator.see("/deliveries", task_id=id_)
    labels = re.findall(r'name="ids"[^>]*aria-label="([^"]+)"', page)
    assert len([one for one in labels if twins[0] in one]) == 2
    assert len(set(labels)) == len(labels)


def _queries(page: str) -> list[dict[str, list[str]]]:
    found = re.findall(r'href="[^"]*/deliveries\?([^"]+)"', page)
    return [parse_qs(one.replace("&amp;", "&")) for one in found]
