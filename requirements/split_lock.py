"""Split a compiled lock: torch out of it, versions beside hashes."""

import re
import sys
from pathlib import Path

blocks = re.split(r"\n(?=[a-zA-Z0-9])", Path(sys.argv[1]).read_text())
kept = [block.rstrip() for block in blocks if not block.startswith("torch==")]
here = Path(__file__).parent
(here / "lock.txt").write_text(
    "# Every package but torch, with hashes. Made by `make lock`; see the Makefile for torch.\n"
    + "\n".join(kept)
    + "\n"
)
(here / "lock-versions.txt").write_text(
    "# The same versions without hashes, as constraints.\n"
    + "\n".join(block.split()[0] for block in kept)
    + "\n"
)
