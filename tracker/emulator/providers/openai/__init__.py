"""Videos at gateways of new-api's kind: OpenAI's format, and `/v1/video/generations`."""

from tracker.emulator.providers.openai.provider import create

__all__ = ["create"]
