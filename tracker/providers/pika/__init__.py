"""Pika: gateways, the API behind ComfyUI's proxy, and the front for their clients."""
