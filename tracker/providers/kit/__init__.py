"""What adapters share: reading answers, proofs of origin, table-driven adapters."""
