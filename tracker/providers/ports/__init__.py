"""Protocols of what a provider can do, one for each capability, and the record of them."""
