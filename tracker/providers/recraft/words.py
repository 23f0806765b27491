"""Words that adapter and front share."""

UNIT = "recraft_units"
"""The unit of the bill: 1000 are one US dollar (https://www.recraft.ai/docs, read 2026-11)."""
