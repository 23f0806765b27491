"""Logs, metrics and traces: how a process tells what it does."""
