"""English: what is not in the code itself."""
