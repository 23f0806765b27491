"""Words of pages: looked up by key, in the reader's language, with what varies put in.

Each page has a module of words in `words/en` and one of the same name in `words/zh`, so that two
pages never share a file. A key begins with its page's name (`tasks.empty`), and stands once.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from tracker.locale import SIMPLIFIED_CHINESE, Language

Wording = str | tuple[str, str]
"""A text with `{name}` where something varies; two of them for `n` of one, and for other `n`."""
Words = Mapping[str, Wording]
_FOLDER = "tracker.web.ui.words"


@cache
def load_catalogue(language: Language) -> Words:
    """Return all words of a language. Raises LookupError for a key that stands in two modules."""
    folder = f"{_FOLDER}.{'zh' if language == SIMPLIFIED_CHINESE else 'en'}"
    found: dict[str, Wording] = {}
    for module in sorted(one.name for one in iter_modules(import_module(folder).__path__)):
        words: Words = import_module(f"{folder}.{module}").WORDS
        if doubles := found.keys() & words.keys():
            raise LookupError(f"{folder}.{module}: {sorted(doubles)} stand in another module too")
        found |= words
    return found


def build_translator(language: Language) -> Callable[..., str]:
    """Return the function `_` of templates: `_("tasks.chosen", n=2)`.

    It raises KeyError for a key, or a varying part, that is not there.
    """
    words = load_catalogue(language)

    def translate(key: str, **values: object) -> str:
        wording = words[key]
        if not isinstance(wording, str):
            wording = wording[0 if values["n"] == 1 else 1]
        return wording.format_map({name: _show(value) for name, value in values.items()})

    return translate


def _show(value: object) -> object:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
