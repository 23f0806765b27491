"""Measures the service as it is shipped, beside plain references, and writes the table.

Ratios within one run, as absolute figures drift with the machine. Nothing here is asserted by a
test. `make bench`; rows are chosen with `ROWS=1,2`, and `QUICK=1` takes less of everything.
"""
