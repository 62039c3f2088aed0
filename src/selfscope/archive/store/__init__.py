"""Bytes under the digest of themselves: what is taken in, how it is held, and how it comes back."""
