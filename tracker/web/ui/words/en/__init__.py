"""English words of pages."""
