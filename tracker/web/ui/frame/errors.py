"""Errors inside the frame: a page that says what is wrong, with the id of the request."""

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.errors import Forbidden, NotFound, Unauthenticated
from tracker.locale import explanations
from tracker.web.edge import problems
from tracker.web.ui.frame.reader import Reader, preferences
from tracker.web.ui.frame.render import page


def error_page(request: Request, error: Exception) -> Response:
    """Return the page of any exception.

    Its state is one of: gone (404), denied (403, with the scope that is missing), sign-in (401),
    error. A fault of our own is logged and not shown.
    """
    reader = request.scope["state"].get("reader") or Reader(preferences(request))
    language = reader.preferences.language
    problem = problems.problem_of(error, language)
    explained = explanations(language).get(problems.kind_of(error).slug)
    scope = error.scope if isinstance(error, Forbidden) else None
    return page(
        request,
        reader,
        "error.html",
        status=problem["status"],
        headers=problems.headers_of(error),
        state=_state(error, problem["status"]),
        problem=problem,
        remedy=None if explained is None else explained.remedy.replace("SCOPE", scope or "SCOPE"),
        is_form=request.method == "POST",
        scope=scope,
    )


def _state(error: Exception, status: int) -> str:
    if isinstance(error, NotFound) or status == 404:
        return "gone"
    if isinstance(error, Forbidden):
        return "denied"
    return "sign-in" if isinstance(error, Unauthenticated) else "error"
