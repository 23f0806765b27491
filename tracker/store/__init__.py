"""All SQL stands here, and nothing but SQL."""
