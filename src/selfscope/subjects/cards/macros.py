"""Macros of character cards: names put in, comments taken out, chance settled once and said so."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

#: What stands for ``{{user}}`` where nothing is set.
USER = "User"
_MACRO = re.compile(r"\{\{([^{}]{0,2000})\}\}")
_TAG = re.compile(r"<(char|bot|user)>", re.I)
_SILENT = ("//", "comment:", "hidden_key:")
_CHANCE = re.compile(r"(random|pick)::?", re.I)
_ROLL = re.compile(r"roll::?\s*d?\d+", re.I)
_OPTION = re.compile(r"(?:\\,|[^,])*")


@dataclass
class Macros:
    """The names for one card, and a count of what was done to its text.

    Attributes
    ----------
    char
        What stands for ``{{char}}``.
    user
        What stands for ``{{user}}``.
    done
        By kind: how often.
    """

    char: str
    user: str = USER
    done: Counter[str] = field(default_factory=Counter)

    def put_in(self, text: str) -> str:
        """Return the text with every known macro replaced; an unknown one stays as it is written.

        What is put in is not searched again: a name may look like a macro.
        """
        held: list[str] = []

        def hold(said: str) -> str:
            held.append(said)
            return f"\0{len(held) - 1}\0"

        def told(part: str) -> str:
            return re.sub(r"\0(\d+)\0", lambda m: held[int(m[1])], part)

        def replaced(found: re.Match[str]) -> str:
            said = self._said(told(found[1]).strip())
            return found[0] if said is None else hold(said)

        text = _TAG.sub(lambda m: hold(self._name(m[1].lower())), text)
        # Twice: a macro of chance may hold names.
        text = told(_MACRO.sub(replaced, _MACRO.sub(replaced, text)))
        if unknown := _MACRO.search(text):
            self.done[f"unknown ones such as {{{{{unknown[1][:40]}}}}} left as written"] += 1
        return text

    def notes(self) -> tuple[str, ...]:
        """Return one note a kind of thing that was done, names apart."""
        return tuple(
            f"macros: {kind}" + (f", {count} times" if count > 1 else "") for kind, count in self.done.items()
        )

    def _name(self, which: str) -> str:
        return self.user if which == "user" else self.char

    def _said(self, inside: str) -> str | None:
        """Return what a macro is replaced by; None for an unknown one."""
        lowered = inside.lower()
        if lowered in ("char", "bot", "user"):
            return self._name(lowered)
        if lowered.startswith(_SILENT):
            self.done["a comment taken out"] += 1
            return ""
        if lowered == "original":
            self.done["{{original}} taken out: there is no prompt of an application here"] += 1
            return ""
        if lowered.startswith("reverse:"):
            return inside.split(":", 1)[1].lstrip(":")[::-1]
        if start := _CHANCE.match(inside):
            self.done["chance settled: the first of the choices is taken"] += 1
            first = _OPTION.match(inside, start.end())
            return (first[0] if first else "").replace("\\,", ",").strip()
        if _ROLL.fullmatch(inside):
            self.done["chance settled: a roll is 1"] += 1
            return "1"
        return None
