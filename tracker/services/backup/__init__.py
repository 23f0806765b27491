"""Backup and restore of everything that the database holds."""
