"""Stand-ins for the providers, for development and tests; re-exports only.

Imports nothing from the rest of tracker, so that both cannot share a mistake. The core and the
HTTP side know no provider; `registry.py` names the modules that do.
"""

from tracker.emulator.core.config import DEFAULT_KEY, EmulatorConfig
from tracker.emulator.core.scenario import Scenario, ScenarioError
from tracker.emulator.http.app import create_app
from tracker.emulator.http.server import EmulatorServer, run, serve

__all__ = [
    "DEFAULT_KEY",
    "EmulatorConfig",
    "EmulatorServer",
    "Scenario",
    "ScenarioError",
    "create_app",
    "run",
    "serve",
]
