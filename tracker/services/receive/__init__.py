"""Take callbacks in and find the task they speak of."""
