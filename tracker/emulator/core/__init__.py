"""The emulator's core: tasks, clock, scenarios, faults, callbacks and logs; no HTTP server."""
