"""Pika: gateways, and the API that ComfyUI's proxy serves."""

from tracker.emulator.providers.pika.provider import create

__all__ = ["create"]
