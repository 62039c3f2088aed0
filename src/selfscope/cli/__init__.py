"""The command line: one short function a verb; parse, call, print."""

from selfscope.cli.app import main

__all__ = ["main"]
