"""All pages of the dashboard: a line for each file of pages."""

from starlette.routing import Route

from tracker.web.ui import (
    attention,
    audit,
    bulk,
    callbacks,
    deliveries,
    endpoints,
    exports,
    find,
    holds,
    home,
    keys,
    live,
    media,
    providers,
    settings,
    sign_in,
    system,
    task,
    task_actions,
    tasks,
    trying,
)
from tracker.web.ui.frame.app import build_dashboard
from tracker.web.ui.frame.render import ROOT

DASHBOARD = build_dashboard(
    home.PAGES,
    attention.PAGES,
    audit.PAGES,
    bulk.PAGES,
    callbacks.PAGES,
    deliveries.PAGES,
    endpoints.PAGES,
    find.PAGES,
    exports.PAGES,
    holds.PAGES,
    keys.PAGES,
    live.PAGES,
    media.PAGES,
    providers.PAGES,
    settings.PAGES,
    sign_in.PAGES,
    task.PAGES,
    system.PAGES,
    task_actions.PAGES,
    tasks.PAGES,
    trying.PAGES,
)
ROUTES = (Route(ROOT, DASHBOARD), Route(f"{ROOT}/{{page:path}}", DASHBOARD))
