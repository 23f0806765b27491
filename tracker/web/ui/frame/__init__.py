"""The frame that every page stands in: who reads, words, formats, templates, files, errors."""
