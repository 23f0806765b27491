"""Words of pages, a module for each page in each language; see `frame.words`."""
