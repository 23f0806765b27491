"""Use `volcengine` from PyPI as its examples do; print what it returned as JSON.

Arguments: host and access key.
"""

import json
import sys
import time
from typing import Any

from volcengine.visual.VisualService import VisualService

MODEL = "jimeng_t2i_v40"
LOOKS = 600


def looked_at(service: VisualService, task_id: str) -> Any:
    """Ask until the task has ended; of a failure return the text that is raised."""
    form = {"req_key": MODEL, "task_id": task_id, "req_json": '{"return_url":true}'}
    for _ in range(LOOKS):
        try:
            answer = service.cv_sync2async_get_result(form)
        except Exception as problem:  # noqa: BLE001 - it raises nothing more special
            return str(problem)
        if answer["data"]["status"] not in ("in_queue", "generating"):
            return answer
        time.sleep(0.1)  # it has no wait of its own
    return None


def made(service: VisualService, prompt: str) -> Any:
    """Create a task; return its id."""
    answer = service.cv_sync2async_submit_task({"req_key": MODEL, "prompt": prompt})
    return answer["data"]["task_id"]


def everything(service: VisualService) -> dict[str, Any]:
    """Create and wait, fail, cancel; then try a wrong key: the service is one for the process."""
    done = looked_at(service, made(service, "一只猫"))
    failed = looked_at(service, made(service, "a dog [scenario:moderated]"))
    stopped = made(service, "a cow [scenario:hold]")
    heard = service.cv_cancel_task({"req_key": MODEL, "task_id": stopped})
    end = looked_at(service, stopped)
    service.set_ak("wrong")
    try:
        refused: Any = service.cv_sync2async_submit_task({"req_key": MODEL, "prompt": "x"})
    except Exception as problem:  # noqa: BLE001 - it raises nothing more special
        refused = str(problem)
    return {"done": done, "failed": failed, "heard": heard, "end": end, "refused": refused}


def main() -> None:
    """Do everything."""
    host, key = sys.argv[1:]
    service = VisualService()
    service.set_scheme("http")
    service.set_host(host)
    service.set_ak(key)
    service.set_sk("unused")
    json.dump(everything(service), sys.stdout)


main()
