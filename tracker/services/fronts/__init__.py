"""Use cases of the fronts beyond tasks: objects of the provider's, and calls passed on."""
