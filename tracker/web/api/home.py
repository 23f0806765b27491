"""`/`: what this service is and where to go; and the problem types, each explained."""

from html import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from tracker import __version__
from tracker.locale import load_explanations, translate
from tracker.web.api import service_views
from tracker.web.edge import problems
from tracker.web.edge.operation import describe_operation
from tracker.web.edge.pages import build_page, choose_language, render_inline
from tracker.web.edge.rootpath import add_root_path

WHAT = (
    "tracker submits tasks to providers of media-generation APIs, receives their callbacks, and "
    "keeps the history of each task."
)
PLACES = (
    ("documentation", "/docs", "The HTTP API, to read and to try"),
    ("problems", "/docs/problems", "Problem types: what each error means and what to do"),
    ("openapi", "/openapi.json", "The API's OpenAPI document"),
    ("tasks", "/v1/tasks", "Tasks, newest first (needs a key once there is one)"),
    ("attention", "/v1/attention", "What needs a human (needs a key once there is one)"),
    ("stats", "/v1/stats", "Counts, latencies and costs (needs a key once there is one)"),
    ("readiness", "/readyz", "Whether the service is ready"),
)
"""Name, path and meaning of each place to go."""
COMMANDS = "On the command line: `tracker --help`, `tracker doctor`, `tracker tasks list`."
MEANING, REMEDY = "When", "What to do"


@describe_operation(scope=None, tag="system", answers={200: service_views.ServiceView})
async def home(request: Request) -> Response:
    """Say what this service is and where to go: JSON; browsers are led to the dashboard.

    Where the dashboard is off, browsers get the same places as a page.
    """
    places = {name: add_root_path(request, path) for name, path, _ in PLACES}
    if "text/html" not in request.headers.get("accept", ""):
        body = {"service": "tracker", "version": __version__, "description": WHAT, **places}
        return JSONResponse(body, headers={"vary": "Accept, Accept-Language"})
    if request.app.state.has_ui:
        return RedirectResponse(add_root_path(request, "/ui"), 307, headers={"vary": "Accept"})
    language = choose_language(request)
    links = "\n".join(
        f'<dt><a href="{escape(places[name])}">{escape(places[name])}</a></dt>'
        f"<dd>{render_inline(translate(meaning, language))}</dd>"
        for name, _, meaning in PLACES
    )
    what = render_inline(translate(WHAT, language))
    text = (
        f"<h1>tracker {escape(__version__)}</h1>\n<p>{what}</p>\n"
        f"<dl>\n{links}\n</dl>\n<p>{render_inline(translate(COMMANDS, language))}</p>"
    )
    return build_page(language, "tracker", text)


async def explain_problem_types(request: Request) -> Response:
    """Explain every problem type; each has an anchor by its last part."""
    language = choose_language(request)
    title = translate("Problem types", language)
    explained, statuses = load_explanations(language), problems.list_statuses()
    parts = [f"<h1>{escape(title)}</h1>"]
    for slug, one in explained.items():
        if slug in statuses:
            parts.append(
                f'<h2 id="{slug}">{statuses[slug]} {render_inline(one.title)}</h2>\n'
                f"<p><code>{problems.PREFIX}{slug}</code></p>\n"
                f"<dl><dt>{translate(MEANING, language)}</dt><dd>{render_inline(one.cause)}</dd>\n"
                f"<dt>{translate(REMEDY, language)}</dt><dd>{render_inline(one.remedy)}</dd></dl>"
            )
    return build_page(language, f"tracker: {title}", "\n".join(parts))
