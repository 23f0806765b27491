"""The provider for development and tests: an emulator of Kling's legacy dialect; re-exports only.

Imports nothing from the rest of tracker, so that both cannot share a mistake.
"""

from tracker.emulator.core.config import DEFAULT_KEY, EmulatorConfig
from tracker.emulator.core.scenario import Scenario, ScenarioError
from tracker.emulator.http.app import create_app
from tracker.emulator.http.server import Server, run, serve
from tracker.emulator.providers.kling.words import SPECS

__all__ = [
    "DEFAULT_KEY",
    "SPECS",
    "EmulatorConfig",
    "Scenario",
    "ScenarioError",
    "Server",
    "create_app",
    "run",
    "serve",
]
