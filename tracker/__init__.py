"""tracker: webhook receiver and task tracker for asynchronous media-generation APIs."""

__all__ = ["__version__"]

__version__ = "0.1.0"
