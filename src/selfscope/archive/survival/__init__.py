"""What survives, on each view of what a model is."""
