"""What the fronts need beyond tasks."""
