"""Use cases: what must happen, one transaction each. No HTTP types, no SQL."""
