"""Each adapter has a revision, which its receipts name."""

import importlib
import json

from tests.providers.support import SAMPLES
from tracker.providers import registry
from tracker.providers.registry import PROVIDERS


def test_each_adapter_says_which_revision_it_is() -> None:
    for name, provider in PROVIDERS.items():
        module = importlib.import_module(registry._MODULES[name])
        assert (provider.revision, provider.revision > 0) == (module.REVISION, True), name


def test_the_words_of_each_adapter_are_watched() -> None:
    """See tests/architecture/test_revisions.py."""
    assert json.loads((SAMPLES / "revisions.json").read_text()).keys() == PROVIDERS.keys(), (
        "run `make docs`"
    )
