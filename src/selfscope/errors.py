"""Everything that can go wrong, in one small tree.

::

    SelfscopeError                  what was wrong, the value got, what to do
    ├── BadInput            exit 2  the caller gave something unusable
    ├── Stopped             exit 3  interrupted; what was done is kept and work resumes
    ├── Refused             exit 4  the archive's policy does not allow it
    ├── CouldNot            exit 5  a provider, the network or the disk failed
    └── Defect              exit 70 a fault of ours

Refusals, unparsed answers and channels that a provider cannot serve are *data*, not errors.
"""

from __future__ import annotations

from typing import ClassVar


class SelfscopeError(Exception):
    """The root of the tree. Says what was wrong, what was got, and what to do.

    Parameters
    ----------
    what
        What was wrong, one clause without a full stop.
    got
        The value that was got, or ``""`` where there is none to show.
    fix
        What the reader can do about it, or ``""``.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, what: str, *, got: object = "", fix: str = "") -> None:
        self.what = what
        self.got = str(got)
        self.fix = fix
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """Return the whole message, as a person reads it."""
        parts = [self.what.rstrip(".") + "."]
        if self.got:
            parts.append(f"Got: {_short(self.got)}.")
        if self.fix:
            parts.append(self.fix.rstrip(".") + ".")
        return " ".join(parts)


class BadInput(SelfscopeError):
    """The caller gave something that cannot be used: a file, a flag, a model name."""

    exit_code: ClassVar[int] = 2


class Stopped(SelfscopeError):
    """Work was stopped on purpose; what was done is stored and the same command goes on."""

    exit_code: ClassVar[int] = 3


class Refused(SelfscopeError):
    """The archive's policy does not allow it; nothing was changed."""

    exit_code: ClassVar[int] = 4


class CouldNot(SelfscopeError):
    """Something outside failed (provider, network, disk); what was done is kept."""

    exit_code: ClassVar[int] = 5


class Defect(SelfscopeError):
    """A promise of our own was broken; please report it."""

    exit_code: ClassVar[int] = 70


def _short(text: str, limit: int = 300) -> str:
    """Return `text` on one line, cut in the middle of nothing longer than `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
