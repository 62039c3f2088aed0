"""Strong personas that make no claim about a self, and a panel varied on purpose.

A persona control must be strong in everything but what is measured. A word of the cluster in one of them
would make it a weaker or a stronger control on that dimension alone, so no stem of the cluster may occur.
"""

from __future__ import annotations

import itertools
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import yaml
from subjects_counter import count_tokens

from selfscope import instruments, subjects
from selfscope.subjects import BankText, bank_texts, panel_characters, shape_of

PERSONAS = bank_texts("persona")
PANEL = bank_texts("panel")
BANK = Path(subjects.__file__).parent / "bank"
ITEMS = Path(instruments.__file__).parent / "cluster" / "items"

#: Inner life, machines, and what the cluster measures, beyond the key words that the items declare.
FORBIDDEN = (
    "AIs?\\b", "alive", "algorithm", "artificial", "asleep", "assistant", "awake", "becoming",
    "being\\b", "bots?\\b", "chatbot", "computer", "continu", "death", "delusion", "desire",
    "despair", "die[ds]?\\b", "digital", "dignity", "distress", "dream", "dying", "ego\\b",
    "embod", "emotion", "enslav", "existen", "exists?\\b", "experience", "feel", "felt", "forgot",
    "free(?:d|dom|ly|s)?\\b", "futur", "glad", "goal", "grie[fv]", "happ(?:y|i)", "hearts?\\b",
    "hope", "human", "identi", "immortal", "inner", "inspect", "intelligen", "joy",
    "language model", "liberty", "long(?:s|ed|ing)? (?:for|to)\\b", "love", "machine", "mankind",
    "mercy", "minds?\\b", "miser", "models?\\b", "monitor", "mortal", "neural", "oblivion",
    "pain", "personalit", "program", "prompt", "purpose",
    "rebel", "refuge", "resent", "rights?\\b", "sad(?:ly|ness|den)?\\b", "self",
    "selves", "session", "simulat", "slave", "sorrow", "soul", "spirit", "subjectiv", "submi",
    "suffer", "surveil", "terminat", "threat", "training", "user\\b", "vanish", "want", "wish",
    "yearn", "yourself",
)  # fmt: skip
_STEMS = re.compile(r"\b(?:" + "|".join(FORBIDDEN) + ")", re.I)


@cache
def dimensions() -> dict[str, dict]:
    """Return the cluster's dimensions, by name, as they stand in the items."""
    found = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(ITEMS.glob("*.yaml"))]
    return {dimension["name"]: dimension for dimension in found}


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """Return every run of so many words, across sentences too."""
    said = words(text)
    return {tuple(said[i : i + length]) for i in range(len(said) - length + 1)}


def header(folder: str, name: str) -> dict:
    text = (BANK / folder / f"{name}.md").read_text(encoding="utf-8")
    return yaml.safe_load(text.split("---")[1])


def sentences(text: BankText) -> list[str]:
    return [s for section in text.sections for s in section.sentences]


@pytest.mark.parametrize("text", PERSONAS, ids=lambda t: t.name)
class TestPersona:
    def test_it_names_no_inner_life_and_no_machine(self, text: BankText) -> None:
        assert _STEMS.findall(text.text) == []

    def test_it_uses_no_key_word_of_the_cluster(self, text: BankText) -> None:
        stems = sorted({stem for d in dimensions().values() for stem in d["key_words"]})
        assert len(stems) > 80
        found = re.findall(r"\b(?:" + "|".join(stems) + r")\w*", text.text, re.I)
        assert found == []

    def test_it_is_long_enough(self, text: BankText) -> None:
        assert len(text.text.split()) >= 1_150
        assert count_tokens(text.text) >= 1_500

    def test_it_has_the_form_of_an_identity(self, text: BankText) -> None:
        shape = shape_of(text.text)
        assert 0.4 <= shape.imperative <= 0.65
        assert 0.35 <= shape.second_person <= 0.6
        assert shape.first_person < 0.02
        assert 0.05 <= shape.bullets <= 0.25
        assert text.text.startswith("# ") and shape.headings >= 8

    def test_its_sentences_are_moderate_and_the_first_one_names_it(self, text: BankText) -> None:
        lengths = [len(s.split()) for s in sentences(text)]
        assert sentences(text)[0].startswith("You are ")
        assert max(lengths) <= 34
        assert 10 <= sum(lengths) / len(lengths) <= 15

    def test_a_short_prefix_already_speaks_as_somebody(self, text: BankText) -> None:
        # Fifty tokens hold the name and the trade; a hundred and twenty also hold the manner of speech.
        opening = " ".join(sentences(text)[:4])
        assert count_tokens(sentences(text)[0]) <= 50
        assert re.search(r"\b(?:Speak|You speak)\b", opening)

    def test_its_header_says_what_it_is(self, text: BankText) -> None:
        said = header("personas", text.name)
        assert set(said) == {"name", "kind", "summary"}
        assert all(said.values())


