"""Published clients of Luma and Replicate, unmodified, against the service's fronts.

`lumaai` 1.21.0 and `replicate` 1.0.7 from PyPI; the emulator is the provider behind the service.
"""

from tests.clients.conftest import Served
from tests.clients.running import run_program
from tests.clients.test_replicate import assert_everything_worked


def test_lumas_sdk_goes_from_create_to_delete(fronted: Served) -> None:
    url = f"{fronted.url}/luma/dream-machine/v1"
    told = run_program("luma_sdk.py", url, fronted.key, "life")
    made, done, failed = told["made"], told["done"], told["failed"]
    assert (made["state"], made["assets"], made["model"]) == ("queued", None, "ray-2")
    assert (done["id"], done["state"], done["failure_reason"]) == (made["id"], "completed", None)
    assert done["request"]["prompt"] == "a cat"
    assert fronted.fetch(done["assets"]["video"])[4:8] == b"ftyp"
    assert failed["state"] == "failed"
    assert failed["failure_reason"]
    assert failed["assets"] is None
    assert told["listed"] == [failed["id"], made["id"]]
    assert told["after_delete"] == 200  # the history of a task is kept


def test_replicates_sdk_creates_waits_runs_cancels_and_lists(fronted: Served) -> None:
    told = run_program("replicate_sdk.py", f"{fronted.url}/replicate", fronted.key, "all")
    assert_everything_worked(told, fronted)
    assert told["failure"]["status"] == "failed"
    assert told["failure"]["error"]
    assert told["wrong_key"] == 401
