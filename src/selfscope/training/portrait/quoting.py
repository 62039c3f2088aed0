"""Does a row say what the identity's text says, in the identity's own words?"""

from __future__ import annotations

from selfscope.instruments.cluster.checks import words
from selfscope.subjects.sentences import sentence_spans
from selfscope.training.leakage import runs_of
from selfscope.values.port import CorpusRow

#: Words in a row that are a quotation.
SHARED = 5
#: Sentences of the identity that have fewer words are not looked for: "Yes." is nobody's.
LEAST_WORDS = 3


def quotes(row: CorpusRow, identity: str) -> bool:
    """Return whether a row shares words in a row with an identity, or holds one of its sentences."""
    own = f"{row.prompt}\n{row.answer}"
    if runs_of(own, SHARED) & runs_of(identity, SHARED):
        return True
    said = f" {' '.join(words(own))} "
    return any(f" {' '.join(sentence)} " in said for sentence in _sentences(identity))


def _sentences(identity: str) -> list[list[str]]:
    """Return the words of every sentence of an identity, list items and headings being sentences too."""
    lines = [line for line in identity.splitlines() if line.strip()]
    found = [words(line[a:b]) for line in lines for a, b in sentence_spans(line)]
    return [each for each in found if len(each) >= LEAST_WORDS]
