"""Shared parts of adapters: reading answers, proofs of origin, table-driven adapters."""
