"""The emulator's HTTP side: the server, the app, the control routes; no provider's protocol."""
