"""Texts of one provider each: NAME.py holds what only the adapter of NAME says."""
