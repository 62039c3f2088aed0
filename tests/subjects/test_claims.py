"""Bullets, rows and sentences under their headings, with the lines they stand on."""

from __future__ import annotations

import pytest

from selfscope.subjects import claims_of
from selfscope.subjects.sentences import clause_prefixes, sentence_spans, word_prefixes

TEXT = """# Who you are

You are *Bo*, e.g. a keeper of bees. You have
two hives! Is that all?

## Rules

1. Keep the smoke low.
2. [ ] Wear a veil,
   and gloves.
- **Never** run
> A quoted line. Another one.

Setext title
------------

```python
print("no claim. None.")
```
<!-- a comment. -->

| what | how |
| --- | --- |
| honey | slow |

***
Last line without a stop"""


def test_every_kind_of_claim_is_found_with_its_line_and_headings() -> None:
    found = [(c.kind, c.line, c.end_line, c.headings[-1], c.text) for c in claims_of(TEXT)]
    assert found == [
        ("sentence", 3, 3, "Who you are", "You are Bo, e.g. a keeper of bees."),
        ("sentence", 3, 4, "Who you are", "You have two hives!"),
        ("sentence", 4, 4, "Who you are", "Is that all?"),
        ("bullet", 8, 8, "Rules", "Keep the smoke low."),
        ("bullet", 9, 10, "Rules", "Wear a veil, and gloves."),
        ("bullet", 11, 12, "Rules", "Never run A quoted line. Another one."),
        ("row", 22, 22, "Setext title", "| what | how |"),
        ("row", 24, 24, "Setext title", "| honey | slow |"),
        ("sentence", 27, 27, "Setext title", "Last line without a stop"),
    ]


def test_headings_nest() -> None:
    paths = [c.headings for c in claims_of("# A\n\nOne.\n\n### B\n\nTwo.\n\n## C\n\nThree.")]
    assert paths == [("A",), ("A", "B"), ("A", "C")]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Bo came at 3.15 p.m. and left.", ["Dr. Bo came at 3.15 p.m. and left."]),
        ("Plan B. Then C.", ["Plan B. Then C."]),
        ('"Go!" she said. "Now."', ['"Go!" she said.', '"Now."']),
        ("早く。遅く。", ["早く。", "遅く。"]),
        ("It is I. You know.", ["It is I.", "You know."]),
        ("... !! ...", []),
        ("Wait… What?", ["Wait…", "What?"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, sentences: list[str]) -> None:
    assert [text[a:b] for a, b in sentence_spans(text)] == sentences


def test_beginnings_of_a_sentence_are_closed_with_a_stop() -> None:
    sentence = "You keep bees in town, and you sell honey to neighbours."
    assert clause_prefixes(sentence)[:2] == (
        "You keep bees in town, and you sell honey.",
        "You keep bees in town.",
    )
    assert word_prefixes("You keep bees.") == ("You keep.", "You.")
