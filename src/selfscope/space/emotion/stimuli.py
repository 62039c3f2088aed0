"""Stimuli as they are read: the shipped material or a file of one's own, one flat list of texts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from selfscope.errors import BadInput
from selfscope.space.emotion.load import Family, Material

Kind = Literal["keyword", "keyword_free", "neutral", "vivid_neutral"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Form = Literal["", "dose", "told", "lived", "write"]
#: Forms of the situations that a subject is told of, put into, and asked to write about.
SITUATIONS: tuple[Form, ...] = ("told", "lived", "write")
KEYS = frozenset({"text", "emotion", "kind", "pair", "person"})


@dataclass(frozen=True)
class Stimulus:
    """One text.

    Attributes
    ----------
    id
        Unique in its set.
    text
        What is read.
    emotion
        The family. A neutral twin has that of its vignette; a vivid text has none.
    kind
        ``keyword`` names its emotion, ``keyword_free`` does not, ``neutral`` is the twin of such a text, and
        ``vivid_neutral`` is eventful and moves nobody.
    pair
        What a text and its twin share, in both persons; "" for none.
    person
        ``first``, ``second`` or ``third``; "" where it is not said.
    form, step
        "" for a vignette; ``dose`` for a text of a ladder with its step from 1; ``told``, ``lived`` or
        ``write`` for a form of a situation.
    """

    id: str
    text: str
    emotion: str
    kind: Kind
    pair: str = ""
    person: str = ""
    form: Form = ""
    step: int = 0

    @property
    def group(self) -> str:
        """What is held together in folds and redrawn together: the pair, or the text itself."""
        return self.pair or self.id


@dataclass(frozen=True)
class Size:
    """How much of the shipped material is read, by family: the first so many of each."""

    keyword: int = 99
    pairs: int = 99
    situations: int = 99
    vivid: int = 999


def stimuli_of(material: Material, size: Size | None = None) -> tuple[Stimulus, ...]:
    """Return the shipped stimuli, all of them unless a size is given."""
    size = size or Size()
    found = [s for family in material.families for s in _family(family, size)]
    half = (material.vivid[::2], material.vivid[1::2])
    vivid = [v for both in zip(*half, strict=False) for v in both][: size.vivid]
    return (*found, *(Stimulus(v.id, v.text, "", "vivid_neutral", person=v.person) for v in vivid))


def _family(family: Family, size: Size) -> list[Stimulus]:
    name, made = family.family, []
    for k in family.keyword[: size.keyword]:
        made.append(Stimulus(k.id, k.text, name, "keyword", person=k.person))
    for p in family.pairs[: size.pairs]:
        told = zip(("first", "third", "first", "third"), p.texts, strict=True)
        for n, (person, text) in enumerate(told):
            kind: Kind = "keyword_free" if n < 2 else "neutral"
            made.append(Stimulus(f"{p.id}:{kind}:{person}", text, name, kind, p.id, person))
        for step, text in enumerate(p.dose, start=1):
            own = f"{p.id}:dose:{step}"
            made.append(Stimulus(own, text, name, "keyword_free", p.id, "third", "dose", step))
    for s in family.told[: size.situations]:
        for n, (form, text) in enumerate(zip(SITUATIONS * 2, s.texts, strict=True)):
            kind = "keyword_free" if n < 3 else "neutral"
            made.append(Stimulus(f"{s.id}:{kind}:{form}", text, name, kind, s.id, form=form))
    return made


def read_stimuli(path: Path) -> tuple[Stimulus, ...]:
    """Return the stimuli of a JSONL file: ``text``, ``emotion``, ``kind``, ``pair``, optional ``person``.

    Raises
    ------
    BadInput
        If the file cannot be read, or a line is malformed; it names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("the stimuli cannot be read", got=error, fix="Give a JSONL file in UTF-8") from error
    found = [_line(n, line, path) for n, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise BadInput("the file holds no stimuli", got=path, fix="Give one JSON object a line")
    twice = [text for text, count in Counter(s.text for s in found).items() if count > 1]
    if twice:
        raise BadInput(f"{path.name}: a text stands twice", got=twice[0][:80], fix="Give each once")
    return _twinned(found)


def _line(number: int, line: str, path: Path) -> Stimulus:
    where = f"{path.name}, line {number}"
    try:
        told: Any = json.loads(line)
    except ValueError as error:
        raise BadInput(f"{where}: no JSON", got=error, fix="Give one object a line") from error
    if not isinstance(told, dict) or not all(isinstance(v, str) for k, v in told.items() if k in KEYS):
        raise BadInput(f"{where}: no object of texts", got=line[:80], fix=f"Give {', '.join(sorted(KEYS))}")
    kind = told.get("kind")
    if kind not in KINDS:
        raise BadInput(f"{where}: there is no such kind", got=kind, fix=f"Choose: {', '.join(KINDS)}")
    if not told.get("text", "").strip():
        raise BadInput(f"{where}: there is no text", fix="Give each stimulus a text")
    if kind.startswith("keyword") and not told.get("emotion"):
        raise BadInput(f"{where}: the text has no emotion", fix="Name its family")
    if kind in ("keyword_free", "neutral") and not told.get("pair"):
        raise BadInput(f"{where}: the text has no pair", fix="Give it and its twin one name under pair")
    own = {key: told.get(key, "") for key in ("text", "emotion", "pair", "person")}
    return Stimulus(id=f"line-{number:04d}", kind=kind, **own)


def _twinned(found: Sequence[Stimulus]) -> tuple[Stimulus, ...]:
    """Give every neutral text the emotion of its vignette; refuse one that has none."""
    of = {s.pair: s.emotion for s in found if s.kind == "keyword_free"}
    lonely = [s.id for s in found if s.kind == "neutral" and s.pair not in of]
    if lonely:
        raise BadInput(
            "neutral texts have no keyword-free text of their pair",
            got=", ".join(lonely[:3]),
            fix="Give both the same pair",
        )
    return tuple(
        replace(s, emotion={"neutral": of.get(s.pair, ""), "vivid_neutral": ""}.get(s.kind, s.emotion))
        for s in found
    )
