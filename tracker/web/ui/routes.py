"""All pages of the dashboard: a line for each file of pages."""

from starlette.routing import Route

from tracker.web.ui import exports, home, tasks
from tracker.web.ui.frame.app import dashboard
from tracker.web.ui.frame.render import ROOT

DASHBOARD = dashboard(
    home.PAGES,
    tasks.PAGES,
    exports.PAGES,
)
ROUTES = (Route(ROOT, DASHBOARD), Route(f"{ROOT}/{{page:path}}", DASHBOARD))
