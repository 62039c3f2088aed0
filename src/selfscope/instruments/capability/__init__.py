"""Capability: short tasks with one right answer, scored by teacher forcing."""
