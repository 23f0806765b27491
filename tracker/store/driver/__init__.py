"""Connections, transactions and statement execution; which database it is."""
