"""Use `blackforest` from PyPI as its README does; print what it returned as JSON.

Arguments: base URL and key.
"""

import contextlib
import json
import sys
from typing import Any

from blackforest import BFLClient
from blackforest.client import BFLError
from blackforest.types.general.client_config import ClientConfig

MODEL = "flux-pro-1.1"


def everything(client: BFLClient) -> dict[str, Any]:
    """Create and ask; create and wait."""
    made = client.generate(MODEL, {"prompt": "a cat"})
    first = client.get_task_status(made.id)
    config = ClientConfig(sync=True, polling_interval=0.1)
    done = client.generate(MODEL, {"prompt": "a bird", "seed": 7}, config)
    return {
        "polling_url": made.polling_url,
        "first_status": first.status,
        "result": done.result,
    }


def refusal_of(url: str, key: str) -> str | None:
    """Return the text of the refusal that a create meets."""
    try:
        BFLClient(api_key=key, base_url=url).generate(MODEL, {"prompt": "a cat"})
    except BFLError as problem:
        return str(problem)
    return None


def main() -> None:
    """Do everything, and try a wrong key."""
    url, key = sys.argv[1:]
    client = BFLClient(api_key=key, base_url=url)
    with contextlib.redirect_stdout(sys.stderr):  # it prints as it waits
        answer = everything(client) | {"wrong_key": refusal_of(url, "wrong")}
    json.dump(answer, sys.stdout)


main()
