"""Runway: the official API, two dialects of gateways, and the front for their clients."""
