"""What is kept when a model is retired: a store that loses nothing, lineage, survival, and a policy.

The journal is the source of truth; every other file is either named by its own digest or can be rebuilt.
"""
