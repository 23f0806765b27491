"""Wrappers of media models behind OpenAI's chat completions."""

from tracker.emulator.providers.chat.provider import create

__all__ = ["create"]
