"""The languages of what people read: English in the code, Chinese in catalogues beside it.

A message is known by its English text, in which `{}` stands for each part that varies. Catalogues
are plain Python, and loaded once somebody asks for their language. This package imports nothing
else of tracker's, so that the client's commands can use it as the service does.
"""

from tracker.locale.explanation import Explanation
from tracker.locale.languages import (
    ENGLISH,
    LANGUAGES,
    SIMPLIFIED_CHINESE,
    Language,
    choose_by_environment,
    choose_by_header,
)
from tracker.locale.texts import load_explanations, translate

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "SIMPLIFIED_CHINESE",
    "Explanation",
    "Language",
    "choose_by_environment",
    "choose_by_header",
    "load_explanations",
    "translate",
]
