"""One module per emulated provider: its paths, validation, shapes, words and deviations."""
