"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is not what was stored.

    Attributes
    ----------
    what
        Its class: ``object``, ``manifest``, ``journal``, ``checkpoint``, ``card``, ``key``, ``index``,
        ``file``, ``reference`` or ``content``.
    where
        Its id, its number, or its path under the root.
    why
        What is wrong with it.
    contents
        The contents that cannot be read, or not be trusted, because of it.
    """

    what: str
    where: str
    why: str
    contents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verification:
    """The outcome.

    Attributes
    ----------
    ok
        Whether no problem was found.
    level
        How closely was looked.
    checked, read
        Objects whose digests were compared and found right, and bytes of all objects that were looked at.
    complete
        Whether everything was looked at, or a budget ended before.
    problems, notes
        What is wrong; what one should know besides.
    objects
        The ids of the objects that `checked` counts.
    unopened
        The manifests of encrypted copies of which only the ciphertext was checked: their key is elsewhere.
    """

    ok: bool
    level: str
    checked: int
    read: int
    complete: bool
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    unopened: tuple[str, ...] = ()
