"""`/`: what this service is and where to go; and the problem types, each explained."""

from html import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from tracker import __version__
from tracker.locale import explanations, translate
from tracker.web.api import service_views
from tracker.web.edge import problems
from tracker.web.edge.operation import operation
from tracker.web.edge.pages import inline, language_of, page
from tracker.web.edge.rootpath import with_root_path

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


@operation(scope=None, tag="system", answers={200: service_views.ServiceView})
async def home(request: Request) -> Response:
    """Say what this service is and where to go: JSON; browsers are led to the dashboard.

    Where the dashboard is off, browsers get the same places as a page.
    """
    places = {name: with_root_path(request, path) for name, path, _ in PLACES}
    if "text/html" not in request.headers.get("accept", ""):
        body = {"service": "tracker", "version": __version__, "description": WHAT, **places}
        return JSONResponse(body, headers={"vary": "Accept, Accept-Language"})
    if request.app.state.has_ui:
        return RedirectResponse(with_root_path(request, "/ui"), 307, headers={"vary": "Accept"})
    language = language_of(request)
    links = "\n".join(
        f'<dt><a href="{escape(places[name])}">{escape(places[name])}</a></dt>'
        f"<dd>{inline(translate(meaning, language))}</dd>"
        for name, _, meaning in PLACES
    )
    text = (
        f"<h1>tracker {escape(__version__)}</h1>\n<p>{inline(translate(WHAT, language))}</p>\n"
        f"<dl>\n{links}\n</dl>\n<p>{inline(translate(COMMANDS, language))}</p>"
    )
    return page(language, "tracker", text)


async def problem_types(request: Request) -> Response:
    """Explain every problem type; each has an anchor by its last part."""
    language = language_of(request)
    title = translate("Problem types", language)
    explained, statuses = explanations(language), problems.statuses()
    parts = [f"<h1>{escape(title)}</h1>"]
    for slug, one in explained.items():
        if slug in statuses:
            parts.append(
                f'<h2 id="{slug}">{statuses[slug]} {inline(one.title)}</h2>\n'
                f"<p><code>{problems.PREFIX}{slug}</code></p>\n"
                f"<dl><dt>{translate(MEANING, language)}</dt><dd>{inline(one.cause)}</dd>\n"
                f"<dt>{translate(REMEDY, language)}</dt><dd>{inline(one.remedy)}</dd></dl>"
            )
    return page(language, f"tracker: {title}", "\n".join(parts))
