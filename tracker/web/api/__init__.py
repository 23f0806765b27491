"""The routes under /v1, their documents, and health."""
