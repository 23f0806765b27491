"""Luma: the Dream Machine API, the newer one of agents, gateways; their adapters and fronts."""
