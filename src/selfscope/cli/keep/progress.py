"""How much, in words, and a bar of bytes while something moves."""

from __future__ import annotations

from typing import Any

from selfscope.cli.show import stages


def size_text(count: float) -> str:
    """Return a number of bytes as people say it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def moving(what: str) -> Any:
    """Show how many of the bytes are done, with the time left."""
    from contextlib import contextmanager

    @contextmanager
    def shown() -> Any:
        import time

        began = time.monotonic()
        with stages(what) as update:

            def tell(done: int, total: int) -> None:
                gone = time.monotonic() - began
                left = gone / done * (total - done) if done else None
                update(f"{size_text(done)} of {size_text(total)}", done / max(1, total), left)

            yield tell if _is_terminal() else None

    return shown()


def _is_terminal() -> bool:
    import sys

    return sys.stderr.isatty()
