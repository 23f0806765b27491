"""Keep the files of results: fetch, hand out, drop."""
