"""Parts of the page of one task."""
