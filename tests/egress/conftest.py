"""A client that calls public addresses alone, but for those of accounts."""

from collections.abc import AsyncIterator

import pytest

from tracker.egress.client import EgressClient


@pytest.fixture
async def egress() -> AsyncIterator[EgressClient]:
    made = EgressClient(())
    yield made
    await made.close()
