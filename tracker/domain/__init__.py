"""The task, its states and its changes. Pure: no I/O, no await, no clock."""
