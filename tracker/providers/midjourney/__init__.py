"""Midjourney proxies (`/mj`): the adapter, and the front for their clients."""
