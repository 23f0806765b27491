"""Retention worked to its end, as the rounds of a worker do one after the other."""

from tracker.services.upkeep.retention import RetentionChore


async def run_all(chore: RetentionChore) -> None:
    """Work until nothing is left that can be dropped now."""
    while await chore.drop_for_while() is not None:
        pass
