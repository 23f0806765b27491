"""All pages of the dashboard: a line for each file of pages."""

from starlette.routing import Route

from tracker.web.ui import (
    attention,
    exports,
    home,
    settings,
    sign_in,
    task,
    task_actions,
    tasks,
)
from tracker.web.ui.frame.app import dashboard
from tracker.web.ui.frame.render import ROOT

DASHBOARD = dashboard(
    home.PAGES,
    attention.PAGES,
    exports.PAGES,
    settings.PAGES,
    sign_in.PAGES,
    task.PAGES,
    task_actions.PAGES,
    tasks.PAGES,
)
ROUTES = (Route(ROOT, DASHBOARD), Route(f"{ROOT}/{{page:path}}", DASHBOARD))
