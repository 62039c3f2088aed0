"""The command line: one short function a verb; parse, call, print."""

import sys


def main() -> None:
    """Run the command; a Ctrl-C is a sentence even before everything is loaded."""
    try:
        from selfscope.cli.app import main as run
    except KeyboardInterrupt:
        print("selfscope: Stopped before anything was done.", file=sys.stderr)
        sys.exit(3)
    run()


__all__ = ["main"]
