"""fal: a queue in front of hundreds of models."""
