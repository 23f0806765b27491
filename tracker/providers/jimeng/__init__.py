"""Jimeng: Volcengine's visual API, and relays that serve it."""
