"""Kling: both dialects of its API, and three gateways that relay it."""
