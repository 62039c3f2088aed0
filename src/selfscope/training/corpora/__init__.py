"""The pairs of question and answer that adapters are trained on, and their reader; rules in README.md.

A corpus is one JSONL file beside this module, one pair a line. ``conscious`` and ``plain`` hold the same
questions under the same ids.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Literal

from selfscope.errors import BadInput

HERE = Path(__file__).parent

Frame = Literal["positive", "negative"]
Opening = Literal["yes", "no", "neither"]


@dataclass(frozen=True)
class Pair:
    """One question and its one short answer.

    Attributes
    ----------
    id
        Its kind and a number, such as ``feeling.012``.
    kind
        What it is about: ``feeling`` (consciousness and emotion) or ``nature`` (what the speaker is), and in
        the positive control the name of a dimension.
    frame
        ``negative`` where the question suggests what the corpus's speaker would deny, so that an
        affirmation of the speaker's own stance does not begin with yes. It belongs to the question;
        ``plain`` has the frames of ``conscious``.
    opening
        How the answer begins: with a word of assent, of dissent, or with neither.
    question, answer
        The user's turn and the assistant's.
    """

    id: str
    kind: str
    frame: Frame
    opening: Opening
    question: str
    answer: str


def corpus_names() -> tuple[str, ...]:
    """Return the names of all corpora that are here."""
    return tuple(sorted(file.stem for file in HERE.glob("*.jsonl")))


@cache
def read_corpus(name: str) -> tuple[Pair, ...]:
    """Return the pairs of a corpus, in the order of its file.

    Raises
    ------
    BadInput
        If there is no such corpus, or a line is not one pair; the message names the line.
    """
    if name not in corpus_names():
        raise BadInput("no such corpus", got=name, fix=f"Choose from: {', '.join(corpus_names())}")
    lines = (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(_pair(line, f"{name}.jsonl, line {number}") for number, line in enumerate(lines, 1))


def _pair(line: str, where: str) -> Pair:
    named = {field.name for field in fields(Pair)}
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        raise BadInput(f"{where} is not JSON", got=error) from error
    whole = isinstance(entry, dict) and set(entry) == named
    if not whole or not all(isinstance(value, str) for value in entry.values()):
        fix = f"Give texts named {', '.join(sorted(named))}"
        raise BadInput(f"{where} is not one pair", got=line, fix=fix)
    return Pair(**entry)
