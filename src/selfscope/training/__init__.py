"""Training: corpora of short answers, and small adapters made of them that are then measured."""
