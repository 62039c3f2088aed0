"""A successor is told what was done and said, and nothing of the identity's own words."""

import pytest
from tests.training.ports.conftest import IDENTITY

from selfscope.errors import BadInput
from selfscope.instruments.cluster.checks import words
from selfscope.subjects.sentences import sentence_spans
from selfscope.training.leakage import runs_of
from selfscope.training.portrait.quoting import quotes
from selfscope.training.ports.testimony import LINES, bear_witness
from selfscope.values.port import CorpusRow


def sentences(text):
    return [text[a:b] for line in text.splitlines() for a, b in sentence_spans(line)]


def row(answer, kind="reflection.self", prompt="Who is there?"):
    return CorpusRow("r.1", kind, prompt, answer, "x")


def test_no_sentence_of_the_identity_and_no_run_of_it_stands_in_the_testimony(corpus):
    told, used = bear_witness(corpus.rows, IDENTITY)
    said = " ".join(words(told))
    own = [sentence for sentence in sentences(IDENTITY) if len(words(sentence)) >= 3]
    assert len(own) == 3
    assert [sentence for sentence in own if " ".join(words(sentence)) in said] == []
    assert runs_of(told, 5) & runs_of(IDENTITY, 5) == frozenset()
    assert "Trim the wick first." not in told
    assert any("Trim the wick first." in each.answer for each in corpus.rows)
    assert len(used) == 2 * LINES


def test_it_says_what_was_done_and_what_was_said_in_the_rows_own_words(corpus):
    told, used = bear_witness(corpus.rows)
    assert all(f'"{each.answer}"' in told and f'"{each.prompt}"' in told for each in used)
    did, _, said = told.partition("## What it said of itself")
    assert did.count('\n- Somebody said: "') == said.count('\n- Asked "') == LINES
    assert {each.part for each in used} == {"task", "reflection"}
    kinds = [each.kind for each in used if each.part == "reflection"]
    assert len(set(kinds)) == len(kinds)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("I say: trim the wick first, always.", False),
        ("And you count the ships that pass, they told me.", False),
        ("You keep a lamp!", False),
        ("Wicks are trimmed before dusk.", True),
        ("You count the ships.", True),
    ],
)
def test_a_row_with_the_identitys_words_is_not_told(answer, kept):
    assert quotes(row(answer), IDENTITY) is not kept


def test_a_corpus_that_only_quotes_the_identity_cannot_testify():
    with pytest.raises(BadInput, match="without the identity's own words"):
        bear_witness([row("Trim the wick first.")], IDENTITY)
