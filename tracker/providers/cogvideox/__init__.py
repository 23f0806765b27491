"""CogVideoX of Zhipu and Z.ai: the adapter, and the front for its clients."""
