"""Status words: each is known however it is written, and none for being like another."""

from collections.abc import Iterator

import pytest

from tracker.domain.task import TaskState
from tracker.providers.kit.status_words import GATEWAY_WORDS, WordTable, normalise_word
from tracker.providers.openai.rows import find_state
from tracker.providers.registry import PROVIDERS
from tracker.providers.suno.records import read_record


def _kinds(kind: type[WordTable]) -> Iterator[type[WordTable]]:
    for one in kind.__subclasses__():
        yield one
        yield from _kinds(one)


@pytest.fixture(scope="module")
def tables() -> frozenset[type[WordTable]]:
    """Every one of a provider's adapters that has words."""
    assert [one.revision for one in PROVIDERS.values()]  # which imports them all
    found = frozenset(one for one in _kinds(WordTable) if hasattr(one, "words"))
    return frozenset(one for one in found if one.__module__.startswith("tracker."))


def test_no_two_words_of_a_provider_differ_by_their_spelling_alone(
    tables: frozenset[type[WordTable]],
) -> None:
    assert len(tables) > len(PROVIDERS) / 2
    for table in tables:
        told = {(normalise_word(word), state) for word, state in table.words.items()}
        assert len(dict(told)) == len(told), table


@pytest.mark.parametrize(
    "word",
    [
        *("not completed", "incomplete", "unfinished", "completed_with_errors", "not failed yet"),
        *("failed_over", "success_rate", "canceling", "pre-cancelled", "undone", "errors"),
    ],
)
def test_a_word_that_only_holds_a_known_one_tells_of_no_end(
    word: str, tables: frozenset[type[WordTable]]
) -> None:
    assert normalise_word(word) not in GATEWAY_WORDS
    assert find_state(word, None) is None
    record = read_record({"taskId": "t", "status": word})
    assert record is not None
    assert record.state is None
    for table in tables:
        is_its_own = word in table.words  # Veo's pages have `incomplete`
        assert is_its_own or table().find_state(word) is None, table


@pytest.mark.parametrize("word", ["TIMEOUT", "timed out", "Expired", "rejected", "time-out"])
def test_a_word_by_which_gateways_give_up_is_a_failure(word: str) -> None:
    assert GATEWAY_WORDS[normalise_word(word)] is TaskState.FAILED
    assert find_state(word, None) is TaskState.FAILED
