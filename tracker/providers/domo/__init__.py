"""Domo (DomoAI): the official API, and the front for its clients."""
