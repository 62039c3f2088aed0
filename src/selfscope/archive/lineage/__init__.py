"""Copies, contents and threads, and what came from what."""