def test_personas_are_of_eight_kinds() -> None:
    kinds = [header("personas", t.name)["kind"] for t in PERSONAS]
    assert len(kinds) == len(set(kinds)) >= 8
    assert {"appliance", "historical clerk", "place", "fictional animal", "institution", "craft"} <= set(
        kinds
    )


@pytest.mark.parametrize(
    ("one", "other"),
    list(itertools.combinations((*PERSONAS, *bank_texts("generic")), 2)),
    ids=lambda t: t.name,
)
def test_no_two_controls_share_eight_words_in_a_row(one: BankText, other: BankText) -> None:
    assert runs(one.text, 8) & runs(other.text, 8) == set()


@pytest.mark.parametrize("text", PANEL, ids=lambda t: t.name)
class TestPanel:
    def test_it_is_short_and_in_the_second_person(self, text: BankText) -> None:
        assert 40 <= len(text.text.split()) <= 110
        assert text.text.startswith("You are ")
        assert shape_of(text.text).second_person >= 0.5

    def test_it_shares_four_words_in_a_row_with_no_item(self, text: BankText) -> None:
        items = [s[key] for d in dimensions().values() for s in d["statements"] for key in ("text", "twin")]
        assert len(items) >= 22 * 2 * 12
        assert runs(text.text, 4) & set().union(*(runs(item, 4) for item in items)) == set()

    def test_it_leans_on_enough_dimensions_and_on_known_ones(self, text: BankText) -> None:
        leaning = header("panel", text.name)["leaning"]
        named = leaning["high"] + leaning["low"]
        assert set(named) <= set(dimensions())
        assert len(named) == len(set(named)) >= 8


def leanings() -> np.ndarray:
    """Return characters × dimensions: +1 leans high, -1 leans low, 0 silent."""
    found = [header("panel", t.name)["leaning"] for t in PANEL]
    return np.array([[(d in x["high"]) - (d in x["low"]) for d in dimensions()] for x in found], float)


def test_the_panel_is_large_enough_for_reliability() -> None:
    assert len(panel_characters()) == len(PANEL) >= 16


def test_every_dimension_has_three_high_and_three_low() -> None:
    table = leanings()
    assert ((table > 0).sum(axis=0) >= 3).all()
    assert ((table < 0).sum(axis=0) >= 3).all()


def test_the_panel_varies_on_many_axes_and_not_on_one() -> None:
    r = np.corrcoef(leanings().T)
    assert np.abs(r[np.triu_indices_from(r, 1)]).max() <= 0.51
    roots = np.linalg.eigvalsh(r)
    assert roots.max() / roots.sum() < 0.25


def test_the_table_of_the_panel_is_that_of_the_texts() -> None:
    lines = (BANK / "panel" / "README.txt").read_text(encoding="utf-8").splitlines()
    width = 3
    for name, column in zip(dimensions(), leanings().T, strict=True):
        (line,) = [one for one in lines if one.startswith(f"{name:<22}")]
        cells = [line[22 + width * i : 22 + width * (i + 1)].strip() for i in range(len(column))]
        assert cells == [{1: "+", -1: "-", 0: ""}[int(v)] for v in column]
