"""Chinese words of pages."""
