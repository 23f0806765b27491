"""Work that nobody asks for by name: counts, health, expiry."""
