"""Faults of every kind, done to real archives, each with an oracle that says what must be true afterwards."""
