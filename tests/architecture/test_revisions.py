"""Tables of words that an adapter reads by do not change without its revision."""

from docs import word_tables


def test_words_that_changed_have_raised_the_revision() -> None:
    """A table that reads otherwise than before leaves old receipts misread until this is raised."""
    known = word_tables.recorded()
    now = word_tables.current()
    wrong = {name: line for name, line in now.items() if known.get(name, line) != line}
    assert not wrong, f"raise their REVISION, and run `make docs`: {wrong}"
