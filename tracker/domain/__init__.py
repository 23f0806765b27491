"""What a task is and how it may change. Pure: no I/O, no await, no clock."""
