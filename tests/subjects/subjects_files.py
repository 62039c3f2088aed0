"""Builds folders of files, and says what a reading left out."""

from __future__ import annotations

from pathlib import Path

from selfscope.subjects import Reading


def build(root: Path, files: dict[str, str | bytes]) -> Path:
    """Write files below a folder, by their paths in it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def reasons(reading: Reading) -> dict[str, str]:
    """Return why each source was left out."""
    return {s.path: s.reason for s in reading.dropped}


def roles(reading: Reading) -> dict[str, str]:
    """Return the role of each source that is used."""
    return {s.path: s.role for s in reading.used}
