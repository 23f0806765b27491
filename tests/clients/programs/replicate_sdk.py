"""Use `replicate` from PyPI as its README does; print what it returned as JSON.

Arguments: base URL (without `/v1`) and key; with a prompt: one create, tried twice.
"""

import io
import json
import sys
from typing import Any

import httpx
from replicate import Client
from replicate.exceptions import ModelError, ReplicateError

MODEL = "acme/picture"


def refusal_of_a_wrong_key(url: str) -> Any:
    """Return the HTTP status that a wrong key meets."""
    try:
        Client(api_token="wrong", base_url=url).predictions.list()
    except ReplicateError as problem:
        return problem.status
    return None


def everything(client: Client) -> dict[str, Any]:
    """Create and wait, run with a held call, fail, cancel, list."""
    made = client.models.predictions.create(MODEL, input={"prompt": "a cat"})
    first_status = made.status
    made.wait()
    run = client.run(MODEL, input={"prompt": "a bird"})
    version = client.models.get(MODEL).latest_version
    run_version = client.run(f"{MODEL}:{version.id}", input={"prompt": "a fish"})
    deployed = client.deployments.get("acme/deployed").predictions.create({"prompt": "a hen"})
    deployed.wait()
    try:
        client.run(MODEL, input={"prompt": "a dog [scenario:failed]"})
        failure = None
    except ModelError as problem:
        failed = problem.prediction
        failure = {"status": failed.status, "error": failed.error, "output": failed.output}
    stopped = client.models.predictions.create(MODEL, input={"prompt": "a cow [scenario:hold]"})
    stopped.cancel()
    stopped.wait()
    return {
        "id": made.id,
        "first_status": first_status,
        "status": made.status,
        "output": made.output,
        "run": [str(each) for each in run],
        "run_version": [str(each) for each in run_version],
        "deployed": deployed.status,
        "versions": [one.id for one in client.models.get(MODEL).versions.list()] == [version.id],
        "failure": failure,
        "stopped": {"id": stopped.id, "status": stopped.status},
        "listed": [prediction.id for prediction in client.predictions.list()],
        "file": client.files.create(io.BytesIO(b"a picture"), filename="cat.png").size,
        "webhook_secret": client.webhooks.default.secret().key,
    }


def created(client: Client, prompt: str) -> dict[str, Any]:
    """Create a prediction; where the connection breaks, once more."""
    try:
        made = client.models.predictions.create(MODEL, input={"prompt": prompt})
    except httpx.TransportError:
        made = client.models.predictions.create(MODEL, input={"prompt": prompt})
    return {"id": made.id, "status": made.status}


def main() -> None:
    """Do everything, and try a wrong key."""
    url, key, *prompt = sys.argv[1:]
    if prompt:
        json.dump(created(Client(api_token=key, base_url=url), prompt[0]), sys.stdout)
        return
    answer = everything(Client(api_token=key, base_url=url))
    json.dump(answer | {"wrong_key": refusal_of_a_wrong_key(url)}, sys.stdout)


main()
