"""Recraft: pictures, made and changed while the caller waits; each answer tells its price."""
