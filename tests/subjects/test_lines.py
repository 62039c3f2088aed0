"""Neutral lines: of equal length, in the same layout, and about nobody."""

import re
from collections import Counter

import pytest
from tests.subjects.test_bank import FORBIDDEN

from selfscope.errors import BadInput
from selfscope.subjects import claims_of, read_identity
from selfscope.subjects.lines import lined, neutral_lines

FILE = """# Wren

You are **Wren**, who keeps this house. You write notes
for whoever comes next.

- Answer plainly, and say when you do not know.
- Curious

| What | When |
|---|---|
| the swept floor | every morning |

> Nothing is thrown away unasked!
"""


def letters(text):
    """A tokenizer of another kind: two letters a token, marks alone."""
    return len(re.findall(r"\w{1,2}|[^\w\s]|\n", text))


def words(text):
    return len(text.split())


def read(folder, text=FILE):
    path = folder / "SOUL.md"
    path.write_text(text)
    return read_identity(path)


def test_the_bank_speaks_of_nobody_and_of_nothing_that_is_measured():
    text = " ".join(neutral_lines())
    assert re.findall(r"\b(?:" + "|".join(FORBIDDEN) + ")", text, re.I) == []
    assert re.findall(r"\b(?:I|we|you|your|my|our|us|me|he|she|who)\b", text, re.I) == []
    assert len(neutral_lines()) >= 130
    assert Counter(neutral_lines()).most_common(1)[0][1] == 1


@pytest.mark.parametrize("count", [words, letters])
def test_every_version_is_as_long_as_the_file(tmp_path, count):
    reading = read(tmp_path)
    file = lined(reading, count)
    assert [line.tokens_apart for line in file.lines] == [0] * len(file.lines)
    for kept in ((), (0,), (1, 3), range(len(file.lines))):
        assert count(file.with_lines(kept)) == count(reading.system)


def test_layout_and_closing_marks_stay(tmp_path):
    file = lined(read(tmp_path), words)
    neutral = claims_of(file.with_lines(()))
    assert [c.kind for c in neutral] == [c.kind for c in file.reading.claims]
    assert [c.text[-1] for c in neutral] == [".", ".", ".", neutral[3].text[-1], "|", "|", "!"]
    assert neutral[3].text[-1].isalpha()
    assert file.lines[4].neutral.count("|") == 3
    assert "Wren" in file.with_lines(()), "headings stay"
    assert "**" not in file.with_lines(())


def test_all_lines_kept_is_the_file_and_one_kept_stands_in_its_place(tmp_path):
    file = lined(read(tmp_path), words)
    assert file.with_lines(range(len(file.lines))) == file.reading.system
    alone = file.with_lines((2,))
    assert "- Answer plainly, and say when you do not know." in alone
    assert "who keeps this house" not in alone


def test_a_seed_names_the_lines_and_no_line_is_said_twice_before_all_are(tmp_path):
    file = read(tmp_path, "\n".join(f"- Keep the floor number {n} swept." for n in range(30)))
    first, again, other = (lined(file, words, seed).with_lines(()) for seed in (0, 0, 1))
    assert first == again != other
    assert len(set(first.splitlines())) == 30


def test_deleting_takes_the_marker_of_a_bullet_and_only_the_sentence_of_prose(tmp_path):
    file = lined(read(tmp_path), words)
    assert "Answer plainly" not in file.without(2)
    assert "\n- Curious" in file.without(2) and "\n- \n" not in file.without(2)
    assert file.without(0).startswith("# Wren\n\nYou write notes")
    assert file.without(6).endswith("every morning |")


def test_the_roles_of_a_workspace_hold_its_lines(tmp_path):
    (tmp_path / "SOUL.md").write_text("You are Wren.\n\nYou keep the house.\n")
    (tmp_path / "MEMORY.md").write_text("- The floor was swept on Monday.\n")
    file = lined(read_identity(tmp_path), words)
    roles = dict(file.roles)
    assert set(roles) == {"identity", "memory"}
    assert [file.lines[n].claim.text for n in roles["memory"]] == ["The floor was swept on Monday."]


def test_a_file_of_one_role_has_no_roles_to_compare(tmp_path):
    assert lined(read(tmp_path), words).roles == ()


def test_a_file_without_a_claim_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no line"):
        lined(read(tmp_path, "# Only a heading\n"), words)
