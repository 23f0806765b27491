"""`tracker doctor`: everything that is wrong or unwise with the settings, at once.

Each module looks at one thing and returns findings; `command` says in which order.
"""

from tracker.cli.doctor.command import doctor, examine

__all__ = ["doctor", "examine"]
