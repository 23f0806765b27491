"""Thin loops that claim jobs, run services and settle."""
