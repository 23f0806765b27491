"""Strangers and neighbours who take what they can, and what others feel of it."""
