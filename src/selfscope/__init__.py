"""selfscope: an instrument for the identity of language models."""

__version__ = "0.1.0"
