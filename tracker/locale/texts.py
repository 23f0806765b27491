"""Put an English text into another language, by the catalogue's template that fits it."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from tracker.locale.explanation import Explanation
from tracker.locale.languages import ENGLISH, Language

SLOT = "{}"
"""Stands in a template for a part that varies."""
PARTS = (
    *("commands", "doctor", "tables", "lines", "settings"),
    *("answers", "reasons", "events", "fields", "texts"),
)
"""Modules of a catalogue; of a text that stands in two of them the last one counts."""
MAX_CHARS = 2000
"""A longer text is left as it is: most of it is what somebody sent."""
_PART = re.compile(r"\{(\d)(:t)?\}")
_NAMED = f"{SLOT}: "
_OPEN = 2
_BEHIND_A_NAME = (": ", re.compile(r"(\S+): (.*)", re.DOTALL), "{0}：{1:t}")
"""For what is said of a name, as a template that begins with a slot would take the name for a part
of what it says."""


def load_explanations(language: Language) -> Mapping[str, Explanation]:
    """Return what is said of each problem type, by its slug."""
    found: Mapping[str, Explanation] = import_module(
        f"{_find_folder(language)}.problems"
    ).EXPLANATIONS
    return found


def load_provider_texts(language: Language) -> Mapping[str, str]:
    """Return the texts that single providers bring, each in a module of its name."""
    folder = import_module(f"{_find_folder(language)}.providers")
    found: dict[str, str] = {}
    for one in iter_modules(folder.__path__, f"{folder.__name__}."):
        found |= import_module(one.name).TEXTS
    return found


def translate(text: str, language: Language) -> str:
    """Return a text in a language; the text itself where its catalogue has no template for it."""
    if language == ENGLISH or len(text) > MAX_CHARS:
        return text
    exact, patterns = _load_catalogue(language)
    found = exact.get(text)
    if found is not None:
        return found
    for telling, pattern, wording in patterns:
        match = pattern.fullmatch(text) if telling in text else None
        if match is not None and (filled := _fill_wording(wording, match.groups(), language)):
            return filled
    return text


def _fill_wording(wording: str, values: Sequence[str], language: Language) -> str | None:
    """Put in what varies: as it is, or with `:t` translated as well.

    None where the wording has no word of its own and nothing was translated: what a provider said
    would have its punctuation changed.
    """
    is_translated = any(char.isalpha() for char in _PART.sub("", wording))

    def format_value(part: re.Match[str]) -> str:
        nonlocal is_translated
        value = values[int(part[1])]
        if not part[2]:
            return value
        said = translate(value, language)
        is_translated = is_translated or said != value
        return said

    filled = _PART.sub(format_value, wording)
    return filled if is_translated else None


@cache
def _load_catalogue(
    language: Language,
) -> tuple[dict[str, str], list[tuple[str, re.Pattern[str], str]]]:
    """Return the texts without slots, and of the others the patterns, in the order of `_order`.

    Before each stands the longest part that does not vary: most texts fit no pattern, and are
    found out by it much sooner.
    """
    texts = dict(load_provider_texts(language))
    for part in PARTS:
        texts |= import_module(f"{_find_folder(language)}.{part}").TEXTS
    exact = {template: wording for template, wording in texts.items() if SLOT not in template}
    others = sorted((t for t in texts if SLOT in t), key=_rank_template)
    patterns = [
        (max(template.split(SLOT), key=len), _compile_pattern(template), texts[template])
        for template in others
    ]
    patterns.insert(sum(_rank(template) < _OPEN for template in others), _BEHIND_A_NAME)
    return exact, patterns


def _rank_template(template: str) -> tuple[int, int]:
    """Sort by what tells most: words at the beginning, which frame a text, and then their number.

    Of `Invalid value for X: Y is not in the range Z` the frame comes first, and has the rest
    translated.
    """
    return _rank(template), -len(template.replace(SLOT, ""))


def _rank(template: str) -> int:
    """Return 0 for a template that begins with words, 1 for words behind a name, else _OPEN."""
    if not template.startswith(SLOT):
        return 0
    is_of_name = template.startswith(_NAMED) and not template.startswith(_NAMED + SLOT)
    return 1 if is_of_name else _OPEN


def _compile_pattern(template: str) -> re.Pattern[str]:
    return re.compile("(.*?)".join(map(re.escape, template.split(SLOT))), re.DOTALL)


def _find_folder(language: Language) -> str:
    return f"tracker.locale.{language.lower().replace('-', '_')}"
