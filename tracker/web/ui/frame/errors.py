"""Errors inside the frame: a page that says what is wrong, with the id of the request."""

from starlette.requests import Request
from starlette.responses import Response

from tracker.domain.errors import Forbidden, NotFound, Unauthenticated
from tracker.locale import load_explanations
from tracker.web.edge import problems
from tracker.web.ui.frame.reader import Reader, read_preferences
from tracker.web.ui.frame.render import render_page


def render_error(request: Request, error: Exception) -> Response:
    """Return the page of any exception.

    Its state is one of: gone (404), denied (403, with the scope that is missing), sign-in (401),
    error. A fault of our own is logged and not shown.
    """
    reader = request.scope["state"].get("reader") or Reader(read_preferences(request))
    language = reader.preferences.language
    problem = problems.build_problem(error, language)
    explained = load_explanations(language).get(problems.find_kind(error).slug)
    scope = error.scope if isinstance(error, Forbidden) else None
    return render_page(
        request,
        reader,
        "error.html",
        status=problem["status"],
        headers=problems.build_headers(error),
        state=_get_state(error, problem["status"]),
        problem=problem,
        remedy=None if explained is None else explained.remedy.replace("SCOPE", scope or "SCOPE"),
        is_form=request.method == "POST",
        scope=scope,
    )


def _get_state(error: Exception, status: int) -> str:
    if isinstance(error, NotFound) or status == 404:
        return "gone"
    if isinstance(error, Forbidden):
        return "denied"
    return "sign-in" if isinstance(error, Unauthenticated) else "error"
