"""OpenAI's published clients, unmodified, against the emulated gateway and our front.

`openai` 3.57.0 from PyPI and `openai` 6.49.0 from npm.
"""

from tests.clients.conftest import Served
from tests.clients.cutting import ANSWERED, EvenCuts, creates, first_create
from tests.clients.running import run_program
from tests.support.proxy import Proxy

PATH = "/openai/v1"


def test_client_goes_from_a_form_to_the_content(served: Served) -> None:
    told = run_program("openai_sdk.py", served.url + PATH, served.key, "a cat", "all")
    done, failed = told["done"], told["failed"]
    assert (done["object"], done["status"], done["progress"]) == ("video", "completed", 100)
    assert (done["seconds"], done["size"], done["model"]) == ("8", "1280x720", "sora-2")
    assert told["retrieved"]["id"] == done["id"]
    assert (failed["status"], told["refused"], told["remix"]) == ("failed", 400, "completed")
    assert failed["error"]["message"]
    assert told["content"] == "ftyp"
    assert "sora-2" in told["models"]


def test_client_lists_and_deletes(fronted: Served) -> None:
    told = run_program("openai_sdk.py", fronted.url + PATH, fronted.key, "a fish", "list")
    assert told["listed"] == told["made"][::-1]
    assert told["deleted"]["deleted"] is True


def test_creates_that_the_client_repeats_after_a_cut_make_one_task_each(fronted: Served) -> None:
    """Each try delimits its form anew."""
    cuts = EvenCuts("openai")
    with Proxy(fronted.url, choose=cuts) as proxy:
        cuts.of(proxy)
        given = (proxy.url + PATH, fronted.key, "openai cut", str(len(cuts.prompts)))
        told = run_program("openai_sdk.py", *given)
    cuts.check(fronted, told["ids"])


def test_javascript_client_goes_from_a_form_to_the_content(fronted: Served) -> None:
    lost = "a fox of npm that is lost"
    with Proxy(fronted.url, choose=first_create(ANSWERED, naming=lost)) as proxy:
        told = run_program("openai_videos.cjs", proxy.url + PATH, fronted.key, "an owl", lost)
    done, failed = told["done"], told["failed"]
    assert (done["object"], done["status"], done["seconds"]) == ("video", "completed", "8")
    assert (told["content"], failed["status"], told["refused"]) == ("ftyp", "failed", 400)
    assert failed["error"]["message"]
    assert creates(proxy.exchanges)[-2:] == ["lost", "answered"]
    assert told["lost"]
    assert fronted.created(lost) == 1
