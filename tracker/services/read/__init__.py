"""Wait for changes."""
