"""The cluster from inside: one direction a dimension, fitted on contrastive pairs and read in the states."""

from selfscope.instruments.internal.load import Material, Pair, material

__all__ = ["Material", "Pair", "material"]
