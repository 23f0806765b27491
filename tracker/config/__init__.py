"""Settings of one kind each; `tracker/settings.py` puts them together."""
