"""Routes in a provider's own shape, for clients that were written for it."""
