"""Ask before something is done, and say afterwards what was.

A question is a page of its own; where script runs, it is shown as a dialog of the page before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.store.driver import acting
from tracker.web.ui.frame.forms import SentForm
from tracker.web.ui.frame.notices import leave_notice
from tracker.web.ui.frame.reader import Reader
from tracker.web.ui.frame.render import build_address, find_root, render_page
from tracker.web.ui.frame.signing import check_own_path
from tracker.web.ui.frame.words import build_translator

MOST_UNTYPED = 10
"""Above so many objects their number must be typed."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that a form answers.

    title, button, why: texts in the reader's language.
    path:   where the form goes, under `/ui`. fields: what it sends, besides what is typed.
    count:  how many objects it is about.
    names:  some of them, as people know them.
    refusal: why it cannot be done; None where it can.
    """

    title: str
    button: str
    why: Sequence[str]
    path: str
    fields: Sequence[tuple[str, str]] = ()
    count: int = 1
    names: Sequence[str] = field(default=())
    refusal: str | None = None

    @property
    def must_type(self) -> bool:
        """Return true if the number must be typed."""
        return self.count > MOST_UNTYPED


def ask(
    request: Request,
    reader: Reader,
    question: Question,
    *,
    template: str = "confirm.html",
    **values: Any,
) -> Response:
    """Return the page of a question. template: extends `confirm.html`."""
    return render_page(
        request,
        reader,
        template,
        question=question,
        back=check_own_path(request.query_params.get("back")),
        **values,
    )


def ask_to_tick(request: Request, reader: Reader) -> Response:
    """Return what stands in place of a question about what is ticked, where nothing is."""
    say = build_translator(reader.preferences.language)
    return ask(request, reader, Question(say("ask.none"), "", (), "", refusal=say("ask.none.why")))


def aim(targets: Sequence[str]) -> None:
    """Say in the audit what the action of this request is done to, which its form names.

    Several have no target of their own; the action's name then ends with `_many`.
    """
    act = acting.get_action()
    if act is None:
        return
    if len(targets) == 1:
        act.target, act.count = targets[0], None
    else:
        act.action += "_many"


def check_typed(form: SentForm, count: int) -> None:
    """Raise InvalidRequest unless the number was typed where it must be."""
    if count > MOST_UNTYPED and form.get_text("typed").strip().replace(",", "") != str(count):
        raise InvalidRequest(FieldError("typed", f"must be {count}, the number of objects"))


def redirect_back(
    request: Request, form: SentForm, path: str, key: str, **values: str | int
) -> RedirectResponse:
    """Lead back to where the form was sent from, else to a path, and leave a notice there.

    key: of words that begin with `done.`. values: what varies in them.
    """
    answer = RedirectResponse(
        build_address(request) + (check_own_path(form.get_text("back")) or path), 303
    )
    leave_notice(answer, find_root(request), key, **values)
    return answer
