"""Ask providers about tasks that are silent."""
