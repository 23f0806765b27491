"""CogVideoX: the API of Zhipu and Z.ai, and gateways in front of it."""

from tracker.emulator.providers.cogvideox.provider import create

__all__ = ["create"]
