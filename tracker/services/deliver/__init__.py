"""Tell subscribers."""
