"""Udio through gateways: songs that are asked for by their ids, or tasks of new-api's kind."""
